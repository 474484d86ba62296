"""Surveys on the page: template, upload, preview with conflicts, applying, undoing."""

import io
import re

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Module
from catalogue.services import demand
from catalogue.services.demand import DemandInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
PLACE = "/curation/demand-imports"
HEAD = "Unternehmen;Modul;Dringlichkeit;Personen\r\n"


@pytest.fixture
def modules(database: Database, people: People) -> list[Module]:
    with database.write() as session:
        return [factories.make_module(session, title) for title in ("Zellprüfung", "Packmontage")]


def upload(client: FlaskClient, text: str, **changes: object) -> tuple[str, int]:
    data = {"file": (io.BytesIO(text.encode()), "umfrage.csv"), "source_date": "2026-11-02", **changes}
    answer = post(client, PLACE, data, content_type="multipart/form-data")
    return answer.headers.get("Location", answer.get_data(as_text=True)), answer.status_code


def test_a_survey_is_looked_at_applied_and_undone(
    client: FlaskClient, people: People, modules: list[Module], database: Database
) -> None:
    sign_in(client, people.curator_user)
    with database.write() as session:
        demand.mark(session, people.member, modules[0], DemandInput(people=4))
    name = people.company.name
    place, status = upload(
        client, f"{HEAD}{name};Zellprüfung;muss;9\r\n{name};Packmontage;soll;3\r\nNix;Packmontage;soll;3\r\n"
    )
    assert status == 303
    page = client.get(place).get_data(as_text=True)
    assert "1 neue und 0 geänderte übernehmen" in page
    assert "eigene Angabe vom" in page
    assert "ist kein Unternehmen im Katalog" in page
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', page)
    assert fingerprint
    chosen = {"fingerprint": fingerprint[1], "row": ["2"], "row-2": "replace"}
    done = post(client, f"{place}/apply", chosen, follow_redirects=True).get_data(as_text=True)
    assert "2 Angaben sind übernommen." in done
    with database.read() as session:
        assert [one.people for one in demand.own_list(session, people.member) if one.module_id == modules[0].id] == [9]
    post(client, f"{place}/undo")
    with database.read() as session:
        assert [one.people for one in demand.own_list(session, people.member)] == [4]
    assert "rückgängig gemacht" in client.get(PLACE).get_data(as_text=True)


def test_what_cannot_be_read_is_refused_with_a_sentence(
    client: FlaskClient, people: People, modules: list[Module]
) -> None:
    sign_in(client, people.curator_user)
    page, status = upload(client, "Modul;Personen\r\nZellprüfung;3\r\n")
    assert (status, "Es fehlt eine Spalte mit der Überschrift „Unternehmen“." in page) == (422, True)
    _, status = upload(client, HEAD, source_date="gestern")
    assert status == 422


def test_the_template_is_a_workbook_and_a_list_is_discarded(
    client: FlaskClient, people: People, modules: list[Module]
) -> None:
    sign_in(client, people.curator_user)
    answer = client.get(f"{PLACE}/template.xlsx?company={people.company.slug}")
    assert answer.data.startswith(b"PK")
    place, _ = upload(client, f"{HEAD}{people.company.name};Zellprüfung;muss;9\r\n")
    assert post(client, f"{place}/discard").status_code == 303
    assert client.get(place).status_code == 404
