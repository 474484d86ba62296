"""What companies read of decisions: each its own part, with the right days, and nothing of others or of the reasons.

The golden example, reckoned by hand. Days before today: 100 marked by Muster (4 people) and Beispiel (9), 40 Beispiel takes its mark
back, 30 decided, 20 Dritte marks (2), 10 Vierte says "nicht relevant". Concerned are Muster (demand all the time), Dritte (demand now)
and Beispiel only if the day of the decision comes before day 40. Fünfte said nothing and reads nothing.
"""

from datetime import datetime, timedelta

import pytest

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    Decision,
    DecisionKind,
    Demand,
    DemandEvent,
    Module,
    Relevance,
    Run,
    RunState,
    User,
    Wish,
    WishSupport,
)
from catalogue.services import decision_outcomes, decisions, demand, sessions
from catalogue.services import reports as clock
from catalogue.services.decision_outcomes import DecisionOutcome
from catalogue.services.decisions import DecisionInput
from catalogue.services.demand import DemandInput
from catalogue.services.permissions import VISITOR, Actor
from tests import factories
from tests.conftest import People

CARRY_OUT, ADAPT, WATCH, DROP = DecisionKind
DAY = timedelta(days=1)


def ago(days: int) -> datetime:
    return utcnow() - days * DAY


def member(session: Session, name: str) -> Actor:
    company = factories.make_company(session, name)
    return sessions.actor_of(factories.make_user(session, company=company))


def said(session: Session, actor: Actor, module: Module, days: int, **values: object) -> Demand:
    """A mark as if it had been made so many days ago."""
    record = demand.mark(session, actor, module, DemandInput(**values))  # type: ignore[arg-type]
    return _dated(session, record, days)


def _dated(session: Session, record: Demand, days: int) -> Demand:
    event = session.query(DemandEvent).filter_by(demand_id=record.id).order_by(DemandEvent.id.desc()).first()
    assert event
    event.at = ago(days)
    if event.action == "marked":
        record.created_at = ago(days)
    else:
        record.withdrawn_at = ago(days)
    session.flush()
    return record


def decided(
    session: Session, people: People, module: Module, days: int, kind: DecisionKind = CARRY_OUT, **more: object
) -> Decision:
    given = DecisionInput(kind, "Zwei Termine 2027.", "Intern: zu teuer", decided_on=clock.today() - days * DAY, **more)  # type: ignore[arg-type]
    decision = decisions.decide(session, people.curator, module, given)
    decision.created_at = decision.published_at = ago(days)
    session.flush()
    return decision


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Sicher lagern")


def read_by(session: Session, actor: Actor) -> list[DecisionOutcome]:
    return decision_outcomes.for_company(session, actor)


@pytest.mark.parametrize(("days", "beispiel"), [(30, False), (50, True)])
def test_concerned_is_who_spoke_then_or_speaks_now(
    session: Session, people: People, module: Module, days: int, beispiel: bool
) -> None:
    third, fourth, fifth = (member(session, name) for name in ("Dritte", "Vierte", "Fünfte"))
    said(session, people.member, module, 100, people=4)
    said(session, people.stranger, module, 100, people=9)
    _dated(session, demand.withdraw(session, people.stranger, module), 40)
    said(session, third, module, 20, people=2)
    said(session, fourth, module, 10, relevance=Relevance.NONE)
    decision = decided(session, people, module, days)
    found = {
        actor.company_name: read_by(session, actor) for actor in (people.member, people.stranger, third, fourth, fifth)
    }
    assert {name for name, one in found.items() if one} == {"Muster AG", "Dritte"} | (
        {"Beispiel GmbH"} if beispiel else set()
    )
    (muster,) = found["Muster AG"]
    assert (muster.title, muster.people, muster.by_wish) == ("Sicher lagern", 4, False)
    assert (muster.reported_at.date(), muster.decided_on) == (ago(100).date(), clock.today() - days * DAY)
    assert found["Dritte"][0].people == 2
    assert (muster.decided_before, found["Dritte"][0].decided_before) == (False, True)
    assert decision_outcomes.readers(session, people.curator, decision) == 2 + beispiel


def test_who_wished_what_the_module_is_reads_it_too(session: Session, people: People, module: Module) -> None:
    wish = Wish(company_id=people.company.id, title="Lagern", people=5, module_id=module.id, created_at=ago(60))
    session.add(wish)
    session.flush()
    session.add(WishSupport(wish_id=wish.id, company_id=people.other_company.id, at=ago(55)))
    decided(session, people, module, 30)
    (own,), (joined,) = read_by(session, people.member), read_by(session, people.stranger)
    assert (own.by_wish, own.people, own.reported_at.date()) == (True, 5, ago(60).date())
    assert (joined.by_wish, joined.people, joined.reported_at.date()) == (True, None, ago(55).date())


