"""The record only grows, whoever asks the database: changed only where a person becomes a pseudonym, shortened only by a year."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from catalogue.db import Database, DBAPIError, utcnow
from catalogue.models import AuditEvent
from catalogue.services import audit
from tests.conftest import People


@pytest.fixture
def event_id(database: Database, people: People) -> int:
    with database.write() as session:
        audit.record(session, people.member, "role.changed", people.member_user, role=["member", "admin"])
        session.flush()
        return session.scalars(sa.select(AuditEvent.id)).one()


@pytest.mark.parametrize(
    "values",
    [
        {"action": "login"}, {"at": utcnow()}, {"user_label": "Bob"}, {"user_id": None}, {"thing_label": "anders"},
        {"details": {}}, {"thing_id": "x"}, {"user_label": "ehemalige Person", "action": "login"}, {"company_id": None},
    ],
)  # fmt: skip
def test_no_statement_changes_an_event(database: Database, event_id: int, values: dict[str, object]) -> None:
    with pytest.raises(DBAPIError, match="only ever added"), database.write() as session:
        session.execute(sa.update(AuditEvent).where(AuditEvent.id == event_id).values(**values))


def test_a_person_may_become_a_pseudonym(database: Database, event_id: int) -> None:
    with database.write() as session:
        session.execute(
            sa.update(AuditEvent).values(
                user_label="ehemalige Person 12ab34",
                thing_label="ehemalige Person 12ab34",
                details={"to": "ehemalige Person"},
            )
        )
    with database.read() as session:
        assert session.scalars(sa.select(AuditEvent.user_label)).one() == "ehemalige Person 12ab34"


def test_young_events_cannot_be_deleted_and_old_ones_can(database: Database, event_id: int) -> None:
    for delete in ("DELETE FROM audit_event", "TRUNCATE audit_event"):
        if not (database.is_sqlite and delete.startswith("TRUNCATE")):
            with pytest.raises(DBAPIError, match="only ever added"), database.write() as session:
                session.execute(sa.text(delete))
    with database.write() as session:
        session.add(AuditEvent(at=utcnow() - timedelta(days=366), action="login"))
        session.flush()
        session.execute(sa.delete(AuditEvent).where(AuditEvent.id != event_id))
    with database.read() as session:
        assert session.scalars(sa.select(AuditEvent.id)).all() == [event_id]
