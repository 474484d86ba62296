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
from tests.browsing import TOKEN, post, sign_in
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
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(html.unescape(value))
    token = TOKEN.search(form)
    return fields | ({"csrf_token": [token[1]]} if token else {})


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
