"""The search page as a browser without scripts sees it."""

import csv
import io
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Module, Vocabulary, WorkflowState
from catalogue.search import sync
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database) -> dict[str, Module]:
    """Three modules of two topics, and a draft nobody may find; the index knows them."""
    with database.write() as session:
        storage = factories.make_term(session, Vocabulary.TOPIC, "lagerung", "Lagerung, Transport")
        safety = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        level = factories.make_term(session, Vocabulary.LEVEL, "basis", "Basis")
        made = {
            "storage": factories.make_module(
                session, "Batterielagerung im Betrieb", terms=[storage, safety], summary="Lagern & prüfen <schnell>"
            ),
            "safety": factories.make_module(session, "Sicherheit am Prüfstand", terms=[safety, level], position=1),
            "law": factories.make_module(session, "Gefahrgutrecht", position=2, duration_text="1 Tag"),
            "draft": factories.make_module(session, "Geheimer Entwurf", state=WorkflowState.DRAFT),
        }
    sync.rebuild(database, app.extensions["search"])
    return made


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def titles(page: str) -> list[str]:
    found = re.findall(r'<article class="entry[^>]*>.*?<h2>(.*?)</h2>', page, re.S)
    return [re.sub(r"<[^>]+>|\xad", "", title) for title in found]


def fields(page: str) -> list[tuple[str, str]]:
    """What the one form would send: boxes that are ticked and hidden fields that are not disabled, wherever they stand."""
    inputs = re.findall(r'<input[^>]*form="suche"[^>]*>', page)
    sent = [tag for tag in inputs if "disabled" not in tag and (" checked" in tag or 'type="hidden"' in tag)]
    return [(re.search(r'name="([^"]*)"', tag)[1], re.search(r'value="([^"]*)"', tag)[1]) for tag in sent]  # type: ignore[index]


def test_the_start_page_lists_published_modules_only(client: FlaskClient) -> None:
    page = read(client, "/")
    assert titles(page) == ["Batterielagerung im Betrieb", "Sicherheit am Prüfstand", "Gefahrgutrecht"]
    assert "<title>3 Module – Modulkatalog BatterieMD</title>" in page
    assert "Geheimer Entwurf" not in page


def test_stored_text_is_escaped(client: FlaskClient) -> None:
    assert "Lagern &amp; prüfen &lt;schnell&gt;" in client.get("/").get_data(as_text=True)


def test_one_form_keeps_text_filters_sort_and_view(client: FlaskClient) -> None:
    page = read(client, "/?q=batterielagerung&topic=lagerung&sort=title&view=table")
    assert 'id="q" name="q" value="batterielagerung"' in page
    assert sorted(fields(page)) == [("sort", "title"), ("topic", "lagerung"), ("view", "table")]


def test_changing_a_filter_goes_back_to_the_first_page(client: FlaskClient) -> None:
    assert "page" not in dict(fields(read(client, "/?per_page=1&page=2&topic=sicherheit")))


def test_active_filters_are_chips_that_remove_themselves_and_nothing_else(client: FlaskClient) -> None:
    page = read(client, "/?q=am&topic=lagerung&topic=sicherheit&sort=title")
    link = re.search(r'href="([^"]+)" aria-label="Filter Thema: Sicherheit entfernen"', page)
    assert link
    assert parse_qs(urlsplit(link[1]).query) == {"q": ["am"], "topic": ["lagerung"], "sort": ["title"]}


def test_reset_keeps_the_text(client: FlaskClient) -> None:
    page = read(client, "/?q=am&topic=sicherheit")
    assert re.search(r'<a href="/\?q=am">Alle zurücksetzen', page)


def test_filters_narrow_the_list_and_count_what_each_would_give(client: FlaskClient) -> None:
    page = read(client, "/?topic=sicherheit")
    assert titles(page) == ["Batterielagerung im Betrieb", "Sicherheit am Prüfstand"]
    assert re.search(r'value="lagerung"[^>]*><span>Lagerung, Transport</span><span class="facet-count">1<', page)


def test_several_topics_can_be_asked_together(client: FlaskClient) -> None:
    both = "/?topic=sicherheit&topic=lagerung"
    assert len(titles(read(client, both))) == 2
    assert "nur Module mit allen gewählten" in read(client, both)
    assert titles(read(client, both + "&all=topic")) == ["Batterielagerung im Betrieb"]


def test_what_is_missing_is_said_by_name(client: FlaskClient) -> None:
    page = read(client, "/?q=Gefahrgutrecht")
    assert re.search(r"<dt>Dauer</dt><dd>1 Tag</dd>", page)
    assert re.search(r'<dt>ohne Angabe</dt><dd class="none">Niveau, Format, Zielgruppe</dd>', page)


