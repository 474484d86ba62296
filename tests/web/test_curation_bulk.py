"""Changing many modules from their list, without scripts: choose, preview, apply, take back."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Module, Vocabulary, WorkflowState
from catalogue.search import sync
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People


@pytest.fixture
def staff(app: Flask, people: People, database: Database) -> FlaskClient:
    """Clara's browser, and three modules of which one cannot be published."""
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "zelle", "Zelle")
        ready = {"summary": "Satz", "provider_text": "SLV", "source_url": "https://a.example", "terms": [topic]}
        factories.make_module(session, "Zellbau", state=WorkflowState.DRAFT, **ready)
        factories.make_module(session, "Zelltest", state=WorkflowState.DRAFT, **ready)
        factories.make_module(session, "Leer", state=WorkflowState.DRAFT)
    client = app.test_client()
    sign_in(client, people.curator_user)
    return client


def states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {title: state.value for title, state in session.execute(select(Module.title, Module.state))}


def sent(page: str, button: str) -> dict[str, list[str]]:
    """The hidden fields of the form whose button says *button*, as a browser sends them."""
    form = next(part for part in re.findall(r"<form.*?</form>", page, re.S) if button in part)
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r'<input[^>]*type="hidden"[^>]*>', form):
        name, value = (re.search(rf'{attribute}="([^"]*)"', tag) for attribute in ("name", "value"))
        assert name
        fields.setdefault(name[1], []).append(html.unescape(value[1] if value else ""))
    return fields


def test_from_the_list_to_the_preview_to_the_change_and_back(staff: FlaskClient, database: Database) -> None:
    found = staff.get("/curation/modules?term=topic:zelle&q=Zell").get_data(as_text=True)
    assert "Alle 2 Treffer dieser Auswahl ändern" in found
    chosen = {name: values for name, values in sent(found, "dieser Auswahl").items() if name != "csrf_token"}
    assert chosen == {"term": ["topic:zelle"], "q": ["Zell"]}
    asked = staff.get("/curation/bulk", query_string=chosen | {"all": "1"}).get_data(as_text=True)
    assert "2 Module ändern" in asked
    assert "Vorschau zeigen" in asked
    question = chosen | {"all": "1", "set-step": "publish"}
    preview = staff.get("/curation/bulk", query_string=question).get_data(as_text=True)
    assert re.search(r"Ändert sich <span>2</span>", preview)
    assert "Entwurf" in preview
    answer = staff.post("/curation/bulk", data=sent(preview, "2 Module ändern"))
    assert answer.status_code == 303
    assert states(database) == {"Zellbau": "published", "Zelltest": "published", "Leer": "draft"}
    result = staff.get(answer.location).get_data(as_text=True)
    assert "2 Module sind geändert" in result
    assert "Veröffentlichen" in result
    assert post(staff, f"{answer.location}/undo").status_code == 303
    assert set(states(database).values()) == {"draft"}
    assert "rückgängig gemacht" in staff.get("/curation/changes").get_data(as_text=True)
    assert post(staff, f"{answer.location}/undo").status_code == 409


def test_the_preview_says_why_a_module_cannot_be_changed(staff: FlaskClient, database: Database) -> None:
    path = "/curation/bulk?module=leer&module=zellbau&set-step=publish"
    assert "Leer" not in re.findall(r"<tbody>.*", staff.get(path).get_data(as_text=True), re.S)[0]
    blocked = staff.get(f"{path}&show=blocked").get_data(as_text=True)
    assert "Nennen Sie den Anbieter." in blocked
    staff.post("/curation/bulk", data=sent(blocked, "1 Modul ändern"))
    assert states(database) == {"Zellbau": "published", "Zelltest": "draft", "Leer": "draft"}


def test_choices_that_make_no_sense_come_back_at_their_field(staff: FlaskClient) -> None:
    assert staff.get("/curation/bulk").location.endswith("/curation/modules")
    for question, sentence in (
        ("set-step=", "Wählen Sie mindestens eine Änderung."),
        ("set-term_action=add", "Wählen Sie einen Begriff aus der Liste."),
        ("set-status=quatsch", "Wählen Sie einen Reifegrad aus der Liste."),
    ):
        answer = staff.get(f"/curation/bulk?module=leer&{question}")
        assert answer.status_code == 422, question
        assert sentence in answer.get_data(as_text=True)
    for seen in ("", "unsinn", "0:0 x:y"):
        answer = post(staff, "/curation/bulk", {"module": "leer", "set-step": "publish", "seen": seen})
        assert answer.status_code == 422, seen
    assert staff.get("/curation/changes/5a0f3b0e-0000-4000-8000-000000000001").status_code == 404


def test_the_hits_of_the_search_are_the_modules_of_the_list(staff: FlaskClient, app: Flask, database: Database) -> None:
    with database.write() as session:
        factories.make_module(session, "Recycling von Zellen")
        factories.make_module(session, "Brandschutz")
    sync.keep_up(database, app.extensions["search"])
    page = staff.get("/?q=recycling").get_data(as_text=True)
    assert "Diese Treffer pflegen" in page
    found = staff.get("/curation/modules?found=q%3Drecycling").get_data(as_text=True)
    assert "Recycling von Zellen" in found
    assert "Brandschutz" not in found
    assert "„recycling“" in found


def test_terms_are_merged_after_a_preview_and_come_apart_again(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "zellen", "Zellen", position=1)
    path = "/curation/vocabularies/topic/zelle"
    assert "„Zelle“ zusammenführen" in staff.get(f"{path}/merge").get_data(as_text=True)
    preview = staff.get(f"{path}/merge?into=zellen").get_data(as_text=True)
    assert "„Zelle“ wird zu „Zellen“" in preview
    answer = staff.post(f"{path}/merge", data=sent(preview, "als Ganzes"))
    assert answer.status_code == 303
    assert "2 Module sind geändert" in staff.get(answer.location).get_data(as_text=True)
    assert staff.get(path).location.endswith("/curation/vocabularies/topic/zellen")
    merged = staff.get("/curation/vocabularies/topic/zellen").get_data(as_text=True)
    assert "Steht auch für: Zelle (zelle)" in re.sub(r"\s+", " ", merged)
    assert post(staff, f"{answer.location}/undo").status_code == 303
    assert staff.get(path).status_code == 200
    assert "Zelle wurde" not in staff.get(answer.location).get_data(as_text=True)
    for into in ("zelle", "unbekannt", ""):
        assert post(staff, f"{path}/merge", {"into": into, "version": "1", "into_version": "1"}).status_code in (
            409,
            422,
        )


def test_terms_are_put_in_order_looked_into_and_deleted(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        factories.make_term(session, Vocabulary.TOPIC, "pack", "Pack", position=5)
    listed = staff.get("/curation/vocabularies/topic").get_data(as_text=True)
    assert listed.index("term-zelle") < listed.index("term-pack")
    assert post(staff, "/curation/vocabularies/topic/pack/move", {"to": "up"}).status_code == 303
    listed = staff.get("/curation/vocabularies/topic").get_data(as_text=True)
    assert listed.index("term-zelle") > listed.index("term-pack")
    assert "2 Module" in staff.get("/curation/vocabularies/topic/zelle/uses").get_data(as_text=True)
    assert post(staff, "/curation/vocabularies/topic/zelle/delete", {"version": "1"}).status_code == 409
    page = staff.get("/curation/vocabularies/topic/pack").get_data(as_text=True)
    assert staff.post("/curation/vocabularies/topic/pack/delete", data=sent(page, "Begriff löschen")).status_code == 303
    assert staff.get("/curation/vocabularies/topic/pack").status_code == 404
