"""Pages for modules that are in the catalogue twice: asked before saving, decided side by side, old addresses lead on."""

import re

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import WorkflowState
from catalogue.services import demand
from catalogue.services.demand import DemandInput
from catalogue.services.modules import get
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture
def pair(database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Hochvoltexperte Stufe 2", slug="neu", contents=["Messen"])
        factories.make_module(session, "Hochvolt-Experte Stufe 2", slug="alt", contents=["Schalten"], code="HV2")


def merged(client: FlaskClient, **more: str) -> int:
    sent = {"kept_version": "1", "merged_version": "1", "take.contents": "both", **more}
    return post(client, "/curation/duplicates/neu/alt", sent).status_code


def test_a_new_module_that_looks_known_is_asked_about_once(client: FlaskClient, people: People, pair: None) -> None:
    sign_in(client, people.curator_user)
    asked = post(client, "/curation/modules/new", {"title": "Hochvoltexperte (Stufe 2)"})
    text = asked.get_data(as_text=True)
    assert "Gibt es dieses Modul schon?" in text
    assert "gleicher Titel" in text
    seen = re.search(r'name="seen" value="([^"]*)"', text)
    assert seen
    again = post(client, "/curation/modules/new", {"title": "Hochvoltexperte (Stufe 2)", "seen": seen[1]})
    assert again.status_code == 303
    page = client.get(again.headers["Location"]).get_data(as_text=True)
    assert "Vielleicht dasselbe Angebot" in page


def test_merging_leads_old_addresses_on_and_can_be_undone(
    client: FlaskClient, people: People, database: Database, pair: None
) -> None:
    with database.write() as session:
        demand.mark(session, people.member, get(session, people.member, "alt"), DemandInput(people=4))
    sign_in(client, people.curator_user)
    assert "Hochvolt-Experte Stufe 2" in client.get("/curation/duplicates").get_data(as_text=True)
    page = client.get("/curation/duplicates/neu/alt?keep=neu").get_data(as_text=True)
    assert "Bedarf von 1 Unternehmen" in page
    assert "Beide" in page
    assert merged(client) == 303
    moved = client.get("/modules/alt?back=x")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/modules/neu?back=x")
    assert client.get("/api/v1/modules/alt").headers["Location"] == "/api/v1/modules/neu"
    assert client.get("/curation/modules/alt").status_code == 301
    assert post(client, "/modules/alt/demand/mark").status_code == 409
    assert client.get("/compare?m=alt&m=neu").status_code == 200
    shown = client.get("/curation/modules/neu").get_data(as_text=True)
    assert "Schalten" in shown
    assert "hier aufgegangen" in shown
    undo = re.search(r'action="(/curation/duplicates/merges/[^"]*/undo)"', shown)
    assert undo
    assert post(client, undo[1]).status_code == 303
    assert client.get("/modules/alt").status_code == 200
    assert post(client, undo[1]).status_code == 409


def test_a_merge_that_was_not_looked_at_as_it_is_now_is_shown_again(
    client: FlaskClient, people: People, pair: None
) -> None:
    sign_in(client, people.curator_user)
    assert merged(client, kept_version="7") == 409
    assert merged(client, merged_version="x") == 409
    assert client.get("/curation/duplicates/neu/neu").status_code == 303
    assert client.get("/curation/duplicates/neu/fehlt").status_code == 404


def test_values_that_break_a_rule_together_are_refused_and_nothing_is_merged(
    client: FlaskClient, people: People, database: Database, pair: None
) -> None:
    with database.write() as session:
        factories.make_module(session, "Paar", slug="eins", min_participants=9, max_participants=12)
        factories.make_module(session, "Paar", slug="zwei", min_participants=2, max_participants=4)
    sign_in(client, people.curator_user)
    sent = {"kept_version": "1", "merged_version": "1", "take.max_participants": "merged"}
    refused = post(client, "/curation/duplicates/eins/zwei", sent)
    assert refused.status_code == 422
    assert re.search(r'name="take.max_participants" value="merged" checked', refused.get_data(as_text=True))
    with database.read() as session:
        assert get(session, people.visitor, "zwei").state == WorkflowState.PUBLISHED


def test_a_pair_told_apart_is_gone_from_the_list(client: FlaskClient, people: People, pair: None) -> None:
    sign_in(client, people.curator_user)
    assert post(client, "/curation/duplicates/neu/alt/distinct").status_code == 303
    assert "Nichts sieht doppelt aus" in client.get("/curation/duplicates").get_data(as_text=True)
    assert post(client, "/curation/duplicates/neu/alt/alike").status_code == 303
    assert "Hochvoltexperte" in client.get("/curation/duplicates").get_data(as_text=True)
