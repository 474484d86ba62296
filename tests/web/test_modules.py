"""The page of one module."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database, utcnow
from catalogue.models import OfferStatus, Run, RunState, Vocabulary, WorkflowState
from catalogue.search import sync
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People

PATH = "/modules/batterielagerung"


@pytest.fixture(autouse=True)
def module(app: Flask, database: Database) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "lagerung", "Lagerung")
        level = factories.make_term(session, Vocabulary.LEVEL, "basis", "Basis")
        provider = factories.make_provider(session, "SLV Halle")
        made = factories.make_module(
            session, "Batterielagerung", terms=[topic, level], provider=provider, duration_text="6 Stunden",
            duration_minutes=360, summary="Was im Lager zählt.", description="Mit **Praxis** <script>alert(1)</script>",
            objectives=["Schäden erkennen"], contents=["Aufbau"], offer_status=OfferStatus.PILOTED,
            source_url="https://www.slv-halle.de/aktuelles", as_of=date(2026, 11, 12),
        )  # fmt: skip
        soon = utcnow().date() + timedelta(days=30)
        session.add(Run(module=made, starts_on=soon, place="Bernburg", min_participants=6, max_participants=12))
        session.add(Run(module=made, starts_on=soon, place="Abgesagtstadt", state=RunState.CANCELLED))
        session.add(Run(module=made, starts_on=date(2020, 1, 1), place="Vergangen"))
        factories.make_module(session, "Lagerung von Zellen", terms=[topic])
        factories.make_module(session, "Altes", state=WorkflowState.ARCHIVED, published_at=utcnow())
        factories.make_module(session, "Nie gezeigt", state=WorkflowState.ARCHIVED)
        factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT)
    sync.rebuild(database, app.extensions["search"])


def read(client: FlaskClient, path: str = PATH) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True)).replace("\xad", "")


def test_the_page_says_what_is_known_and_names_what_is_not(client: FlaskClient) -> None:
    page = read(client)
    assert "<h1" in page
    assert "pilotiert" in page
    assert re.search(r"<dt>Dauer</dt><dd>6 Stunden <span class=\"muted\">\(8 UE zu 45 Minuten\)</span>", page)
    missing = re.search(r"<dt>Ohne Angabe</dt><dd class=\"muted\">([^<]*)\.", page)
    assert missing
    assert {"Format", "Abschluss", "Kosten und Förderung"} <= set(missing[1].split(", "))
    assert "Dauer" not in missing[1]
    assert "Niveau" not in missing[1]


def test_source_and_date_are_named(client: FlaskClient) -> None:
    page = read(client)
    assert '<a href="https://www.slv-halle.de/aktuelles" rel="noopener noreferrer">slv-halle.de</a>' in page
    assert "12.11.2026" in page


def test_markdown_is_rendered_and_markup_is_not(client: FlaskClient) -> None:
    page = client.get(PATH).get_data(as_text=True)
    assert "<strong>Praxis</strong>" in page
    assert "<script>alert" not in page


def test_coming_runs_are_listed_past_ones_are_not(client: FlaskClient) -> None:
    page = read(client)
    assert "Bernburg" in page
    assert "abgesagt" in page
    assert "Vergangen" not in page


def test_similar_modules_are_named(client: FlaskClient) -> None:
    assert "Lagerung von Zellen" in read(client)


def test_unknown_and_unpublished_modules_are_not_there(client: FlaskClient, people: People) -> None:
    for slug in ("gibt-es-nicht", "entwurf", "nie-gezeigt"):
        assert client.get(f"/modules/{slug}").status_code == 404
    sign_in(client, people.member_user)
    assert client.get("/modules/entwurf").status_code == 404


def test_staff_preview_drafts_and_are_told_so(client: FlaskClient, people: People) -> None:
    sign_in(client, people.curator_user)
    assert "nicht veröffentlicht" in read(client, "/modules/entwurf")


def test_archived_modules_say_so(client: FlaskClient) -> None:
    assert "Dieses Modul ist archiviert." in read(client, "/modules/altes")


@pytest.mark.parametrize(
    ("asked", "url", "text"),
    [
        ("/?q=akku&page=2", "/?q=akku&page=2", "Zurück zu den Modulen für „akku“"),
        ("/?topic=lagerung", "/?topic=lagerung", "Zurück zu Ihrer Auswahl"),
        ("/company", "/company", "Zurück zu Unser Unternehmen"),
        ("https://boese.example/", "/", "Zurück zu den Modulen"),
        ("//boese.example", "/", "Zurück zu den Modulen"),
        ("/\\boese.example", "/", "Zurück zu den Modulen"),
        ("javascript:alert(1)", "/", "Zurück zu den Modulen"),
        ("/?q=" + "x" * 3000, "/", "Zurück zu den Modulen"),
        ("/logout", "/", "Zurück zu den Modulen"),
        ("", "/", "Zurück zu den Modulen"),
    ],
)
def test_the_way_back_leads_to_ones_own_list_and_never_away(
    client: FlaskClient, asked: str, url: str, text: str
) -> None:
    page = unescape(client.get(PATH, query_string={"back": asked}).get_data(as_text=True))
    found = re.search(r'<nav class="breadcrumb"[^>]*><a class="with-icon" href="([^"]*)">.*?</svg>([^<]*)</a>', page)
    assert found
    assert (found[1], found[2]) == (url, text)


def test_members_find_the_panel_visitors_an_invitation(client: FlaskClient, people: People) -> None:
    assert 'id="relevanz"' in read(client)
    sign_in(client, people.member_user)
    assert 'name="confidentiality"' in read(client)


def test_the_page_names_its_lasting_address(client: FlaskClient) -> None:
    page = read(client, PATH + "?back=/?q=x")
    assert re.search(r'<link rel="canonical" href="http://[^"]+/modules/batterielagerung">', page)
