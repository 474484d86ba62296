"""Sources as staff use them: entering one, trying it, looking at the preview, taking over, taking back – without scripts."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Module, Source, SourceRun
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.services.lists import csv_file
from tests.web.test_imports import boxes, settled, text_of
from tests.websites import Page, Website, website

PAGE = "/curation/sources"


@pytest.fixture(scope="module")
def server() -> Iterator[Website]:
    with website() as site:
        yield site


@pytest.fixture
def staff(app: Flask, client: FlaskClient, people: People) -> FlaskClient:
    app.extensions["settings"] = replace(app.extensions["settings"], source_private=True)
    sign_in(client, people.curator_user)
    return client


def form_of(url: str, **values: str) -> dict[str, str]:
    return {"name": "Akademie Nord", "url": url, "kind": "csv", "interval": "daily", "version": "0"} | values


def finished(client: FlaskClient, path: str, **form: str) -> str:
    """Start a run and return its report."""
    answer = post(client, f"{path}/runs", form)
    assert answer.status_code == 303
    place = answer.headers["Location"]
    for _ in range(400):
        if not client.get(f"{place}/state").get_json()["busy"]:
            return text_of(client.get(place))
        time.sleep(0.05)
    raise AssertionError("the run does not end")


def test_the_whole_journey(staff: FlaskClient, server: Website, database: Database) -> None:
    server.pages["/liste.csv"] = Page(csv_file("Was;Wo", "Zellchemie;Jena", ";Gera"))
    answer = post(staff, f"{PAGE}/new", form_of(f"{server.url}/liste.csv"))
    assert answer.status_code == 303, text_of(answer)
    path = answer.headers["Location"]
    assert "Die Quelle wurde noch nie abgerufen." in text_of(staff.get(path))

    report = finished(staff, path, test="1")
    assert "Ordnen Sie mindestens eine Spalte dem Titel" in report
    assert "Am Katalog hat sich nichts geändert." in report
    columns = text_of(staff.get(f"{path}/columns"))
    assert "A: Was" in columns
    wrong = post(staff, f"{path}/columns", {"columns-0": "place_text", "columns-1": "place_text", "version": "1"})
    assert wrong.status_code == 422
    assert (
        post(staff, f"{path}/columns", {"columns-0": "title", "columns-1": "place_text", "version": "1"}).status_code
        == 303
    )

    report = finished(staff, path, test="1")
    assert "Noch ist nichts gespeichert." in report
    preview = report.split('btn btn-primary" href="')[1].split('"')[0]
    assert "Zurück zur Quelle" in text_of(staff.get(preview))
    assert "<code>A3</code> Titel: Der Titel fehlt." in text_of(staff.get(f"{preview}?kind=wrong"))
    assert staff.get(f"{preview}/mapping").status_code == 303
    form = boxes(text_of(staff.get(preview)), "new") | {"take": "2", "action": "apply"}
    assert post(staff, f"{preview}/selection", form).status_code == 303
    assert "1 Modul übernommen." in settled(staff, preview)
    assert post(staff, f"{preview}/undo").status_code == 303
    assert "rückgängig gemacht" in settled(staff, preview)
    with database.read() as session:
        assert [one.state.value for one in session.scalars(sa.select(Module))] == ["archived"]
    assert "rückgängig gemacht" in text_of(staff.get(path))


def test_a_failure_is_seen_where_staff_begin(staff: FlaskClient, server: Website) -> None:
    path = post(staff, f"{PAGE}/new", form_of(f"{server.url}/fehlt.csv")).headers["Location"]
    assert "Unter der Adresse steht nichts (HTTP 404)." in finished(staff, path)
    assert "Quellen, die sich nicht abrufen lassen: 1." in text_of(staff.get("/curation"))
    listed = text_of(staff.get(f"{PAGE}?state=failed"))
    assert "Akademie Nord" in listed
    assert "Unter der Adresse steht nichts" in listed
    assert "Akademie Nord" not in text_of(staff.get(f"{PAGE}?state=waiting"))
    assert "fehlgeschlagen;Unter der Adresse" in staff.get(f"{PAGE}/list.csv?state=open").data.decode()
    assert post(staff, f"{path}/switch", {"enabled": "0", "version": "1"}).status_code == 303
    assert "nicht abrufen lassen" not in text_of(staff.get("/curation"))
    assert "ruht" in text_of(staff.get(path))


def test_errors_stand_at_their_fields_and_stale_forms_show_both(staff: FlaskClient, database: Database) -> None:
    answer = post(staff, f"{PAGE}/new", form_of("gopher://x", name="", kind="rss", interval="nie"))
    page = text_of(answer)
    assert answer.status_code == 422
    for name in ("name", "url", "kind", "interval"):
        assert f'id="{name}-error"' in page
    assert 'value="gopher://x"' in page

    path = post(staff, f"{PAGE}/new", form_of("https://a.example/x.csv")).headers["Location"]
    assert post(staff, f"{path}/edit", form_of("https://b.example/x.csv", version="1")).status_code == 303
    stale = post(staff, f"{path}/edit", form_of("https://c.example/x.csv", version="1"))
    assert stale.status_code == 409
    assert "https://b.example/x.csv" in text_of(stale)
    assert 'value="https://c.example/x.csv"' in text_of(stale)
    with database.read() as session:
        assert session.scalars(sa.select(Source.url)).one() == "https://b.example/x.csv"
        assert session.scalar(sa.select(sa.func.count(SourceRun.id))) == 0


def test_companies_do_not_get_in(client: FlaskClient, people: People) -> None:
    sign_in(client, people.company_admin_user)
    assert client.get(PAGE).status_code == 403
    assert post(client, f"{PAGE}/new", form_of("https://a.example/")).status_code == 403