def test_nothing_is_read_before_there_is_a_sentence_or_after_it_is_taken_back(
    session: Session, people: People, module: Module
) -> None:
    said(session, people.member, module, 100)
    silent = decisions.decide(session, people.curator, module, DecisionInput(DROP, reason="geheim"))
    assert read_by(session, people.member) == []
    decision = decided(session, people, module, 0)
    assert [one.kind for one in read_by(session, people.member)] == [CARRY_OUT]  # the one that holds, never both
    decisions.withdraw(session, people.curator, decision, "Irrtum")
    assert silent.holds
    assert read_by(session, people.member) == []


@pytest.mark.parametrize(
    ("starts", "state", "done", "expected"),
    [
        (-5, RunState.HELD, -5, None),  # it took place five days ago
        (-5, RunState.CONFIRMED, -5, None),  # nobody wrote down yet that it did
        (-5, RunState.PLANNED, None, None),
        (-5, RunState.CANCELLED, None, None),
        (-40, RunState.HELD, None, None),  # before the decision
        (60, RunState.PLANNED, None, 60),
        (60, RunState.CANCELLED, None, None),
    ],
)
def test_a_run_makes_a_decision_come_true(
    session: Session,
    people: People,
    module: Module,
    starts: int,
    state: RunState,
    done: int | None,
    expected: int | None,
) -> None:
    said(session, people.member, module, 100)
    decided(session, people, module, 30)
    session.add(Run(module_id=module.id, starts_on=clock.today() + starts * DAY, state=state))
    session.flush()
    (one,) = read_by(session, people.member)
    assert one.done_on == (clock.today() + done * DAY if done else None)
    assert one.expected_on == (clock.today() + expected * DAY if expected else None)


def test_done_by_hand_comes_first_and_what_is_due_is_expected(session: Session, people: People, module: Module) -> None:
    said(session, people.member, module, 100)
    decision = decided(session, people, module, 30, due_on=clock.today() + 7 * DAY)
    (one,) = read_by(session, people.member)
    assert (one.done_on, one.expected_on, one.at) == (None, clock.today() + 7 * DAY, decision.published_at)
    decisions.finish(session, people.curator, decision, "Neuer Ablauf seit Montag")
    (one,) = read_by(session, people.member)
    assert (one.done_on, one.done_note, one.at) == (clock.today(), "Neuer Ablauf seit Montag", decision.done_at)


@pytest.mark.parametrize("kind", [WATCH, DROP])
def test_runs_say_nothing_about_what_is_only_watched_or_dropped(
    session: Session, people: People, module: Module, kind: DecisionKind
) -> None:
    said(session, people.member, module, 100)
    decided(session, people, module, 30, kind)
    session.add(Run(module_id=module.id, starts_on=clock.today() - DAY, state=RunState.HELD))
    (one,) = read_by(session, people.member)
    assert (one.done_on, one.expected_on, one.ended) == (None, None, kind == DROP)


def test_the_page_of_the_module_tells_each_what_they_may_know(session: Session, people: People, module: Module) -> None:
    said(session, people.member, module, 100)
    decision = decided(session, people, module, 30)
    about = decision_outcomes.about_module
    staff, own = about(session, people.curator, module), about(session, people.member, module)
    assert staff
    assert staff.decision is decision
    assert own
    assert own.outcome
    assert own.decision is None
    assert about(session, people.stranger, module) is None
    assert about(session, VISITOR, module) is None
    decision.public = True
    session.flush()
    for actor in (people.stranger, VISITOR):
        shown = about(session, actor, module)
        assert shown
        assert (shown.answer, shown.decision, shown.outcome) == ("Zwei Termine 2027.", None, None)


def test_nothing_of_others_and_no_reason_is_in_what_a_company_reads(
    session: Session, people: People, module: Module
) -> None:
    said(session, people.member, module, 100, people=4)
    said(session, people.stranger, module, 100, people=4711, note="Kanarienvogel")
    decided(session, people, module, 30, responsible="Kanarienname", source="Kanarienklausur")
    words = repr(read_by(session, people.member))
    for secret in ("people=4711", "Kanarien", "Intern", "Clara", "Beispiel"):
        assert secret not in words


def test_staff_of_no_company_have_nothing_to_read(session: Session, people: People) -> None:
    assert session.get(Company, people.company.id)
    assert session.get(User, people.curator_user.id)
    with pytest.raises(Exception, match="Berechtigung"):
        decision_outcomes.for_company(session, people.curator)
