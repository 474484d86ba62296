"""The catalogue on other sites: the frame, the widget, the page that makes the snippet."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catalogue import create_app
from catalogue.db import Database
from catalogue.models import Vocabulary, WorkflowState
from catalogue.search import sync
from catalogue.settings import Settings, SettingsError
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People


@pytest.fixture(autouse=True)
def modules(app: Flask, database: Database) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "lagerung", "Lagerung & Transport", label_en="Storage")
        factories.make_module(session, "Batterielagerung <im> Betrieb", slug="lager", terms=[topic], position=1)
        factories.make_module(session, "Sicherheit am Prüfstand", slug="sicher", position=2)
        factories.make_module(session, "Gefahrgutrecht", slug="recht", terms=[topic], position=3)
        for state in (WorkflowState.DRAFT, WorkflowState.REVIEW, WorkflowState.ARCHIVED):
            factories.make_module(session, f"Geheim {state.value}", slug=f"geheim-{state.value}", state=state)
    sync.rebuild(database, app.extensions["search"])


def directives(answer: TestResponse) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, _, values in parts}


def test_the_frame_is_for_other_sites_and_holds_no_script_no_form_no_cookie(client: FlaskClient) -> None:
    answer = client.get("/embed/modules?q=lagerung")
    page = answer.get_data(as_text=True)
    policy = directives(answer)
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'self'")
    assert "script-src" not in policy
    assert not re.search(r"<script|<form|<button|csrf", page)
    assert "X-Frame-Options" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert not answer.headers.getlist("Set-Cookie")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = client.get("/embed/modules?q=lagerung", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_only_the_version_that_fits_itself_may_run_our_script(client: FlaskClient) -> None:
    answer = client.get("/embed/modules?resize=1")
    assert directives(answer)["script-src"] == "'self'"
    assert re.findall(r"<script[^>]*>", answer.get_data(as_text=True)) == [
        re.search(r'<script type="module" src="/static/js/framed\.js\?v=\w+">', answer.get_data(as_text=True))[0]  # type: ignore[index]
    ]


def test_the_frame_is_the_same_whoever_asks(client: FlaskClient, app: Flask, people: People) -> None:
    member = app.test_client()
    sign_in(member, people.member_user)
    member.set_cookie("language", "en")
    seen = member.get("/embed/modules")
    assert seen.data == client.get("/embed/modules").data
    assert "Cookie" not in seen.headers.get("Vary", "")  # Flask adds it as soon as the session is looked at


def test_published_modules_only_escaped_and_with_links_that_open_the_catalogue(client: FlaskClient) -> None:
    page = client.get("/embed/modules").get_data(as_text=True)
    assert "Batterielagerung &lt;im&gt; Betrieb" in page.replace("\u00ad", "")
    assert "geheim" not in page.lower()
    outside = re.findall(r'<a href="([^"]+)" target="_blank" rel="noopener">', page)
    assert outside == ["/modules/lager", "/modules/sicher", "/modules/recht", "/"]
    assert page.count("(neuer Tab)") == len(outside) == page.count("<a ")


def test_a_search_without_modules_says_so(client: FlaskClient) -> None:
    page = client.get("/embed/modules?q=quittenmarmelade").get_data(as_text=True)
    assert "Dazu gibt es zurzeit keine Module im Katalog." in page
    assert "Zum Modulkatalog BatterieMD" in page


def test_the_list_is_turned_in_the_frame_and_seen_whole_in_the_catalogue(client: FlaskClient) -> None:
    first = client.get("/embed/modules?topic=lagerung&count=1&theme=dark&resize=1").get_data(as_text=True)
    assert "Seite 1 von 2" in first
    assert "Alle 2 Module im Modulkatalog BatterieMD" in first
    assert 'href="/?topic=lagerung" target="_blank"' in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    address = following[1].replace("&amp;", "&")
    assert parse_qs(urlsplit(address).query) == {
        "topic": ["lagerung"], "count": ["1"], "theme": ["dark"], "resize": ["1"], "page": ["2"],
    }  # fmt: skip
    second = client.get(address).get_data(as_text=True)
    assert "Gefahrgutrecht" in second
    assert "lager" not in re.findall(r'href="/modules/([^"]+)"', second)
    assert 'start="2"' in second


def test_language_and_colours_stand_in_the_address(client: FlaskClient) -> None:
    page = client.get("/embed/modules?lang=en&theme=light&topic=lagerung").get_data(as_text=True)
    assert '<html lang="en" data-bs-theme="light">' in page
    assert "Storage" in page
    assert '<html lang="de">' in client.get("/embed/modules").get_data(as_text=True)


WRONG = {
    "count=0": "count=0",
    "count=21": "count=21",
    "count=²": "count=²",
    "theme=<b>": "theme=&lt;b&gt;",
    "lang=fr": "lang=fr",
    "topic=gibt-es-nicht": "topic=gibt-es-nicht",
}


@pytest.mark.parametrize("path", ["/embed/modules", "/embed"])
def test_what_does_not_exist_is_said_in_a_sentence_and_does_not_count(client: FlaskClient, path: str) -> None:
    for wrong, said in WRONG.items():
        answer = client.get(f"{path}?{wrong}")
        page = answer.get_data(as_text=True)
        assert (answer.status_code, f"Die Angabe „{said}“" in page) == (200, True), wrong
        assert "gibt es nicht; sie zählt nicht." in page
        assert '<html lang="de"' in page


def test_pages_that_do_not_exist_are_the_last_one_or_the_first(client: FlaskClient) -> None:
    for page in ("99", "x", "-1", "0"):
        answer = client.get(f"/embed/modules?page={page}&count=2")
        assert (answer.status_code, b"Seite" in answer.data) == (200, True)
    assert client.get("/embed/modules?q=%00").status_code == 400


def test_what_goes_wrong_in_a_frame_is_said_in_the_frame(settings: Settings, database: Database) -> None:
    app = create_app(replace(settings, rate_limits=True, embed_hosts=("https://partner.example",)))
    client = app.test_client()
    client.set_cookie("session", "x")
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False):
        refused = [client.get("/embed/modules") for _ in range(21)][-1]  # 20 in a second are allowed
    page = refused.get_data(as_text=True)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert directives(refused)["frame-ancestors"] == "'self' https://partner.example"
    assert refused.headers["Cache-Control"] == "no-store"
    assert "Zu viele Versuche in kurzer Zeit" in page
    assert "<form" not in page
    assert 'target="_blank"' in page


@pytest.fixture
def open_to_all(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], embed_hosts=("*",)))


def test_all_other_pages_are_framed_by_nobody(client: FlaskClient, open_to_all: None) -> None:
    assert directives(client.get("/embed/modules"))["frame-ancestors"] == "'self' *"
    for path in (
        "/",
        "/embed",
        "/embed/widget.js",
        "/modules/lager",
        "/login",
        "/gibt-es-nicht",
        "/embed/gibt-es-nicht",
        "/modules.atom",
    ):
        assert directives(client.get(path))["frame-ancestors"] == "'none'", path
    posted = client.post("/embed/modules")
    assert (posted.status_code, "<form" in posted.get_data(as_text=True)) == (405, False)


@pytest.mark.parametrize(
    "host", ["example.org; script-src *", "a b", "https://a/path", "javascript:", "*.*", "", "https://übung.de"]
)
def test_a_host_that_would_not_do_what_it_says_stops_the_start(settings: Settings, host: str) -> None:
    with pytest.raises(SettingsError, match="CATALOGUE_EMBED_HOSTS"):
        create_app(replace(settings, embed_hosts=(host,)))


def test_hosts_are_named_with_and_without_scheme_port_and_star() -> None:
    from catalogue.web.framing import ancestors

    hosts = ("https://www.example.org", "*.elmug.de", "http://localhost:*", "10.0.0.1:8080", "xn--bung-zra.de")
    assert ancestors(Settings(embed_hosts=hosts)) == f"'self' {' '.join(hosts)}"


def test_the_widget_is_for_every_site_and_kept_for_a_while(client: FlaskClient) -> None:
    answer = client.get("/embed/widget.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert not answer.headers.getlist("Set-Cookie")
    assert client.get("/embed/widget.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    with client.get("/static/js/mark.js") as other:
        assert other.headers["Cross-Origin-Resource-Policy"] == "same-origin"


class Snippets(HTMLParser):
    """The fields of the page, and the elements of markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.fields: dict[str, str] = {}
        self._field = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._field = dict(attrs).get("id") or "" if tag == "textarea" else ""

    def handle_endtag(self, tag: str) -> None:
        self._field = "" if tag == "textarea" else self._field

    def handle_data(self, data: str) -> None:
        if self._field:
            self.fields[self._field] = self.fields.get(self._field, "") + data


