"""Edits that wait beside a published module, as staff meet them in a browser without scripts."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import LinkCheck, Module, PendingVersion, TokenScope
from catalogue.services import tokens
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.web.test_curation import TAG, form_of, hidden, stored

PATH = "/curation/modules/adr-basiskurs"


@pytest.fixture
def staff(app: Flask, people: People, database: Database) -> FlaskClient:
    """Clara's browser, and a published module."""
    with database.write() as session:
        factories.make_module(
            session, "ADR-Basiskurs", summary="Alt.", provider_text="SLV", source_url="https://a.example"
        )
    client = app.test_client()
    sign_in(client, people.curator_user)
    return client


def edit(client: FlaskClient, **changes: Any) -> Any:
    return post(client, PATH, form_of(client, PATH) | {"when": "waiting"} | changes)


def decide(client: FlaskClient, verb: str, **choices: str) -> Any:
    page = client.get(f"{PATH}/pending").get_data(as_text=True)
    sent = {name: hidden(page, name) for name in ("version", "waiting")}
    return post(client, f"{PATH}/pending/{verb}", sent | choices)


def test_the_form_says_what_is_live_at_once_and_what_waits(staff: FlaskClient) -> None:
    page = staff.get(PATH).get_data(as_text=True)
    assert page.count("Gilt sofort.") == 6
    assert "Sofort veröffentlichen" in page
    assert "Erst nach Prüfung" in page


def test_an_edit_waits_is_read_as_a_difference_and_taken_over(
    staff: FlaskClient, client: FlaskClient, database: Database, people: People
) -> None:
    answer = edit(
        staff, summary=f"Neu {TAG}", note=f"Bitte {TAG}", reviewer=str(people.admin_user.id), price_text="9 €"
    )
    assert answer.headers["Location"] == f"{PATH}/pending"
    assert stored(database, "adr-basiskurs").summary == "Alt."
    assert stored(database, "adr-basiskurs").price_text == "9 €"
    assert "Neu" not in client.get("/modules/adr-basiskurs").get_data(as_text=True)
    page = staff.get(f"{PATH}/pending").get_data(as_text=True)
    assert "<del>Alt.</del>" in page
    assert "<ins>Neu" in page
    assert "Nora Netz" in page
    assert TAG not in page
    assert "ADR-Basiskurs" in staff.get("/curation/pending").get_data(as_text=True)
    assert "ADR-Basiskurs" not in staff.get("/curation/pending?mine=1").get_data(as_text=True)
    form = staff.get(PATH).get_data(as_text=True)
    assert "Neu &lt;script&gt;" in form
    assert "Neben diesem Modul wartet eine Fassung von Clara Netz." in form
    assert decide(staff, "accept").status_code == 303
    assert stored(database, "adr-basiskurs").summary == f"Neu {TAG}"
    assert staff.get(f"{PATH}/pending").status_code == 404


def test_what_was_changed_on_both_sides_is_named_and_decided(staff: FlaskClient, database: Database) -> None:
    edit(staff, summary="Wartend.")
    other = form_of(staff, PATH)
    with database.write() as session:
        session.scalars(select(Module)).one().summary = "Live."
    assert post(staff, PATH, other | {"when": "waiting"}).status_code == 409
    assert "Inzwischen auch im Katalog geändert: Kurzbeschreibung." in staff.get(PATH).get_data(as_text=True)
    page = staff.get(f"{PATH}/pending").get_data(as_text=True)
    assert "Doppelt geändert" in page
    assert "Live." in page
    assert decide(staff, "accept").status_code == 422
    assert decide(staff, "accept", **{"take.summary": "waiting"}).status_code == 303
    assert stored(database, "adr-basiskurs").summary == "Wartend."


def test_two_browsers_write_the_waiting_version_and_nothing_is_lost(
    app: Flask, staff: FlaskClient, people: People, database: Database
) -> None:
    nora = app.test_client()
    sign_in(nora, people.admin_user)
    noras = form_of(nora, PATH) | {"when": "waiting"}
    edit(staff, summary="Von Clara")
    conflict = post(nora, PATH, noras | {"summary": "Von Nora"})
    page = conflict.get_data(as_text=True)
    assert conflict.status_code == 409
    assert "Von Clara" in page
    again = noras | {"summary": "Von Nora", "version": hidden(page, "version"), "waiting": hidden(page, "waiting")}
    assert post(nora, PATH, again).status_code == 303
    with database.read() as session:
        waiting = session.scalars(select(PendingVersion)).one()
    assert waiting.snapshot["summary"] == "Von Nora"
    assert waiting.user_label == "Clara Netz, Nora Netz"


