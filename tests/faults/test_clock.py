"""Clocks jump: an hour back, over a leap day, into another year, between summer and winter. Nothing gets a negative age or counts twice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from catalogue.db import Database
from catalogue.models import SentForm
from catalogue.search.index import SearchIndex
from catalogue.services import demand, readiness, reports, sent_forms, sessions, throttle
from catalogue.services.demand import DemandInput
from catalogue.services.errors import TooMany
from catalogue.services.outbox import send
from catalogue.services.report_query import ReportQuery
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.table import Faults

pytestmark = pytest.mark.short
MOMENTS = {
    "summer time begins": datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC),
    "winter time begins": datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC),
    "leap day": datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC),
    "year end": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
}
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that only moves when it is told to."""
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def test_an_hour_back_makes_no_negative_ages(
    settings: Settings, database: Database, index: SearchIndex, clock: time_machine.Traveller
) -> None:
    with database.write() as session:
        send(session, "a@muster.example", "Betreff", "Text")
        factories.make_module(session)
    clock.shift(-HOUR)
    found = readiness.look(settings, database, index).queues
    assert found
    assert (found.mails, found.oldest_mail_seconds, found.oldest_change_seconds) == (1, 0, 0)


def test_an_hour_back_ends_no_sign_in_and_lengthens_none_for_good(
    settings: Settings, database: Database, people: People, clock: time_machine.Traveller
) -> None:
    with database.write() as session:
        token = sessions.start(session, settings, people.member_user, "127.0.0.1", "Browser")
    clock.shift(-HOUR)
    with database.write() as session:
        found = sessions.resume(session, settings, token)
        assert found
        sessions.touch(session, found.id)
    clock.shift(timedelta(hours=settings.session_idle_hours + 1, minutes=1))
    with database.read() as session:
        assert sessions.resume(session, settings, token) is None


def test_an_hour_back_frees_nobody_who_guesses(database: Database, clock: time_machine.Traveller) -> None:
    limit = throttle.Limit("pair", "a@muster.example 192.0.2.0", 3, timedelta(minutes=5))
    for _ in range(3):
        with database.write() as session:
            throttle.reserve(session, [limit])
    clock.shift(-HOUR)
    with pytest.raises(TooMany) as refused, database.write() as session:
        throttle.reserve(session, [limit])
    assert 0 < refused.value.seconds <= HOUR.total_seconds() + 300


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_demand_around_midnight_counts_once_and_on_its_day(
    database: Database, people: People, clock: time_machine.Traveller, moment: str, faults: Faults
) -> None:
    clock.move_to(MOMENTS[moment])
    with database.write() as session:
        module = factories.make_module(session, "Sicherheit", slug="sicherheit")
    for actor in (people.member, people.stranger):
        with database.write() as session:
            demand.mark(session, actor, demand.subject(session, actor, "sicherheit"), DemandInput(people=3))
        clock.shift(timedelta(seconds=2))
    day = MOMENTS[moment].date() + timedelta(days=3)
    clock.shift(timedelta(days=5))
    with database.read() as session:
        report = reports.interest(session, people.admin, ReportQuery(as_of=day))
        before = reports.interest(session, people.admin, ReportQuery(as_of=day - timedelta(days=30)))
    faults.record("R17", moment, tries=2, lost=2 - report.total.companies, duplicated=0)
    assert (report.total.companies, report.total.people) == (2, 6)
    assert before.total.companies == 0
    assert module.slug == "sicherheit"


@pytest.mark.parametrize("start", [date(2028, 2, 29), date(2026, 12, 31), date(2027, 3, 28)])
def test_what_is_kept_for_days_is_kept_for_days(database: Database, clock: time_machine.Traveller, start: date) -> None:
    clock.move_to(datetime.combine(start, datetime.min.time(), UTC))
    with database.write() as session:
        session.add(SentForm(key="form"))
    clock.shift(sent_forms.KEEP - timedelta(seconds=1))
    with database.write() as session:
        assert sent_forms.prune(session) == 0
    clock.shift(timedelta(seconds=2))
    with database.write() as session:
        assert sent_forms.prune(session) == 1
