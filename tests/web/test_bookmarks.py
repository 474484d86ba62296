"""Merken: one click, a list that nobody else sees."""

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Module, WorkflowState
from catalogue.search import sync
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People

PATH = "/modules/batterielagerung/bookmark"


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database) -> list[Module]:
    with database.write() as session:
        made = [
            factories.make_module(session, "Batterielagerung"),
            factories.make_module(session, "Gefahrgutrecht"),
            factories.make_module(session, "Geheimer Entwurf", state=WorkflowState.DRAFT),
        ]
    sync.rebuild(database, app.extensions["search"])
    return made


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True)).replace("\xad", "")


def test_one_click_keeps_a_module_and_comes_back_to_the_same_place(member: FlaskClient) -> None:
    assert f'action="{PATH}"' in text(member, "/?q=batterielagerung")
    answer = post(member, PATH, {"next": "/?q=batterielagerung#m-batterielagerung"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?q=batterielagerung#m-batterielagerung")
    page = text(member, "/?q=batterielagerung")
    assert "Gemerkt." in page
    assert f'action="{PATH}/remove"' in page
    assert "Ihre Merkliste sehen nur Sie" in page
    mine = text(member, "/account/bookmarks")
    assert "Batterielagerung" in mine
    assert "Gefahrgutrecht" not in mine
    assert "/modules/batterielagerung/demand/mark" in mine


def test_undo_takes_the_click_back(member: FlaskClient) -> None:
    post(member, PATH, {"next": "/?q=x"})
    assert f"{PATH}/remove?next=" in text(member, "/")
    assert post(member, f"{PATH}/remove?next=/?q%3Dx").headers["Location"] == "/?q=x"
    post(member, f"{PATH}/remove")  # a second time changes nothing
    assert "Noch nichts gemerkt" in text(member, "/account/bookmarks")


def test_the_list_says_how_it_differs_from_the_mark_of_the_company(member: FlaskClient) -> None:
    page = text(member, "/account/bookmarks")
    assert "Niemand sonst sieht diese Liste" in page
    assert "Für uns relevant" in page


def test_nobody_else_sees_it(app: Flask, member: FlaskClient, people: People) -> None:
    post(member, PATH)
    for user in (people.company_admin_user, people.stranger_user, people.curator_user, people.admin_user):
        other = app.test_client()
        sign_in(other, user)
        assert "Noch nichts gemerkt" in text(other, "/account/bookmarks")
        assert f'action="{PATH}"' in text(other, "/modules/batterielagerung")


def test_visitors_sign_in_and_come_back_to_the_button(client: FlaskClient, people: People) -> None:
    answer = post(client, PATH, {"next": "/?q=batterie"})
    login = answer.headers["Location"]
    assert login.startswith("/login?next=")
    page = client.get(login)
    assert page.status_code == 200
    sign_in(client, people.member_user)
    again = text(client, f"{PATH}?next=/?q%3Dbatterie")
    assert f'action="{PATH}"' in again
    assert 'value="/?q=batterie"' in again
    assert client.get("/account/bookmarks").status_code == 200


def test_visitors_have_no_list(client: FlaskClient) -> None:
    assert client.get("/account/bookmarks").headers["Location"].startswith("/login?next=")


def test_unknown_modules_and_drafts_cannot_be_kept(member: FlaskClient) -> None:
    for slug in ("geheimer-entwurf", "gibt-es-nicht"):
        assert post(member, f"/modules/{slug}/bookmark").status_code == 404
        assert member.get(f"/modules/{slug}/bookmark").status_code == 404


def test_the_way_back_never_leaves_the_site(member: FlaskClient) -> None:
    answer = post(member, PATH, {"next": "https://boese.example/"})
    assert answer.headers["Location"] == "/modules/batterielagerung"
