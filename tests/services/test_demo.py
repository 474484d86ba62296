"""The invented world of the demo: plausible, clearly invented, never mixed with anything real."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Action, Company, Decision, Demand, DemandEvent, Feedback, Relevance, Run, User, Wish
from catalogue.paths import resources
from catalogue.services import demand_events, demo, documents, loading, passwords
from catalogue.services.permissions import SYSTEM
from catalogue.services.secrets import check_password
from tests import factories
from tests.conftest import ON_SQLITE

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def fill(session: Session) -> None:
    loading.load(session, SYSTEM, documents.read(resources("data/modules")))
    assert demo.load(session, NOW)


def count(session: Session, kind: type) -> int:
    return session.scalar(select(func.count()).select_from(kind)) or 0


def test_the_demo_has_something_of_everything_and_a_second_load_adds_nothing(session: Session) -> None:
    fill(session)
    kinds = (Company, User, Demand, DemandEvent, Wish, Feedback, Run, Decision, Action)
    before = [count(session, kind) for kind in kinds]
    assert before[0] == 12
    assert min(before) >= 4
    assert count(session, Demand) > 100
    assert not demo.load(session, NOW)
    assert [count(session, kind) for kind in kinds] == before


def test_the_demo_never_mixes_with_real_companies(session: Session) -> None:
    factories.make_company(session, "Echte GmbH")
    assert not demo.load(session, NOW)
    assert count(session, Company) == 1


@ON_SQLITE
def test_everybody_is_clearly_invented_and_signs_in_with_the_printed_password(session: Session) -> None:
    fill(session)
    assert all("Muster" in name for name in session.scalars(select(Company.name)))
    people = {user.email: user for user in session.scalars(select(User))}
    assert all(email.endswith("muster.example") for email in people)
    assert {email for email, _ in demo.LOGINS} <= set(people)
    assert check_password(demo.PASSWORD, people[demo.LOGINS[0][0]].password_hash)
    assert passwords.check_new(demo.PASSWORD) == demo.PASSWORD


@ON_SQLITE
def test_each_demand_says_what_its_last_event_says_and_nothing_lies_in_the_future(session: Session) -> None:
    fill(session)
    for demand in session.scalars(select(Demand)):
        last = demand_events.of(session, demand)[0]
        assert last.snapshot == demand_events.snapshot(demand)
    times = list(session.scalars(select(DemandEvent.at).order_by(DemandEvent.id)))
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert (NOW - times[0]).days > 150


@ON_SQLITE
def test_several_modules_are_wanted_by_enough_companies_to_show_sums(session: Session) -> None:
    fill(session)
    wanted = (Demand.withdrawn_at.is_(None), Demand.relevance != Relevance.NONE)
    per_module = session.execute(select(Demand.module_id, func.count()).where(*wanted).group_by(Demand.module_id)).all()
    assert len(per_module) >= 25
    assert sum(companies >= 6 for _, companies in per_module) >= 6


@ON_SQLITE
def test_runs_lead_up_to_decisions_and_never_start_on_a_weekend(session: Session) -> None:
    fill(session)
    runs = list(session.scalars(select(Run)))
    assert all(run.starts_on.weekday() < 5 for run in runs)
    assert all(run.decide_by is None or run.decide_by < run.starts_on for run in runs)
    assert any(run.starts_on > NOW.date() for run in runs)
