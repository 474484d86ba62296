"""What is over is deleted, what is not stays; people are told twice before their account goes, and never twice the same."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from catalogue.db import Database, Session, utcnow
from catalogue.models import AuditEvent, Invitation, OutboxMail, PersonCopy, User
from catalogue.services import audit, inactivity, retention, sessions
from catalogue.services.permissions import SYSTEM
from catalogue.services.personal_data import Kept
from catalogue.services.personal_tables import HOLDINGS
from catalogue.settings import Settings
from tests import factories
from tests.conftest import ON_SQLITE, People

START = datetime(2024, 1, 10, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def served(settings: Settings) -> Settings:
    return replace(settings, smtp_host="mail.example", account_inactive_days=365)


def subjects(session: Session, email: str) -> list[str]:
    return list(
        session.scalars(sa.select(OutboxMail.dedupe_key).where(OutboxMail.to == email).order_by(OutboxMail.created_at))
    )


def pass_days(session: Session, settings: Settings, first: int, last: int, *, deliver: bool = True) -> int:
    """Let the worker run every second day and on the last, twice; return how many accounts were deleted."""
    deleted = 0
    for day in sorted({*range(first, last, 2), last - 1}):
        with time_machine.travel(START + day * DAY, tick=False):
            deleted += sum(inactivity.run(session, settings) for _ in range(2))
            if deliver:
                session.execute(sa.update(OutboxMail).where(OutboxMail.sent_at.is_(None)).values(sent_at=utcnow()))
    return deleted


def unused(session: Session, **values: object) -> User:
    return factories.make_user(session, "still@muster.example", created_at=START, **values)  # type: ignore[arg-type]


def test_an_unused_account_is_told_twice_and_then_deleted(session: Session, served: Settings) -> None:
    unused(session, last_login_at=START)
    assert pass_days(session, served, 330, 335) == 0
    assert subjects(session, "still@muster.example") == []
    assert pass_days(session, served, 336, 350) == 0
    assert len(subjects(session, "still@muster.example")) == 1
    assert pass_days(session, served, 350, 366) == 0
    kinds = [key.split(":")[0] for key in subjects(session, "still@muster.example")]
    assert kinds == ["warned", "reminded"]
    assert pass_days(session, served, 366, 370) == 1
    assert session.scalars(sa.select(User).where(User.email == "still@muster.example")).all() == []
    assert subjects(session, "still@muster.example") == []


@ON_SQLITE
def test_who_signs_in_keeps_the_account_and_is_told_anew_much_later(session: Session, served: Settings) -> None:
    user = unused(session, last_login_at=START)
    pass_days(session, served, 336, 362)
    with time_machine.travel(START + 363 * DAY, tick=False):
        sessions.start(session, served, user)
    assert (user.warned_at, user.reminded_at) == (None, None)
    assert pass_days(session, served, 363, 380) == 0
    assert len(subjects(session, "still@muster.example")) == 2
    assert pass_days(session, served, 363 + 336, 363 + 372) == 1


@ON_SQLITE
def test_nobody_is_deleted_who_could_not_be_told(session: Session, served: Settings) -> None:
    unused(session, last_login_at=START)
    assert pass_days(session, served, 336, 420, deliver=False) == 0
    assert inactivity.run(session, replace(served, smtp_host="")) == 0
    assert inactivity.run(session, replace(served, account_inactive_days=0)) == 0


@ON_SQLITE
def test_after_a_long_pause_of_the_worker_there_is_still_time_to_sign_in(session: Session, served: Settings) -> None:
    unused(session, last_login_at=START)
    assert pass_days(session, served, 900, 901) == 0
    assert pass_days(session, served, 901, 930) == 0
    assert pass_days(session, served, 930, 932) == 1


@ON_SQLITE
def test_the_last_network_admin_stays(session: Session, served: Settings) -> None:
    unused(session, network_role="admin", last_login_at=START)
    assert pass_days(session, served, 336, 420) == 0


@ON_SQLITE
def test_a_program_that_uses_a_key_uses_the_account(session: Session, served: Settings) -> None:
    user = unused(session, last_login_at=START)
    session.execute(
        sa.insert(sa.inspect(User).registry.metadata.tables["api_token"]).values(
            id=user.id, user_id=user.id, name="x", token_hash="y", created_at=START, used_at=START + 300 * DAY
        )
    )
    assert pass_days(session, served, 336, 420) == 0


# all periods


def test_every_period_deletes_what_is_over_and_nothing_else(
    database: Database, people: People, settings: Settings
) -> None:
    now = utcnow()
    with database.write() as session:
        for age in (1, 2000):
            session.add(AuditEvent(at=now - age * DAY, action="login"))
            session.add(PersonCopy(user_id=people.member_user.id, asked_at=now - age * DAY))
            session.add(OutboxMail(to="x@y.example", subject="s", text="", sent_at=now - age * DAY))
            session.add(
                Invitation(
                    email="a@b.example", role="member", token_hash=str(age), created_at=now, expires_at=now - age * DAY
                )
            )
    would = retention.preview(database, settings)
    assert (would["audit"], would["person_copies"], would["mails"], would["invitations"]) == (1, 1, 1, 1)
    done = retention.run(database, settings)
    assert done == would
    assert sum(retention.run(database, settings).values()) == 0
    with database.read() as session:
        proof = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "retention.done")).all()
        assert {event.details["rows"] for event in proof} == {1}
        assert session.scalar(sa.select(sa.func.count()).select_from(PersonCopy)) == 1


def test_the_record_is_kept_for_a_year_at_least_whatever_the_clock_says(database: Database, people: People) -> None:
    with database.write() as session:
        audit.record(session, people.member, "login")
        session.add(AuditEvent(at=utcnow() - 364 * DAY, action="login"))
    with time_machine.travel(utcnow() + 5000 * DAY), database.write() as session:
        assert audit.prune(session, 365) == 0


def test_every_declared_period_exists(settings: Settings) -> None:
    known = {period.key for period in retention.periods(settings)}
    named = {holding.period for holding in HOLDINGS.values() if holding.period}
    assert named <= known
    assert [table for table, one in HOLDINGS.items() if one.kept == Kept.PERIOD and not one.period] == []
    assert all(period.days >= 1 for period in retention.periods(settings))


KILLED = """
import os, sys
from catalogue.db import Database
from catalogue.services import erasure, inactivity
from catalogue.settings import Settings
whole = erasure.scrubbing.mentions
erasure.scrubbing.mentions = lambda *given: os.kill(os.getpid(), 9)
with Database(Settings.from_env().database_url).write() as session:
    inactivity.run(session, Settings.from_env())
"""


@ON_SQLITE
def test_killed_in_the_middle_nothing_is_half_deleted(database: Database, served: Settings) -> None:
    with database.write() as session:
        user = unused(session, last_login_at=START, warned_at=START + 336 * DAY, reminded_at=START + 360 * DAY)
        audit.record(session, SYSTEM, "user.added", user, label=user.email)
    environment = {"CATALOGUE_STATE": str(served.state), "CATALOGUE_SMTP_HOST": "mail.example", "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)  # noqa: S603
    assert done.returncode == -9
    with database.write() as session:
        assert session.scalars(sa.select(User.email)).all() == ["still@muster.example"]
        assert session.scalars(sa.select(AuditEvent.thing_label)).all() == ["still@muster.example"]
        assert inactivity.run(session, served) == 1
