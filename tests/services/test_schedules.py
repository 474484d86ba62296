"""Publishing and archiving on a day: planned by staff, done by the worker, never in silence."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import AuditEvent, Module, WorkflowState
from catalogue.services import modules, reviewers, schedules, workflow
from catalogue.services.errors import Invalid, NotAllowed, Stale
from tests import factories
from tests.conftest import People

DAY = timedelta(days=1)


@pytest.fixture
def draft(database: Database) -> str:
    with database.write() as session:
        factories.make_module(
            session, "Kurs", state=WorkflowState.DRAFT, summary="Satz.", provider_text="SLV", as_of=date(2026, 1, 1)
        )
    return "kurs"


def plan(database: Database, people: People, publish_on: date | None, archive_on: date | None = None) -> None:
    with database.write() as session:
        module = modules.get(session, people.curator, "kurs")
        schedules.plan(session, people.curator, module, publish_on, archive_on, module.version)


def state(database: Database) -> WorkflowState:
    with database.read() as session:
        return session.scalars(select(Module.state)).one()


def test_a_module_is_published_and_archived_on_its_days(database: Database, people: People, draft: str) -> None:
    day = schedules.today() + DAY
    plan(database, people, day, day + DAY)
    assert schedules.run_due(database) == 0
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert schedules.run_due(database, noon) == 1
    assert state(database) == WorkflowState.PUBLISHED
    assert schedules.run_due(database, noon) == 0
    assert schedules.run_due(database, noon + DAY) == 1
    assert state(database) == WorkflowState.ARCHIVED
    with database.read() as session:
        events = session.execute(select(AuditEvent.action, AuditEvent.user_label).order_by(AuditEvent.id)).all()
        assert [tuple(event) for event in events] == [
            ("module.planned", "Clara Netz"), ("module.publish", "System"), ("module.archive", "System"),
        ]  # fmt: skip


def test_a_worker_that_slept_does_both_in_order(database: Database, people: People, draft: str) -> None:
    day = schedules.today() + DAY
    plan(database, people, day, day + DAY)
    late = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + 5 * DAY
    assert schedules.run_due(database, late) == 2
    assert state(database) == WorkflowState.ARCHIVED


def test_a_day_begins_at_midnight_in_berlin() -> None:
    assert schedules.today(datetime(2026, 7, 1, 21, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert schedules.today(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == date(2026, 7, 2)


def test_what_cannot_be_published_any_more_stays_and_the_record_says_why(
    database: Database, people: People, draft: str
) -> None:
    day = schedules.today() + DAY
    plan(database, people, day)
    with database.write() as session:
        session.scalars(select(Module)).one().summary = ""
    assert schedules.run_due(database, datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) == 0
    with database.read() as session:
        module = session.scalars(select(Module)).one()
        assert (module.state, module.publish_on) == (WorkflowState.DRAFT, None)
        assert session.scalars(select(AuditEvent.action)).all()[-1] == "module.publish_refused"


def test_a_step_by_hand_ends_the_plan(database: Database, people: People, draft: str) -> None:
    plan(database, people, schedules.today() + DAY)
    with database.write() as session:
        module = modules.get(session, people.curator, "kurs")
        workflow.publish(session, people.curator, module)
        assert module.publish_on is None


def test_senseless_days_are_refused(database: Database, people: People, draft: str) -> None:
    day = schedules.today()
    for publish_on, archive_on, field in (
        (day, None, "publish_on"), (None, day - DAY, "archive_on"), (day + DAY, day + DAY, "archive_on"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            plan(database, people, publish_on, archive_on)
        assert list(refused.value.fields) == [field]
    with database.write() as session:
        module = modules.get(session, people.curator, "kurs")
        with pytest.raises(Stale):
            schedules.plan(session, people.curator, module, day + DAY, None, module.version + 1)
        with pytest.raises(NotAllowed):
            schedules.plan(session, people.company_admin, module, day + DAY, None, module.version)


def test_a_module_in_review_names_its_reviewer(database: Database, people: People, draft: str) -> None:
    with database.write() as session:
        module = modules.get(session, people.curator, "kurs")
        nora = reviewers.find(session, people.curator, str(people.admin_user.id))
        workflow.step(session, people.curator, module, "submit", module.version, nora)
        assert module.reviewer_id == people.admin_user.id
        for stranger in (str(people.member_user.id), "x"):
            with pytest.raises(Invalid):
                reviewers.find(session, people.curator, stranger)
        workflow.publish(session, people.curator, module)
        assert module.reviewer_id is None
