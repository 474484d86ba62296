"""Deciding in the browser: who decides, who reads what, what is late, what two people do at once."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Action, ActionState, AuditEvent, Decision, DecisionKind
from catalogue.services import actions, decisions, demand, reports
from catalogue.services.actions import ActionInput
from catalogue.services.decisions import DecisionInput
from catalogue.services.demand import DemandInput
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import ON_SQLITE, People

pytestmark = ON_SQLITE
DAY = timedelta(days=1)
WORDS = {"kind": "carry_out", "answer": "Zwei Termine 2027.", "reason": "Intern geheim", "responsible": "AK Bildung"}


@pytest.fixture
def staff(client: FlaskClient, people: People, database: Database) -> FlaskClient:
    """A curator; Muster marked „Sicher lagern“ for 12 people, which is much."""
    with database.write() as session:
        module = factories.make_module(session, "Sicher lagern", slug="lagern")
        demand.mark(session, people.member, module, DemandInput(people=12))
        factories.make_module(session, "Wenig gewollt", slug="wenig")
    sign_in(client, people.curator_user)
    return client


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def only(database: Database, kind: type) -> object:
    with database.read() as session:
        return session.scalars(select(kind)).one()


def test_what_many_want_waits_until_it_is_decided(staff: FlaskClient, database: Database) -> None:
    shown = page(staff, "/planning/decisions/open")
    assert "1 von 1 Modulen" in shown
    assert "Sicher lagern" in shown
    assert "Wenig gewollt" not in shown
    assert "<dd><a" in page(staff, "/planning/modules/lagern/decision")  # the figures lead to the statements
    answer = post(staff, "/planning/modules/lagern/decision", WORDS)
    decision = only(database, Decision)
    assert isinstance(decision, Decision)
    assert answer.headers["Location"] == f"/planning/decisions/{decision.id}"
    shown = page(staff, answer.headers["Location"])
    assert "1 Unternehmen liest das." in shown
    assert "1 Unternehmen lesen den Satz" in shown
    assert "0 von 1 Modulen" in page(staff, "/planning/decisions/open")
    shown = page(staff, "/planning/decisions")
    for words in ("Sicher lagern", "durchführen", "Zwei Termine 2027.", "AK Bildung"):
        assert words in shown


def test_input_is_kept_and_named_where_it_breaks_a_rule(staff: FlaskClient) -> None:
    answer = post(staff, "/planning/modules/lagern/decision", {"answer": "Ja.", "decided_on": "gestern"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Wählen Sie, was aus dem Modul wird." in shown
    assert "Geben Sie ein Datum an" in shown
    assert "Ja.</textarea>" in shown
    forged = post(staff, "/planning/modules/lagern/decision", WORDS | {"responsible_id": "x"})
    assert forged.status_code == 422
    assert "Wählen Sie jemanden aus der Liste." in forged.get_data(as_text=True)


def test_two_people_do_not_overwrite_each_other(staff: FlaskClient, database: Database) -> None:
    assert post(staff, "/planning/modules/lagern/decision", WORDS | {"read": ""}).status_code == 303
    again = post(staff, "/planning/modules/lagern/decision", WORDS | {"kind": "drop", "read": ""})
    assert again.status_code == 409
    shown = again.get_data(as_text=True)
    assert "Gespeichert ist jetzt: durchführen." in shown
    decision = only(database, Decision)
    assert isinstance(decision, Decision)
    assert f'name="read" value="{decision.id}"' in shown
    address = f"/planning/decisions/{decision.id}"
    assert post(staff, address, WORDS | {"kind": "adapt", "version": "1"}).status_code == 303
    stale = post(staff, address, WORDS | {"kind": "drop", "answer": "Meins.", "version": "1"})
    assert stale.status_code == 409
    shown = stale.get_data(as_text=True)
    assert "Gespeichert ist jetzt: anpassen" in shown
    assert "Meins.</textarea>" in shown
    assert post(staff, f"{address}/withdraw", {"end_reason": "weg", "version": "1"}).status_code == 409


def test_done_undone_taken_back(staff: FlaskClient, database: Database, people: People) -> None:
    address = post(staff, "/planning/modules/lagern/decision", WORDS).headers["Location"]
    post(staff, f"{address}/finish", {"done_note": "Am 4. Mai in Jena", "version": "1"})
    assert "Am 4. Mai in Jena" in page(staff, address)
    assert "Sicher lagern" not in page(staff, "/planning/decisions").split("<tbody>")[-1].split("</tbody>")[0]
    assert "Sicher lagern" in page(staff, "/planning/decisions?state=done")
    post(staff, f"{address}/reopen")
    assert "Am 4. Mai in Jena" not in page(staff, address)
    empty = post(staff, f"{address}/withdraw", {"version": "3"})
    assert empty.status_code == 422
    assert "Schreiben Sie, warum die Entscheidung zurückgenommen wird." in empty.get_data(as_text=True)
    post(staff, f"{address}/withdraw", {"end_reason": "Verwechselt", "version": "3"})
    assert "Verwechselt" in page(staff, address)
    assert "1 von 1 Modulen" in page(staff, "/planning/decisions/open")


def test_late_is_named_everywhere(staff: FlaskClient, database: Database, people: People) -> None:
    on = reports.today()
    with database.write() as session:
        module = demand.subject(session, people.curator, "lagern")
        past = DecisionInput(DecisionKind.ADAPT, due_on=on - DAY, decided_on=on - 9 * DAY)
        decision = decisions.decide(session, people.curator, module, past)
        late = ActionInput("Anbieter fragen", due_on=on - DAY, responsible="AK", decision_id=decision.id)
        actions.create(session, people.curator, late)
    shown = page(staff, "/planning/decisions?late=1")
    assert shown.count("überfällig seit") == 1
    assert "(1 überfällig)" in shown
    assert "überfällig seit" in page(staff, "/planning/actions?late=1")
    assert "Anbieter fragen" in page(staff, f"/planning/decisions/{decision.id}")


def test_actions_are_added_changed_and_kept_apart(staff: FlaskClient, database: Database) -> None:
    address = post(staff, "/planning/modules/lagern/decision", WORDS).headers["Location"]
    decision_id = address.rpartition("/")[2]
    new = f"/planning/actions/new?decision={decision_id}"
    assert "Sicher lagern" in page(staff, new)
    assert post(staff, new, {"title": ""}).status_code == 422
    assert (
        post(staff, new, {"title": "Räume suchen", "due_on": "2027-01-31"}).headers["Location"] == f"{address}#aufgaben"
    )
    action = only(database, Action)
    assert isinstance(action, Action)
    given = {"title": "Räume suchen", "state": "done", "note": "gefunden", "version": "1"}
    assert post(staff, f"/planning/actions/{action.id}", given | {"state": "dropped", "note": ""}).status_code == 422
    assert (
        post(staff, f"/planning/actions/{action.id}?next=/planning/actions", given).headers["Location"]
        == "/planning/actions"
    )
    assert post(staff, f"/planning/actions/{action.id}", given).status_code == 409
    action = only(database, Action)
    assert isinstance(action, Action)
    assert (action.state, str(action.decision_id)) == (ActionState.DONE, decision_id)
    assert "Räume suchen" not in page(staff, "/planning/actions").split("<tbody>")[-1].split("</tbody>")[0]
    assert "gefunden" in page(staff, "/planning/actions?state=done")


def test_exports_are_the_lists_and_are_recorded(staff: FlaskClient, database: Database) -> None:
    post(staff, "/planning/modules/lagern/decision", WORDS | {"answer": "=1+1"})
    post(staff, "/planning/actions/new", {"title": "Räume suchen"})
    text = staff.get("/planning/decisions.csv?kind=carry_out").get_data().decode("utf-8-sig")
    assert "'=1+1" in text
    assert "Intern geheim" in text
    assert len(staff.get("/planning/decisions.csv?kind=drop").get_data().decode("utf-8-sig").splitlines()) == 1
    assert staff.get("/planning/decisions.xlsx").status_code == 200
    assert "Räume suchen" in staff.get("/planning/actions.csv").get_data().decode("utf-8-sig")
    assert staff.get("/planning/decisions.pdf").status_code == 404
    with database.read() as session:
        done = set(session.scalars(select(AuditEvent.action)))
    assert {"decision.exported", "action.exported", "decision.made", "action.added"} <= done


@pytest.mark.parametrize(
    "address",
    [
        "/planning/decisions?state=x&kind=y&late=z&responsible=%27&topic=%C3%A4&page=-3",
        "/planning/decisions?page=99999999999999999999",
        "/planning/decisions/open?page=x&as_of=nie",
        "/planning/actions?state=x&responsible=00000000-0000-0000-0000-000000000000&page=7",
    ],
)
def test_broken_addresses_show_the_plain_list(staff: FlaskClient, address: str) -> None:
    page(staff, address)


@pytest.mark.parametrize("address", ["/planning/actions/new?decision=x", "/planning/modules/nie/decision"])
def test_what_is_not_there_is_not_found(staff: FlaskClient, address: str) -> None:
    assert staff.get(address).status_code == 404


def test_on_the_beamer_of_a_klausur_there_are_no_figures(staff: FlaskClient) -> None:
    address = "/planning/modules/lagern/decision?source=Klausur+2026"
    shown = page(staff, address)
    assert 'value="Klausur 2026"' in shown
    assert "/planning/rows" not in shown
    assert "/planning/rows" not in post(staff, address, {"answer": "?"}).get_data(as_text=True)
    assert "/planning/rows" in page(staff, "/planning/modules/lagern/decision")