def test_pages_are_links_and_named_in_the_title(client: FlaskClient) -> None:
    page = read(client, "/?per_page=1&page=2")
    assert "<title>3 Module (Seite 2 von 3) – " in page
    assert 'href="/?per_page=1&page=3"' in page
    assert 'href="/?per_page=1"' in page


def test_a_page_beyond_the_end_shows_the_last_one(client: FlaskClient) -> None:
    page = read(client, "/?per_page=1&page=99")
    assert "(Seite 3 von 3)" in page
    assert titles(page) == ["Gefahrgutrecht"]


def test_the_table_shows_the_same_modules(client: FlaskClient) -> None:
    page = read(client, "/?view=table")
    assert len(re.findall(r'<th scope="row"><a href="/modules/', page)) == 3
    assert 'href="/" aria' not in page or "Liste" in page


@pytest.mark.parametrize(
    "query",
    ["?page=-1", "?page=abc", "?page=99999999999999999999", "?per_page=0", "?sort=quatsch", "?view=quatsch", "?topic=", "?all=topic",
     "?q=%22", "?q=*", "?q=" + "x" * 5000, "?q=AND+OR+NOT+%28", "?mark=ours", "?q=%F0%9F%94%8B", "?level=none&hv_level=none"],
)  # fmt: skip
def test_no_address_fails(client: FlaskClient, query: str) -> None:
    assert client.get("/" + query).status_code == 200


def test_filter_values_that_do_not_exist_are_named_and_left_out(client: FlaskClient) -> None:
    page = read(client, "/?format=hybrid2")
    assert "gibt es nicht mehr" in page
    assert len(titles(page)) == 3


def test_no_hits_offer_other_questions_with_their_numbers(client: FlaskClient) -> None:
    page = read(client, "/?q=Gefahrgutrecht&topic=lagerung&level=basis")
    assert "Keine Module</span> für „Gefahrgutrecht“" in page
    ways = re.findall(r'<li><a href="([^"]+)">([^<]+)</a> <span class="muted">([^<]+)</span>', page)
    assert ("/?q=Gefahrgutrecht", "Ohne Filter", "1 Modul") in ways
    for url, _text, number in ways:
        assert f"<title>{number}" in read(client, url) or f"– {number}" in read(client, url)


def test_links_to_modules_know_the_way_back(client: FlaskClient) -> None:
    page = read(client, "/?q=Gefahrgutrecht&sort=title")
    link = re.search(r'href="(/modules/gefahrgutrecht[^"]*)"', page)
    assert link
    assert parse_qs(urlsplit(link[1]).query)["back"] == ["/?q=Gefahrgutrecht&sort=title"]


def test_the_export_holds_exactly_the_list(client: FlaskClient) -> None:
    page = read(client, "/?topic=sicherheit&sort=title&per_page=1")
    link = re.search(r'href="(/modules\.csv[^"]*)"', page)
    assert link
    answer = client.get(link[1])
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert [row["Titel"] for row in rows] == ["Batterielagerung im Betrieb", "Sicherheit am Prüfstand"]
    assert rows[0]["Adresse im Katalog"].endswith("/modules/batterielagerung-im-betrieb")


def test_without_index_the_database_answers_with_a_notice(client: FlaskClient, app: Flask) -> None:
    app.extensions["search"].mark_broken()
    page = read(client, "/?q=Gefahrgutrecht")
    assert titles(page) == ["Gefahrgutrecht"]
    assert "Die Suche läuft gerade vereinfacht" in page


def test_members_see_their_own_marks_and_can_filter_by_them(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    post(client, "/modules/gefahrgutrecht/demand/mark", {"next": "/"}, page="/")
    page = read(client, "/?mark=ours")
    assert titles(page) == ["Gefahrgutrecht"]
    assert 'aria-pressed="true"' in page
    assert len(titles(read(client, "/?mark=unseen"))) == 2
    assert titles(read(client, "/?mark=colleagues")) == []
    assert re.search(r'value="unseen"[^>]*><span>noch nichts angegeben</span><span class="facet-count">2<', page)


def test_other_companies_and_visitors_see_nothing_of_a_mark(client: FlaskClient, app: Flask, people: People) -> None:
    sign_in(client, people.member_user)
    post(client, "/modules/gefahrgutrecht/demand/mark", {"next": "/"}, page="/")
    stranger = app.test_client()
    assert 'aria-pressed="true"' not in read(stranger, "/?mark=ours")
    sign_in(stranger, people.stranger_user)
    assert titles(read(stranger, "/?mark=ours")) == []
