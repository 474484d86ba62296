"""Was fehlt, as staff work with it: draft, answer, merge and take back, settle, take away."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import Module, SearchGap, Wish, WishState, WorkflowState
from catalogue.services import wishes
from catalogue.services.wishes import WishInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE


@pytest.fixture
def curator(client: FlaskClient, database: Database, people: People) -> FlaskClient:
    """Two wishes that mean the same and one search; a curator signed in."""
    with database.write() as session:
        wishes.create(session, people.member, WishInput("Prüfstände <b>kalibrieren</b>", people=3))
        wishes.create(session, people.stranger, WishInput("Kalibrieren von Messgeräten"))
        session.add(SearchGap(query="leuchtfarbe", day=utcnow().date(), count=4, hits=0))
    sign_in(client, people.curator_user)
    return client


def wish_like(database: Database, words: str) -> Wish:
    with database.read() as session:
        return session.scalars(select(Wish).where(Wish.title.contains(words))).one()


def test_the_list_shows_weights_and_ways_on(curator: FlaskClient) -> None:
    page = curator.get("/planning/missing").get_data(as_text=True)
    assert "Prüfstände &lt;b&gt;" in page
    assert "4 Mal gesucht" in page
    assert 'href="/curation/synonyms/new?gap=leuchtfarbe"' in page
    for sort in ("people", "asked", "last", "title", "x"):
        assert curator.get(f"/planning/missing?sort={sort}&days=7&topic=none&kind=y").status_code == 200
    assert "leuchtfarbe (4)" in curator.get("/planning/missing.csv").get_data(as_text=True)
    assert curator.get("/planning/missing.xlsx?kind=wish").status_code == 200


def test_two_wishes_become_one_and_two_again(curator: FlaskClient, database: Database) -> None:
    one, other = wish_like(database, "Prüf"), wish_like(database, "Mess")
    path = f"/planning/missing/wishes/{other.id}/merge"
    assert str(one.id) in curator.get(path).get_data(as_text=True)
    assert post(curator, path, {"into": "unsinn"}).status_code == 404
    assert post(curator, path, {"into": str(one.id)}).location == "/planning/missing"
    assert "Wieder trennen" in curator.get("/planning/missing").get_data(as_text=True)
    assert post(curator, path, {"into": str(one.id)}).location == path
    assert post(curator, f"/planning/missing/wishes/{other.id}/unmerge").status_code == 303
    assert wish_like(database, "Mess").merged_into_id is None


def test_a_wish_becomes_a_draft_a_module_and_a_mail(curator: FlaskClient, database: Database) -> None:
    wish = wish_like(database, "Mess")
    begun = curator.get(f"/curation/modules/new?wish={wish.id}").get_data(as_text=True)
    assert 'value="Kalibrieren von Messgeräten"' in begun
    action = re.search(r'action="(/curation/modules/new\?wish=[^"]+)"', begun)
    assert action
    made = post(curator, action[1], {"title": "Messgeräte kalibrieren", "summary": "Kurz."})
    assert made.status_code == 303
    assert wish_like(database, "Mess").state == WishState.REVIEW
    fulfil = f"/planning/missing/wishes/{wish.id}/fulfil"
    post(curator, fulfil)
    assert wish_like(database, "Mess").state == WishState.REVIEW  # not in the catalogue yet
    with database.write() as session:
        session.scalars(select(Module)).one().state = WorkflowState.PUBLISHED
    assert "Erfüllt melden" in curator.get("/planning/missing?kind=ready").get_data(as_text=True)
    assert post(curator, fulfil).status_code == 303
    assert wish_like(database, "Mess").state == WishState.FULFILLED
    assert curator.get("/curation/modules/new?wish=unsinn").status_code == 404


def test_searches_are_settled_with_a_note(curator: FlaskClient, database: Database) -> None:
    assert (
        post(curator, "/planning/missing/settle", {"query": "leuchtfarbe", "note": "Farbe ist kein Thema"}).status_code
        == 303
    )
    assert "leuchtfarbe" not in curator.get("/planning/missing").get_data(as_text=True)
    with database.read() as session:
        assert session.scalars(select(SearchGap.note)).one() == "Farbe ist kein Thema"


def test_members_do_not_read_the_title_of_a_draft_and_an_answer_keeps_it(
    curator: FlaskClient, database: Database, people: People
) -> None:
    wish = wish_like(database, "Mess")
    answer = f"/wishes/{wish.id}/answer"
    with database.write() as session:
        draft = factories.make_module(session, "Geheimer Entwurf", state=WorkflowState.DRAFT)
        found = session.get_one(Wish, wish.id)
        found.module_id, found.state, found.answer = draft.id, WishState.PLANNED, "Wir planen etwas."
        found.answered_at = found.decided_at = utcnow()
    assert "Geheimer Entwurf" in curator.get(f"/wishes/{wish.id}").get_data(as_text=True)
    page = curator.get(answer).get_data(as_text=True)
    chosen = re.search(r'<option selected value="([^"]*)">Geheimer Entwurf', page)
    assert chosen is not None, "else the answer would forget the draft"
    post(curator, "/logout")
    sign_in(curator, people.member_user)
    page = curator.get(f"/wishes/{wish.id}").get_data(as_text=True)
    assert "Wir planen etwas." in page
    assert "Geheimer Entwurf" not in page
    assert "Geheimer Entwurf" not in curator.get("/company").get_data(as_text=True)
    assert "Geheimer Entwurf" not in curator.get("/wishes").get_data(as_text=True)
    assert "Geheimer Entwurf" not in curator.get("/api/v1/wishes").get_data(as_text=True)
