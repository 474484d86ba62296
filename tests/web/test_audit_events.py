"""Requirement 37: what has to leave a trace leaves exactly one, with who, what, when, and nothing secret."""

from datetime import date

import pytest
from flask.testing import FlaskClient

from catalogue.db import Database
from catalogue.models import AuditEvent, WorkflowState
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD


@pytest.fixture
def events(database: Database) -> "Events":
    return Events(database)


class Events:
    """What was recorded since the last look."""

    def __init__(self, database: Database) -> None:
        self.database, self.last = database, 0

    def new(self) -> list[AuditEvent]:
        with self.database.read() as session:
            rows = session.query(AuditEvent).filter(AuditEvent.id > self.last).order_by(AuditEvent.id).all()
        self.last = rows[-1].id if rows else self.last
        return rows


def test_each_event_of_the_list_leaves_one_row(
    client: FlaskClient, people: People, database: Database, events: Events
) -> None:
    with database.write() as session:
        values = {"summary": "Satz", "provider_text": "SLV", "as_of": date(2026, 1, 1), "runs": []}
        version = factories.make_module(
            session, "Prüfstand", slug="pruefstand", state=WorkflowState.REVIEW, **values
        ).version

    def one(action: str) -> AuditEvent:
        found = [event for event in events.new() if event.action == action]
        assert len(found) == 1, (action, found)
        return found[0]

    post(client, "/login", {"email": people.admin_user.email, "password": "ganz falsch"})
    assert one("login.failed").user_id is None
    sign_in(client, people.admin_user)
    assert one("login").user_id == people.admin_user.id
    post(client, f"/admin/users/{people.member_user.id}/role", {"role": "curator"})
    changed = one("role.changed")
    assert (changed.user_id, changed.details) == (people.admin_user.id, {"network_role": [None, "curator"]})
    client.get("/admin/users/list.csv")
    assert one("users.exported").user_id == people.admin_user.id
    client.get("/planning/matrix")
    assert [event.action for event in events.new()] == ["report.view"]
    assert post(client, "/curation/modules/pruefstand/steps/publish", {"version": version}).status_code == 303
    assert one("module.publish").thing_label == "Prüfstand"
    post(client, f"/admin/users/{people.curator_user.id}/delete", {"sure": "y"})
    erased = one("user.erased")
    assert (erased.user_id, erased.user_label) == (people.admin_user.id, "Nora Netz")
    assert "Clara" not in str(erased.details) + erased.thing_label
    post(client, "/logout")
    assert one("logout").company_id is None
    sign_in(client, people.stranger_user)
    events.new()
    assert client.get("/admin/users").status_code == 403
    assert one("access.refused").company_id == people.other_company.id


def test_no_event_holds_a_password_or_a_search(client: FlaskClient, people: People, events: Events) -> None:
    sign_in(client, people.member_user)
    post(client, "/account/password", {"current": "Geheimnis-Eins-2026", "new": "Geheimnis-Zwei-2026"})
    client.get("/?q=Geheimnis-Suche")
    client.get("/admin/users?q=Geheimnis-Suche")
    post(client, "/login", {"email": "Geheimnis-Adresse", "password": PASSWORD})
    said = " ".join(f"{event.user_label} {event.thing_label} {event.details}" for event in events.new())
    assert "Geheimnis" not in said
    assert PASSWORD not in said