def test_what_waits_is_discarded_and_old_buttons_do_nothing(staff: FlaskClient, database: Database) -> None:
    edit(staff, summary="Neu.")
    for version in ("", "x", "9", "99999999999999999999"):
        assert post(staff, f"{PATH}/pending/accept", {"version": "1", "waiting": version}).status_code == 409
    assert decide(staff, "discard").status_code == 303
    assert stored(database, "adr-basiskurs").summary == "Alt."
    assert post(staff, f"{PATH}/pending/discard", {"version": "1", "waiting": "1"}).status_code in (404, 409)
    assert "Nichts wartet" in staff.get("/curation/pending").get_data(as_text=True)


def test_odd_input_is_refused_at_its_field(staff: FlaskClient) -> None:
    assert edit(staff, summary="Neu.", reviewer="niemand").status_code == 422
    assert edit(staff, summary="Neu.", note="x" * 2001).status_code == 422
    assert edit(staff, summary="Neu.", when="unsinn").headers["Location"] == f"{PATH}/pending"


def test_programs_say_whether_their_change_waits(
    staff: FlaskClient, client: FlaskClient, database: Database, people: People
) -> None:
    with database.write() as session:
        token = tokens.create(session, people.curator, "Skript", scope=TokenScope.WRITE)
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
    path = "/api/v1/modules/adr-basiskurs"

    def patch(query: str, **changes: str) -> dict[str, Any]:
        answer = client.patch(path + query, json=changes, headers=headers)
        assert answer.status_code == 200
        assert isinstance(answer.json, dict)
        assert answer.headers["ETag"] == f'"{answer.json["version"]}"'
        return answer.json

    shown = patch("?pending=1", summary="Wartet.")
    assert (shown["pending"], shown["summary"]) == (True, "Alt.")
    patch("?pending=1", description="Auch.")
    assert "Wartet." in staff.get(f"{PATH}/pending").get_data(as_text=True)
    shown = patch("", price_text="7 €")
    assert (shown["pending"], shown["price_text"]) == (False, "7 €")


def test_days_and_reviewer_are_set_on_the_page(staff: FlaskClient, database: Database, people: People) -> None:
    sent = {"version": hidden(staff.get(PATH).get_data(as_text=True), "version")}
    refused = post(staff, f"{PATH}/schedule", sent | {"archive_on": "gestern"})
    assert refused.status_code == 422
    assert "gestern" in refused.get_data(as_text=True)
    assert post(staff, f"{PATH}/schedule", sent | {"archive_on": "2020-01-01"}).status_code == 422
    assert post(staff, f"{PATH}/schedule", sent | {"archive_on": "01.02.2099"}).status_code == 303
    assert 'value="2099-02-01"' in staff.get(PATH).get_data(as_text=True)
    assert post(staff, f"{PATH}/schedule", sent).status_code == 409
    post(staff, "/curation/modules/new", {"title": "Neu", "title_exact": "y"})
    sent = {"version": "1", "reviewer": str(people.admin_user.id)}
    assert post(staff, "/curation/modules/neu/steps/submit", sent).status_code == 303
    assert "Prüfen soll:" in staff.get("/curation/modules/neu").get_data(as_text=True)


def test_the_start_page_says_who_may_do_what(staff: FlaskClient) -> None:
    page = staff.get("/curation").get_data(as_text=True)
    rows = {
        row[1]: re.findall("<td>(ja|nein)</td>", row[2])
        for row in re.finditer(r'<tr><th scope="row">([^<]+)</th>((?:<td>(?:ja|nein)</td>)+)</tr>', page)
    }
    assert rows["Veröffentlichte Module finden und lesen"] == ["ja"] * 4
    assert rows["Module anlegen, ändern und zur Prüfung geben"] == ["nein", "nein", "ja", "ja"]
    assert rows["Bedarf des eigenen Unternehmens eintragen"] == ["nein", "ja", "ja", "ja"]
    assert rows["Den ganzen Katalog laden"] == ["nein", "nein", "nein", "ja"]


def test_broken_links_are_listed_and_named_at_the_module(staff: FlaskClient, database: Database) -> None:
    assert "Kein kaputter Link" in staff.get("/curation/links").get_data(as_text=True)
    with database.write() as session:
        session.add(LinkCheck(url="https://a.example", failures=3, status=404, problem=f"HTTP 404 {TAG}"))
    page = staff.get("/curation/links").get_data(as_text=True)
    assert "ADR-Basiskurs" in page
    assert TAG not in page
    assert "3-mal" in staff.get(PATH).get_data(as_text=True)
