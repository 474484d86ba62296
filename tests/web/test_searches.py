"""Saved searches: keeping, changing, ending; suggestions while typing are in test_search.py's neighbourhood, too."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Frequency, SavedSearch, Vocabulary
from catalogue.search import sync
from catalogue.services import saved_searches
from catalogue.settings import Settings
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

FORM = {"name": "Lagerung", "frequency": "weekly", "question": "/?q=lager&topic=sicherheit&page=3&view=table"}


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        factories.make_module(session, "Batterielagerung", terms=[topic])
    sync.rebuild(database, app.extensions["search"])


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def one(database: Database) -> SavedSearch:
    with database.read() as session:
        return session.scalars(select(SavedSearch)).one()


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def test_a_search_is_saved_run_and_described(member: FlaskClient, database: Database) -> None:
    link = re.search(r'href="(/account/searches/new[^"]*)"', text(member, "/?q=lager&topic=sicherheit"))
    assert link
    page = text(member, link[1])
    assert 'value="lager · Sicherheit"' in page
    assert post(member, "/account/searches/new", FORM).headers["Location"] == "/account/searches"
    saved = one(database)
    assert (saved.question, saved.frequency) == ("q=lager&topic=sicherheit", Frequency.WEEKLY)
    listed = text(member, "/account/searches")
    assert 'href="/?q=lager&topic=sicherheit"' in listed
    assert "„lager“ · Thema: Sicherheit" in listed
    assert "wöchentlich" in listed


def test_a_visitors_search_survives_signing_in(client: FlaskClient, people: People) -> None:
    assert client.get("/account/searches/new?search=/?q%3Dlager").headers["Location"].startswith("/login?next=")
    assert post(client, "/account/searches/new", FORM).headers["Location"].startswith("/login?next=")
    sign_in(client, people.member_user)
    page = text(client, "/account/searches/new")
    assert 'value="Lagerung"' in page
    assert 'name="question" value="q=lager&topic=sicherheit"' in page


@pytest.mark.parametrize(
    ("field", "value"), [("name", " "), ("name", "x" * 121), ("frequency", "hourly"), ("frequency", "")]
)
def test_wrong_values_are_named(member: FlaskClient, field: str, value: str) -> None:
    answer = post(member, "/account/searches/new", {**FORM, field: value})
    assert answer.status_code == 422
    assert "error-summary" in answer.get_data(as_text=True)


def test_renaming_and_changing_how_often(member: FlaskClient, database: Database) -> None:
    post(member, "/account/searches/new", FORM)
    path = f"/account/searches/{one(database).id}"
    assert 'value="Lagerung"' in text(member, path)
    changed = {"name": "Lager neu", "frequency": "off", "version": "1"}
    assert post(member, path, changed).status_code == 303
    assert (one(database).name, one(database).frequency) == ("Lager neu", Frequency.OFF)
    stale = post(member, path, {**changed, "name": "Noch anders"})
    assert stale.status_code == 409
    assert "Noch anders" in stale.get_data(as_text=True)
    assert "Lager neu" in stale.get_data(as_text=True)


def test_deleting_can_be_undone(member: FlaskClient, database: Database) -> None:
    post(member, "/account/searches/new", FORM)
    post(member, f"/account/searches/{one(database).id}/delete")
    undo = re.search(r'action="(/account/searches/restore[^"]*)"', text(member, "/account/searches"))
    assert undo
    assert post(member, undo[1]).status_code == 303
    assert (one(database).name, one(database).question) == ("Lagerung", "q=lager&topic=sicherheit")
    assert post(member, undo[1]).status_code == 422  # the name is used already


def test_nobody_else_finds_it(app: Flask, member: FlaskClient, database: Database, people: People) -> None:
    post(member, "/account/searches/new", FORM)
    path = f"/account/searches/{one(database).id}"
    for user in (people.company_admin_user, people.stranger_user, people.curator_user, people.admin_user):
        other = app.test_client()
        sign_in(other, user)
        assert other.get(path).status_code == 404
        assert post(other, path, {"name": "x", "frequency": "off"}).status_code == 404
        assert post(other, f"{path}/delete").status_code == 404
        assert "Lagerung" not in text(other, "/account/searches")


def test_unsubscribing_needs_no_sign_in_and_one_button(
    app: Flask, member: FlaskClient, database: Database, settings: Settings
) -> None:
    post(member, "/account/searches/new", FORM)
    path = saved_searches.link_of(settings, one(database).id).removeprefix(settings.base_url)
    visitor = app.test_client()
    assert "Mails abbestellen?" in text(visitor, path)
    assert one(database).frequency == Frequency.WEEKLY  # looking changes nothing
    answer = visitor.post(path, data={"List-Unsubscribe": "One-Click"})  # as a mail program does it, without a page
    assert answer.status_code == 200
    assert "keine Mails mehr" in answer.get_data(as_text=True)
    assert one(database).frequency == Frequency.OFF
    assert visitor.post(path).status_code == 200
    assert "Abbestellt" in text(visitor, path)


def test_forged_links_find_nothing(client: FlaskClient, member: FlaskClient, database: Database) -> None:
    post(member, "/account/searches/new", FORM)
    path = f"/unsubscribe/{one(database).id}/{'0' * 64}"
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
    assert client.get(f"/unsubscribe/{one(database).id}/ä").status_code == 404
    assert one(database).frequency == Frequency.WEEKLY


def test_suggestions_are_grouped_and_lead_somewhere(client: FlaskClient) -> None:
    groups = client.get("/suggest?q=sicher").get_json()["groups"]
    assert {"label": "Themen", "items": [{"text": "Sicherheit", "detail": "", "url": "/?topic=sicherheit"}]} in groups
    modules = [group for group in client.get("/suggest?q=batt").get_json()["groups"] if group["label"] == "Module"]
    assert modules[0]["items"][0]["url"] == "/modules/batterielagerung"
    assert sum(len(group["items"]) for group in client.get("/suggest?q=b").get_json()["groups"]) <= 8
    assert client.get("/suggest").get_json() == {"groups": []}
