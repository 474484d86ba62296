"""From the question of the network office to "kommt zustande", as the people concerned see it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import AuditEvent, Module, OutboxMail, Relevance, Run, RunState
from catalogue.services import demand, reports
from catalogue.services.demand import DemandInput
from catalogue.services.periods import quarters_from
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
LINK = re.compile(r"https?://[^/]+(/commitments/[\w-]{36}/[0-9a-f]{64})")


@pytest.fixture
def run(database: Database, people: People) -> Run:
    """Muster AG needs it for 4 people at any time, and 4 are enough."""
    with database.write() as session:
        module = factories.make_module(session, "Sicher <b>lagern</b>", slug="safety")
        law = factories.make_module(session, "Recht", slug="law", min_participants=9)
        demand.mark(session, people.member, module, DemandInput(Relevance.MUST, (), 4))
        demand.mark(
            session, people.member, law, DemandInput(Relevance.MUST, (), 7, quarters_from(reports.today(), 2)[1])
        )
        run = Run(
            module_id=module.id, starts_on=reports.today() + timedelta(days=80), min_participants=4, place="Erfurt"
        )
        session.add(run)
    return run


def ask(client: FlaskClient, database: Database, people: People, run: Run) -> str:
    """Ask as a curator, and return the link of the mail."""
    sign_in(client, people.curator_user)
    assert post(client, f"/planning/runs/{run.id}/ask").status_code == 303
    with database.read() as session:
        found = LINK.search(session.scalars(select(OutboxMail.text)).one())
    assert found
    return found[1]


def text_of(client: FlaskClient, path: str) -> str:
    page = client.get(path).get_data(as_text=True)
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())


def test_staff_ask_a_company_answers_by_its_link_and_staff_promise_the_run(
    client: FlaskClient, app: Flask, database: Database, people: People, run: Run
) -> None:
    sign_in(client, people.curator_user)
    page = text_of(client, "/planning/runs")
    assert "4 von 4 Personen" in page
    assert "1 Unternehmen anfragen" in page
    assert "7 Personen aus 1 Unternehmen" in page  # the suggestion for the other module
    assert "Mindestens 9 nötig, es fehlen 2." in page
    link = ask(client, database, people, run)
    assert "0 von 4 Personen" in text_of(client, "/planning/runs")

    visitor = app.test_client()
    page = visitor.get(link).get_data(as_text=True)
    assert "Kommen Ihre 4 Personen?" in page
    assert "Sicher &lt;b&gt;lagern" in page
    assert visitor.get(link).headers["Cache-Control"] == "no-store"
    refused = post(visitor, link, {"state": "coming", "people": "", "version": "1"})
    assert (refused.status_code, "wie viele Personen kommen" in refused.get_data(as_text=True)) == (422, True)
    answered = post(visitor, link, {"state": "coming", "people": "4", "version": "1"})
    assert answered.status_code == 303
    assert "4 Personen von Muster AG sind vorgemerkt" in text_of(visitor, answered.location)
    stale = post(visitor, link, {"state": "declined", "version": "1"})
    assert stale.status_code == 409
    assert visitor.get(link[:-1] + ("0" if link[-1] != "0" else "1")).status_code == 410

    assert "Mindestzahl erreicht" in text_of(client, "/planning/runs?show=ready")
    assert "Kommt zustande (1)" in text_of(client, "/curation").replace("Kommt zustande 1", "Kommt zustande (1)")
    with database.read() as session:
        version = session.scalars(select(Run.version)).one()
    assert "es fehlen Zusagen" in text_of(visitor, "/modules/safety")
    assert post(client, f"/planning/runs/{run.id}/confirm", {"version": version + 1}).status_code == 303
    assert post(client, f"/planning/runs/{run.id}/confirm", {"version": version}).status_code == 303
    with database.read() as session:
        assert session.scalars(select(Run.state)).one() == RunState.CONFIRMED
        actions = set(session.scalars(select(AuditEvent.action)))
    assert {"run.asked", "run.answered", "run.change", "report.view"} <= actions
    page = text_of(visitor, "/modules/safety")
    assert ("kommt zustande" in page, "es fehlen Zusagen" in page) == (True, False)


def test_the_question_waits_on_the_start_page_of_the_company(
    client: FlaskClient, app: Flask, database: Database, people: People, run: Run
) -> None:
    link = ask(client, database, people, run)
    own, member, stranger = link.rsplit("/", 1)[0], app.test_client(), app.test_client()
    sign_in(member, people.company_admin_user)
    page = member.get("/company").get_data(as_text=True)
    assert own in page
    sign_in(stranger, people.stranger_user)
    assert own not in stranger.get("/company").get_data(as_text=True)
    assert stranger.get(own).status_code == 404
    assert post(member, own, {"state": "other_time", "period": "2027-Q4", "version": "1"}).status_code == 303
    assert own not in member.get("/company").get_data(as_text=True)
    with database.write() as session:
        session.get_one(Run, run.id).state = RunState.CANCELLED
    assert "Dieser Termin ist abgesagt." in text_of(member, own)
    assert post(member, own, {"state": "coming", "people": "2", "version": "2"}).status_code == 409


def test_staff_enter_what_a_company_said_on_the_phone(client: FlaskClient, people: People, run: Run) -> None:
    sign_in(client, people.curator_user)
    path = f"/planning/runs/{run.id}/answers/muster-ag"
    assert 'value="4"' in client.get(path).get_data(as_text=True)
    assert post(client, path, {"state": "coming", "version": "0", "source": "call"}).status_code == 422
    assert post(client, path, {"state": "coming", "people": "3", "version": "0", "source": "call"}).status_code == 303
    assert "3 von 4 Personen" in text_of(client, "/planning/runs")
    assert client.get(f"/planning/runs/{run.id}/answers/unbekannt").status_code == 404


def test_a_suggestion_begins_the_form_of_a_run_and_lists_can_be_taken_away(
    client: FlaskClient, database: Database, people: People, run: Run
) -> None:
    sign_in(client, people.curator_user)
    page = client.get("/planning/runs").get_data(as_text=True)
    found = re.search(r'href="(/curation/modules/law/runs/new[^"]+)"', page)
    assert found
    form = client.get(found[1].replace("&amp;", "&")).get_data(as_text=True)
    with database.read() as session:
        law = session.scalars(select(Module).where(Module.slug == "law")).one()
    assert f'name="min_participants" type="text" value="{law.min_participants}"' in form
    assert re.search(r'name="starts_on" type="date" value="20\d\d-\d\d-\d\d"', form)
    for what in ("runs", "ideas"):
        assert client.get(f"/planning/runs/{what}.xlsx").status_code == 200
        assert "Muster AG" in client.get("/planning/runs/runs.csv").get_data(as_text=True)
    assert client.get("/planning/runs/other.csv").status_code == 404
    assert client.get("/planning/runs?show=x&page=0&ideas=-3").status_code == 200
