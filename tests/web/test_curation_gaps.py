"""Searches in vain and synonyms as staff sees them, without scripts."""

import csv
import io
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import SearchGap, SynonymRule, Vocabulary
from catalogue.search import sync
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database, people: People) -> None:
    """Three modules with one topic, in the index."""
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "recht", "Rechtliches")
        for title in ("Zwischenbericht schreiben", "Fahrradkunde", "Gefahrgutrecht"):
            factories.make_module(session, title, terms=[topic])
    sync.rebuild(database, app.extensions["search"])


@pytest.fixture
def staff(app: Flask, people: People) -> FlaskClient:
    """Clara's browser."""
    client = app.test_client()
    sign_in(client, people.curator_user)
    return client


def visit(client: FlaskClient, path: str, **headers: str) -> str:
    """Read a page to its end, as browsers do."""
    with client.get(path, headers=headers) as answer:
        assert answer.status_code == 200
        return unescape(answer.get_data(as_text=True))


def gaps(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(gap.query, gap.count) for gap in session.scalars(select(SearchGap).order_by(SearchGap.query))]


def test_a_search_in_vain_is_counted_once(client: FlaskClient, database: Database) -> None:
    visit(client, "/?q=Knallkörper")
    assert gaps(database) == [("knallkörper", 1)]


def test_companies_and_visitors_count_alike_and_leave_no_name(
    app: Flask, client: FlaskClient, database: Database, people: People
) -> None:
    member = app.test_client()
    sign_in(member, people.member_user)
    visit(client, "/?q=Knallkörper")
    visit(member, "/?q=Knallkörper")
    assert gaps(database) == [("knallkörper", 2)]


@pytest.mark.parametrize(
    "path",
    ["/", "/?q=", "/?q=Knallkörper&topic=recht", "/?q=Knallkörper&page=2", "/?q=anna@firma.de", "/?q=0361+1234567"],
)
def test_other_pages_are_not_counted(client: FlaskClient, database: Database, path: str) -> None:
    visit(client, path)
    assert gaps(database) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Live-Search": "typing"},
        {"User-Agent": "Examplebot/1.0"},
        {"Sec-Purpose": "prefetch"},
        {"Referer": "http://localhost/curation/gaps"},
    ],
)
def test_typing_machines_and_staff_looking_into_a_gap_are_not_counted(
    client: FlaskClient, database: Database, headers: dict[str, str]
) -> None:
    visit(client, "/?q=Knallkörper", **headers)
    assert gaps(database) == []


def test_programs_are_not_counted(client: FlaskClient, database: Database) -> None:
    with client.get("/api/v1/modules?q=Knallkörper") as answer:
        assert answer.status_code == 200
    assert gaps(database) == []


