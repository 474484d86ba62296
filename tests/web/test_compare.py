"""Two to four modules side by side, for everybody."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import WorkflowState
from catalogue.search import sync
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Lagerung", duration_text="1 Tag", provider_text="Akademie", contents=["Regale"])
        factories.make_module(
            session, "Transport", duration_text="2 Tage", provider_text="akademie ", place_text="Erfurt"
        )
        for title in ("Drei", "Vier", "Fünf"):
            factories.make_module(session, title)
        factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT)
    sync.rebuild(database, app.extensions["search"])


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True)).replace("\xad", "")


def row(page: str, name: str) -> str:
    return page.split(f'<th scope="row">{name}<', 1)[1].split("</tr>", 1)[0]


def test_differences_are_named_in_words(client: FlaskClient) -> None:
    page = read(client, "/compare?m=lagerung&m=transport")
    assert "verschieden" in row(page, "Dauer")
    assert "1 Tag" in row(page, "Dauer")
    assert "2 Tage" in row(page, "Dauer")
    assert "gleich" in row(page, "Anbieter")
    assert "ohne Angabe" in row(page, "Ort")
    assert "Reifegrad" not in page  # nobody says anything


def test_only_differences(client: FlaskClient) -> None:
    page = read(client, "/compare?m=lagerung&m=transport&only=differences")
    assert '<th scope="row">Dauer<' in page
    assert '<th scope="row">Anbieter<' not in page


def test_one_can_be_removed_and_the_way_back_keeps_the_list(client: FlaskClient) -> None:
    page = read(client, "/compare?m=lagerung&m=transport&m=drei&back=/?q%3Dtag%26view%3Dtable%26m%3Dalt")
    assert "/compare?m=lagerung&m=drei&back=" in page
    assert 'href="/?q=tag&view=table&m=lagerung&m=transport&m=drei"' in page


def test_the_list_shows_what_is_ticked_and_keeps_ticks_of_other_pages(client: FlaskClient) -> None:
    page = read(client, "/?m=lagerung&m=gibt-es-nicht&sort=title")
    assert 'value="lagerung" id="m-pick-lagerung" form="vergleich" checked' in page
    assert 'name="m" value="gibt-es-nicht"' in page
    assert 'value="transport" id="m-pick-transport" form="vergleich">' in page
    assert 'form="vergleich"' in read(client, "/?view=table")


@pytest.mark.parametrize(
    "query", ["", "?m=lagerung", "?m=lagerung&m=lagerung", "?m=", "?m=entwurf&m=lagerung", "?m=%00"]
)
def test_too_few_end_in_a_sentence(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/compare{query}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert "Wählen Sie mindestens 2 Module" in answer.get_data(as_text=True)


def test_too_many_show_the_first_four_and_say_so(client: FlaskClient) -> None:
    page = read(client, "/compare?m=lagerung&m=transport&m=drei&m=vier&m=funf&m=fuenf")
    assert "Sie sehen die ersten 4" in page
    assert page.count('<th scope="col">') == 4


def test_unknown_and_hidden_modules_are_told_alike(client: FlaskClient, app: Flask, people: People) -> None:
    for slug in ("entwurf", "gibt-es-nicht"):
        page = read(client, f"/compare?m=lagerung&m={slug}&m=transport")
        assert "Ein gewähltes Modul gibt es nicht mehr" in page
        assert page.count('<th scope="col">') == 2
    curator = app.test_client()
    sign_in(curator, people.curator_user)
    assert read(curator, "/compare?m=lagerung&m=entwurf").count('<th scope="col">') == 2


def test_members_say_relevant_from_there(client: FlaskClient, people: People) -> None:
    assert "demand/mark" not in read(client, "/compare?m=lagerung&m=transport")
    sign_in(client, people.member_user)
    assert "/modules/lagerung/demand/mark" in read(client, "/compare?m=lagerung&m=transport")