def test_the_snippets_ask_what_was_chosen_whatever_was_typed(client: FlaskClient, app: Flask) -> None:
    typed = 'lager "><script>alert(1)</script>&count=9'
    answer = client.get(
        "/embed", query_string={"q": typed, "topic": ["", "lagerung"], "count": "3", "theme": "dark", "lang": "en"}
    )
    fields = Snippets(answer.get_data(as_text=True)).fields
    base = app.extensions["settings"].base_url
    asked = {"q": [typed], "topic": ["lagerung"], "count": ["3"], "theme": ["dark"], "lang": ["en"]}
    ((tag, frame),) = Snippets(fields["frame-code"]).elements
    assert (tag, (frame["src"] or "").partition("?")[0]) == ("iframe", f"{base}/embed/modules")
    assert parse_qs(urlsplit(frame["src"] or "").query) == asked
    assert typed in (frame["title"] or "")
    (_, link), (tag, script) = Snippets(fields["widget-code"]).elements
    assert (tag, script["src"]) == ("script", f"{base}/embed/widget.js")
    assert parse_qs(link["data-modulkatalog"] or "") == asked
    assert parse_qs(urlsplit(link["href"] or "").query) == {"q": [typed], "topic": ["lagerung"]}


def test_the_page_that_makes_snippets_shows_them_and_says_who_must_agree(client: FlaskClient) -> None:
    answer = client.get("/embed?topic=lagerung")
    page = answer.get_data(as_text=True)
    assert directives(answer)["frame-src"] == "'self'"
    assert '<iframe class="embed-preview" src="/embed/modules?topic=lagerung&amp;lang=de"' in page
    assert "die das Netzwerkbüro freigegeben hat" in page
    assert "Diese Suche findet zurzeit 2 Module." in page
    assert 'href="/embed?topic=lagerung"' in client.get("/?topic=lagerung").get_data(as_text=True)


def test_where_every_site_may_nobody_is_asked(client: FlaskClient, open_to_all: None) -> None:
    assert "die das Netzwerkbüro freigegeben hat" not in client.get("/embed").get_data(as_text=True)


def test_the_snippet_is_titled_in_the_language_of_the_frame(client: FlaskClient) -> None:
    page = client.get("/embed?topic=lagerung&lang=en").get_data(as_text=True)
    assert "Storage" in Snippets(page).fields["frame-code"]
    assert "<h1>Katalog einbetten</h1>" in page
    assert "Thema: Lagerung &amp; Transport" in page
