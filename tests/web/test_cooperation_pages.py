"""Zusammenarbeit on its pages: adding, changing, undoing, asking, introducing; and what the other company gets to see."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import Confidentiality, CooperationDirection, CooperationKind, Relevance
from catalogue.services import cooperation, demand
from catalogue.services.cooperation import EntryInput
from catalogue.services.demand import DemandInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

FORM = {
    "direction": "offers", "kind": "room", "text": "Raum mit <b>Beamer</b>", "capacity": "12 Plätze", "confidentiality": "network",
}  # fmt: skip


@pytest.fixture
def member(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


@pytest.fixture
def curator(app: Flask, people: People) -> FlaskClient:
    other = app.test_client()
    sign_in(other, people.curator_user)
    return other


def text_of(client: FlaskClient, path: str = "/company/cooperation") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def needs(database: Database, people: People, kind: Confidentiality) -> str:
    said = EntryInput(CooperationDirection.SEEKS, CooperationKind.ROOM, "Fremdes Gesuch", confidentiality=kind)
    with database.write() as session:
        return str(cooperation.add(session, people.stranger, said).id)


def test_a_company_says_what_it_offers_and_takes_it_back(member: FlaskClient) -> None:
    assert "Noch nichts eingetragen" in text_of(member)
    assert 'value="seeks" id="direction-1" checked' in text_of(member, "/company/cooperation/new?direction=seeks")
    assert post(member, "/company/cooperation/new", FORM).headers["Location"] == "/company/cooperation"
    shown = text_of(member)
    assert "Raum mit &lt;b&gt;Beamer&lt;/b&gt;" in shown
    assert "für jedes Thema · überall · 12 Plätze" in shown
    undo = re.search(r'action="(/company/cooperation/[^"]+/undo[^"]*)"', shown)
    assert undo
    entry = undo[1].split("/undo")[0]
    assert post(member, entry, {**FORM, "capacity": "9 Plätze", "version": "1"}).status_code == 303
    assert post(member, entry, {**FORM, "capacity": "8 Plätze", "version": "1"}).status_code == 409
    assert post(member, f"{entry}/undo?version=2").status_code == 303
    assert "12 Plätze" in text_of(member)
    post(member, f"{entry}/withdraw")
    assert "12 Plätze" not in text_of(member)
    assert post(member, "/company/cooperation/new", {**FORM, "text": ""}).status_code == 422
    assert post(member, "/company/cooperation/new", {**FORM, "kind": "zauber"}).status_code == 422


@ON_SQLITE
@pytest.mark.parametrize(("kind", "seen"), [(Confidentiality.NETWORK, False), (Confidentiality.MEMBERS, True)])
def test_entries_of_others_are_shown_as_far_as_they_allow(
    member: FlaskClient, database: Database, people: People, kind: Confidentiality, seen: bool
) -> None:
    entry = needs(database, people, kind)
    assert ("Fremdes Gesuch" in text_of(member)) == ("Beispiel GmbH" in text_of(member)) == seen
    for path in (f"/company/cooperation/{entry}", f"/company/cooperation/{entry}/withdraw"):
        assert post(member, path, FORM).status_code == 404
    assert member.get("/planning/cooperation").status_code == 403


def test_staff_ask_and_introduce(
    member: FlaskClient, curator: FlaskClient, app: Flask, database: Database, people: People
) -> None:
    need = needs(database, people, Confidentiality.MEMBERS)
    post(member, "/company/cooperation/new", FORM)
    shown = text_of(curator, "/planning/cooperation?kind=room")
    assert "für jedes Thema, Region offen" in shown
    offer = re.search(r'name="offer" value="([^"]+)"', shown)
    assert offer
    assert "Erst fragen" in shown
    post(curator, "/planning/cooperation/introductions", {"offer": offer[1], "need": need})
    asked = text_of(member)
    assert "Dürfen wir Sie nennen?" in asked
    assert "Zusammenarbeit: Dürfen wir Sie nennen?" in text_of(member, "/company")
    question = re.search(r'action="(/company/cooperation/introductions/[^"]+)"', asked)
    assert question
    bob = app.test_client()
    sign_in(bob, people.stranger_user)
    assert "Muster AG" not in text_of(bob)
    post(member, question[1], {"answer": "yes"})
    assert "Muster AG" in text_of(bob)
    assert "Beispiel GmbH" in text_of(member)
    assert "vermittelt am" in text_of(curator, "/planning/cooperation")


def test_staff_enter_and_change_on_behalf_and_take_tables_away(
    curator: FlaskClient, database: Database, people: People
) -> None:
    told = {"company": people.company.slug, "source": "call", "source_date": "2026-11-02"}
    assert post(curator, "/planning/cooperation/new", FORM | told).status_code == 303
    assert post(curator, "/planning/cooperation/new", FORM | told | {"company": "x"}).status_code == 422
    with database.write() as session:
        module = factories.make_module(session, "Gemeinsam prüfen")
        demand.mark(session, people.member, module, DemandInput(Relevance.SHOULD, ("cooperation",), 3))  # type: ignore[arg-type]
    shown = text_of(curator, "/planning/cooperation")
    assert "Gemeinsam prüfen" in shown
    entry = re.search(r'href="(/planning/cooperation/[0-9a-f-]{36})"', shown)
    assert entry
    assert "Raum mit &lt;b&gt;Beamer&lt;/b&gt;" in text_of(curator, entry[1])
    assert post(curator, entry[1], FORM | told | {"capacity": "9", "version": "1"}).status_code == 303
    assert post(curator, entry[1], FORM | told | {"capacity": "8", "version": "1"}).status_code == 409
    for what, heading in (("entries", "Unternehmen;"), ("matches", "Art;Sucht"), ("modules", "Modul;Anbieter")):
        content = curator.get(f"/planning/cooperation/{what}.csv").get_data().decode("utf-8-sig")
        assert content.startswith(heading)
        assert curator.get(f"/planning/cooperation/{what}.xlsx").status_code == 200
    assert curator.get("/planning/cooperation/geheim.csv").status_code == 404
    assert post(curator, f"{entry[1]}/withdraw").status_code == 303
    assert "Noch nichts eingetragen" in text_of(curator, "/planning/cooperation")
    assert post(curator, f"{entry[1]}/undo").status_code == 303
    assert post(curator, "/planning/cooperation/introductions", {"offer": "x", "need": "y"}).status_code == 404
