"""The pages that explain, and the frame around every page."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.settings import Settings
from tests.browsing import sign_in
from tests.conftest import People

PAGES = ["/help", "/who-sees-what", "/privacy", "/accessibility", "/imprint"]


@pytest.mark.parametrize("path", [*PAGES, "/", "/gibt-es-nicht"])
def test_every_page_has_a_language_a_title_one_heading_and_a_skip_link(client: FlaskClient, path: str) -> None:
    page = client.get(path).get_data(as_text=True)
    assert '<html lang="de">' in page
    assert re.search(r"<title>[^<]+ – Modulkatalog BatterieMD</title>", page)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert '<a class="skip" href="#inhalt">' in page
    assert page.count('id="inhalt"') == 1


@pytest.mark.parametrize("path", [*PAGES, "/", "/gibt-es-nicht"])
def test_no_page_needs_inline_script_or_style_or_other_hosts(
    client: FlaskClient, settings: Settings, path: str
) -> None:
    page = client.get(path).get_data(as_text=True).replace(f'href="{settings.base_url}', 'href="')
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!localhost)', page.split("<main")[0])


def test_static_files_carry_the_hash_of_their_content_and_may_be_kept(client: FlaskClient) -> None:
    page = client.get("/help").get_data(as_text=True)
    addresses = re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page)
    assert len(addresses) > 8
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{10}$", address), address
        with client.get(address) as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]


def test_the_three_steps_of_confidentiality_are_explained(client: FlaskClient) -> None:
    page = client.get("/who-sees-what").get_data(as_text=True)
    for step in ("Nur das Netzwerkbüro", "Anonym in Summen", "Für Mitglieder sichtbar"):
        assert step in page


def test_duties_that_only_an_operator_can_fill_are_marked(client: FlaskClient) -> None:
    for path in ("/imprint", "/privacy", "/accessibility"):
        assert "Vom Betreiber zu ergänzen" in client.get(path).get_data(as_text=True)


def test_the_pages_say_what_the_settings_say(client: FlaskClient, app: Flask) -> None:
    told = {
        "operator_name": "Netz e. V.", "operator_address": "Gasse 1, 99999 Ort", "operator_representative": "Vera Vorstand",
        "operator_email": "buero@netz.example", "supervisory_authority": "Landesamt <b>", "audit_days": 411,
    }  # fmt: skip
    app.extensions["settings"] = replace(app.extensions["settings"], **told)
    pages = {path: client.get(path).get_data(as_text=True) for path in ("/imprint", "/privacy", "/accessibility")}
    for path, words in {
        "/imprint": ("Netz e. V.", "Gasse 1<br>99999 Ort", "Vera Vorstand", "mailto:buero@netz.example"),
        "/privacy": ("Netz e. V.", "Landesamt &lt;b&gt;", "411 Tagen", "Seiten der Anbieter", "<code>klausur</code>"),
        "/accessibility": ("V3.2.1", "V4.1.1", "mailto:buero@netz.example", "Selbstbewertung"),
    }.items():
        assert [word for word in words if word not in pages[path]] == [], path
        assert "Vom Betreiber zu ergänzen" not in pages[path]


def test_the_notice_is_shown_once_after_signing_in(client: FlaskClient, people: People) -> None:
    for expected in (True, False):
        sign_in(client, people.member_user)
        page = client.get("/account").get_data(as_text=True)
        assert ("Unsere Hinweise zum Datenschutz" in page) is expected
        assert "Unsere Hinweise zum Datenschutz" not in client.get("/account").get_data(as_text=True)


def test_navigation_follows_the_role(app: Flask, people: People) -> None:
    def areas(user: object) -> list[str]:
        client = app.test_client()
        if user is not None:
            sign_in(client, user)  # type: ignore[arg-type]
        navigation = client.get("/help").get_data(as_text=True).split('class="main-nav"')[1].split("</nav>")[0]
        return re.findall(r">([^<>]+)</a>", navigation)

    assert areas(None) == ["Module suchen", "Termine"]
    assert areas(people.member_user) == ["Module suchen", "Termine", "Unser Unternehmen", "Wünsche"]
    assert {"Pflege", "Planung"} <= set(areas(people.curator_user))
    assert "Verwaltung" not in areas(people.curator_user)
    assert "Verwaltung" in areas(people.admin_user)


def test_errors_are_pages_with_a_next_step(client: FlaskClient) -> None:
    answer = client.get("/gibt-es-nicht")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in page
    assert 'role="search"' in page
    assert answer.headers["X-Request-ID"] in page


def test_error_pages_need_no_database(
    client: FlaskClient, app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, people.member_user)

    class Broken:
        def session(self, write: bool = False) -> None:
            raise RuntimeError("no database")

    monkeypatch.setitem(app.extensions, "database", Broken())
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Es ist ein Fehler passiert" in answer.get_data(as_text=True)
