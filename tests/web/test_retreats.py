"""The pages of the moderation: rights, agenda, the slide and its numbers, what is taken away."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import AuditEvent, Importance, RetreatState
from catalogue.services import retreat_votes, retreats
from catalogue.services.permissions import SYSTEM
from catalogue.services.retreat_votes import VoteInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People
from tests.retreats import items_of, make_retreat, phones

pytestmark = ON_SQLITE
FORM = {
    "title": "Klausur 2027",
    "day": "2027-01-20",
    "as_of": "2026-11-01",
    "way": "points",
    "budget": "8",
    "asks_recommendation": "y",
}


@pytest.fixture
def staff(client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.curator_user)
    return client


def test_a_klausur_is_prepared_opened_and_shown(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        slugs = [factories.make_module(session, title).slug for title in ("Batterieführerschein", "Löschübung")]
    made = post(staff, "/klausur/new", FORM)
    page = made.headers["Location"]
    assert "Noch kein Modul" in staff.get(page).get_data(as_text=True)
    post(staff, f"{page}/items", {"module": [*slugs, "gibt-es-nicht"]})
    assert "2 Module" in staff.get(page).get_data(as_text=True)
    post(staff, f"{page}/state", {"state": "open"})
    with database.read() as session:
        first = items_of(session, retreats.listed(session, SYSTEM)[0][0])[0]
    answer = post(staff, f"{page}/show", {"item": str(first.id)})
    slide = staff.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Batterieführerschein" in slide
    assert "Modul 1 von 2" in slide
    assert "Die Zahl wird gezeigt, sobald mindestens 6 Unternehmen" in slide
    assert "Löschübung" not in slide


def test_numbers_are_sent_once(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        retreat = make_retreat(session, 1)
        item = items_of(session, retreat)[0]
        token = phones(session, retreat, 2)[0]
    address = f"/klausur/{retreat.id}/live"
    first = staff.get(address)
    assert first.json["participants"] == 2
    known = {"If-None-Match": first.headers["ETag"]}
    assert staff.get(address, headers=known).status_code == 304
    with database.write() as session:
        retreat_votes.vote(session, token, item.id, VoteInput(Importance.MUST))
    changed = staff.get(address, headers=known)
    assert (changed.status_code, changed.json["values"]["importance-must"], changed.json["voters"]) == (200, 1, 1)


def test_wrong_input_is_refused_in_words(staff: FlaskClient, database: Database) -> None:
    wrong = post(staff, "/klausur/new", {**FORM, "title": " ", "budget": "0", "as_of": "2199-01-01", "day": ""})
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    for sentence in ("Geben Sie der Klausur einen Namen", "Wählen Sie einen Tag", "in der Zukunft", "von 1 bis 100"):
        assert sentence in text
    with database.write() as session:
        page = f"/klausur/{make_retreat(session, 0, running=False).id}"
    assert post(staff, f"{page}/state", {"state": "open"}).status_code == 409
    assert post(staff, f"{page}/state", {"state": "nonsense"}).status_code == 422
    assert post(staff, f"{page}/show", {"item": "nonsense"}).status_code == 404
    assert staff.get(f"/klausur/{uuid4()}/slide").status_code == 404


def test_the_result_is_shown_and_taken_away(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        retreat = make_retreat(session, 2)
        token = phones(session, retreat, 1)[0]
        retreat_votes.vote(session, token, items_of(session, retreat)[1].id, VoteInput(Importance.MUST))
    page = staff.get(f"/klausur/{retreat.id}/result").get_data(as_text=True)
    assert "ohne Stimmen" in page
    assert "zu wenige Unternehmen für eine Zahl" in page
    for format in ("csv", "xlsx"):
        assert staff.get(f"/klausur/{retreat.id}/result.{format}").status_code == 200
    assert staff.get(f"/klausur/{retreat.id}/result.exe").status_code == 404
    with database.read() as session:
        assert len(session.scalars(select(AuditEvent).where(AuditEvent.action == "retreat.export")).all()) == 2


def test_a_klausur_that_runs_is_not_deleted(staff: FlaskClient, database: Database) -> None:
    with database.write() as session:
        retreat = make_retreat(session, 1)
    assert post(staff, f"/klausur/{retreat.id}/delete").status_code == 409
    with database.write() as session:
        for state in (RetreatState.LOCKED, RetreatState.CLOSED):
            retreats.set_state(session, SYSTEM, retreat.id, state)
    assert post(staff, f"/klausur/{retreat.id}/delete").status_code == 303
    assert staff.get(f"/klausur/{retreat.id}").status_code == 404