def test_a_search_answers_while_somebody_else_writes(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        session.add(SearchGap(query="anderes", day=utcnow().date(), hits=0))
        session.flush()
        answer = client.get("/?q=Knallkörper")
        assert "Keine Module" in answer.get_data(as_text=True)
    answer.close()  # what happens after the answer was sent
    assert gaps(database) == [("anderes", 1), ("knallkörper", 1)]


def test_a_gap_becomes_a_synonym_with_a_preview_first(
    staff: FlaskClient, client: FlaskClient, database: Database
) -> None:
    visit(client, "/?q=Knallkörper")
    page = visit(staff, "/curation/gaps")
    assert "knallkörper" in page
    assert "/curation/synonyms/new?gap=knallk%C3%B6rper" in page
    assert "/wishes/new?title=knallk%C3%B6rper" in page
    new = "/curation/synonyms/new?gap=knallk%C3%B6rper"
    assert "knallkörper</textarea>" in visit(staff, new)
    rule = {"kind": "one_way", "terms": "knallkörper", "targets": "Zwischenbericht", "gap": "knallkörper"}
    shown = post(staff, "/curation/synonyms/new", {**rule, "preview": "1"}, page=new)
    assert shown.status_code == 200
    text = unescape(shown.get_data(as_text=True)).replace("\xad", "")
    assert "Kommt dazu: 1" in text
    assert "Zwischenbericht schreiben" in text
    with database.read() as session:
        assert session.scalars(select(SynonymRule)).all() == []
    saved = post(staff, "/curation/synonyms/new", rule, page=new)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/curation/gaps")
    assert "Keine Suchlücke" in visit(staff, "/curation/gaps")
    assert "Zwischenbericht" in visit(client, "/?q=Knallkörper")


def test_what_is_done_goes_and_comes_back_with_the_next_search(
    staff: FlaskClient, client: FlaskClient, database: Database
) -> None:
    visit(client, "/?q=Knallkörper")
    assert post(staff, "/curation/gaps/settle", {"query": "knallkörper", "days": "90"}).status_code == 303
    assert "knallkörper</a>" not in visit(staff, "/curation/gaps?days=90").replace("\xad", "")
    visit(client, "/?q=Knallkörper")
    assert "knallkörper</a>" in visit(staff, "/curation/gaps").replace("\xad", "")


def test_the_export_holds_the_list_of_the_page(staff: FlaskClient, client: FlaskClient) -> None:
    visit(client, "/?q=Knallkörper")
    visit(client, "/?q==HYPERLINK(1)")
    answer = staff.get("/curation/gaps.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Suche", "So oft gesucht", "Zuletzt", "Treffer damals", "Treffer heute"]
    assert "knallkörper" in {row[0] for row in rows}
    assert not any(row[0].startswith("=") for row in rows)
    assert staff.get("/curation/gaps.xlsx").status_code == 200


def test_a_trap_is_told_at_the_field_and_nothing_typed_is_lost(staff: FlaskClient) -> None:
    answer = post(
        staff, "/curation/synonyms/new", {"kind": "two_way", "terms": "Schulung\nUnterrichtung", "note": "Mein Wort"}
    )
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert "„Schulung“ ist zu weit" in page
    assert "Unterrichtung</textarea>" in page
    assert 'value="Mein Wort"' in page


def test_a_rule_is_found_changed_and_switched_off(staff: FlaskClient, client: FlaskClient, database: Database) -> None:
    rule = {"kind": "one_way", "terms": "Knallkörper", "targets": "Zwischenbericht"}
    post(staff, "/curation/synonyms/new", rule)
    with database.read() as session:
        row = session.scalars(select(SynonymRule)).one()
    assert "Knallkörper → Zwischenbericht" in visit(staff, "/curation/synonyms?q=knall")
    assert "Keine eigene Regel" in visit(staff, "/curation/synonyms?q=schwarzmasse")
    assert "schwarzmasse → recycling" in visit(staff, "/curation/synonyms?q=schwarzmasse")
    changed = {**rule, "targets": "Fahrradkunde", "version": "1"}
    assert post(staff, f"/curation/synonyms/{row.id}", changed).status_code == 303
    assert post(staff, f"/curation/synonyms/{row.id}", changed).status_code == 409
    assert "Fahrradkunde" in visit(client, "/?q=Knallkörper").replace("\xad", "")
    off = f"/curation/synonyms/{row.id}/switch"
    assert post(staff, off, {"active": "0", "version": "2"}).status_code == 303
    assert "Fahrradkunde" not in visit(client, "/?q=Knallkörper").replace("\xad", "")


def test_companies_see_neither_page(app: Flask, people: People) -> None:
    member = app.test_client()
    sign_in(member, people.member_user)
    for path in ("/curation/gaps", "/curation/gaps.csv", "/curation/synonyms", "/curation/synonyms/new"):
        assert member.get(path).status_code == 403


def test_a_search_in_vain_leads_companies_to_a_wish_with_the_words_filled_in(app: Flask, people: People) -> None:
    member = app.test_client()
    sign_in(member, people.member_user)
    page = visit(member, "/?q=Knallkörper")
    assert "Dieses Thema fehlt uns" in page
    assert 'value="Knallkörper"' in visit(member, "/wishes/new?title=Knallk%C3%B6rper")


def test_where_filters_leave_nothing_the_topics_shown_are_those_of_the_words(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "vogelkunde", "Vogelkunde")
        factories.make_module(session, "Wanderfalken", terms=[topic])
    sync.drain(database, app.extensions["search"])
    page = visit(client, "/?q=Wanderfalken&topic=recht")
    assert "Keine Module" in page
    assert "/?topic=vogelkunde" in page
    assert 'href="/?topic=recht"' not in page
    assert 'href="/?topic=recht"' in visit(client, "/?q=Knallkörper")


@pytest.mark.parametrize("typed", ["Gefahrgutrech", "Gefahrgutrehct", "Fahradkunde", "Zwischenberiicht"])
def test_a_slip_that_finds_nothing_leads_to_the_word_that_was_meant(client: FlaskClient, typed: str) -> None:
    page = visit(client, f"/?q={typed}")
    assert any(word in page.replace("\xad", "") for word in ("Gefahrgutrecht", "Fahrradkunde", "Zwischenbericht"))
