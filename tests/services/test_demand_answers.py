"""What staff enter for a company: it confirms, or says "das übernehmen wir nicht" with a reason; the history says it field by field."""

from datetime import date, timedelta

import pytest

from catalogue.db import Session, utcnow
from catalogue.models import Demand, DemandSource, Module, Purpose, Relevance
from catalogue.services import demand, demand_history, reports
from catalogue.services import demand_events as events
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import ReportQuery
from tests import factories
from tests.conftest import ON_SQLITE, People

DAY = utcnow().date() - timedelta(days=1)


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Zellprüfung")


def enter(session: Session, world: People, module: Module, **said: object) -> Demand:
    on_behalf = OnBehalf(world.company.slug, DemandSource.VISIT, DAY)
    return demand.mark(session, world.curator, module, DemandInput(**said), on_behalf)  # type: ignore[arg-type]


def people_wanted(session: Session, as_of: date | None = None) -> tuple[int, int]:
    total = reports.interest(session, SYSTEM, ReportQuery(as_of=as_of)).total
    return total.companies, total.people


def test_what_a_company_refuses_counts_nowhere_and_staff_read_why(
    session: Session, people: People, module: Module
) -> None:
    enter(session, people, module, relevance=Relevance.MUST, people=4)
    assert people_wanted(session) == (1, 4)
    refused = demand.refuse(session, people.member, module, "  Wir haben eigene Prüfer. ")
    assert (refused.refusal, refused.withdrawn_at is not None, refused.refusal_read_at) == (
        "Wir haben eigene Prüfer.", True, None,
    )  # fmt: skip
    assert people_wanted(session) == (0, 0)
    assert [one.action for one in events.of(session, refused)] == ["refused", "marked"]
    assert events.of(session, refused)[0].snapshot["refusal"] == "Wir haben eigene Prüfer."
    assert demand.find(session, people.member, module) is None


def test_refusing_can_be_undone_and_a_new_entry_forgets_it(session: Session, people: People, module: Module) -> None:
    enter(session, people, module, people=4)
    demand.refuse(session, people.member, module, "nein")
    back = demand.undo(session, people.member, module)
    assert (back.withdrawn_at, back.refused_at, back.refusal, demand.needs_confirmation(back)) == (None, None, "", True)
    demand.refuse(session, people.member, module, "nein")
    again = enter(session, people, module, people=5)
    assert (again.refused_at, again.refusal) == (None, "")


@ON_SQLITE
def test_only_what_staff_entered_and_nobody_answered_is_refused(
    session: Session, people: People, module: Module
) -> None:
    with pytest.raises(NotFound):
        demand.refuse(session, people.member, module, "nein")
    said = enter(session, people, module, people=4)
    with pytest.raises(Invalid) as without:
        demand.refuse(session, people.member, module, "   ")
    assert list(without.value.fields) == ["reason"]
    with pytest.raises(Conflict):
        demand.refuse(session, people.member, module, "nein", version=said.version + 1)
    demand.confirm(session, people.member, module)
    with pytest.raises(Conflict):
        demand.refuse(session, people.member, module, "nein")


@ON_SQLITE
def test_all_that_staff_entered_is_confirmed_at_once(session: Session, people: People, module: Module) -> None:
    enter(session, people, module)
    enter(session, people, factories.make_module(session))
    demand.mark(session, people.member, factories.make_module(session), DemandInput())
    assert demand.confirm_entered(session, people.member) == 2
    assert demand.confirm_entered(session, people.member) == 0


@ON_SQLITE
def test_the_history_says_what_changed_from_what_to_what(session: Session, people: People, module: Module) -> None:
    """marked with 4 people → 6 people and a period → withdrawn → marked again: everything is news."""
    enter(session, people, module, people=4, purposes=(Purpose.TRAINING,))
    demand.mark(session, people.member, module, DemandInput(people=6, period="2027-Q1", purposes=(Purpose.TRAINING,)))
    demand.withdraw(session, people.member, module)
    demand.mark(session, people.member, module, DemandInput(people=2))
    found = demand_history.own(session, people.member, module)
    assert [(one.event.action, one.whole) for one in found] == [
        ("marked", True), ("withdrawn", False), ("changed", False), ("marked", True),
    ]  # fmt: skip
    assert [(one.field, one.before, one.after) for one in found[2].differences] == [
        ("people", 4, 6), ("period", "", "2027-Q1"),
    ]  # fmt: skip
    of_company = demand_history.of_company(session, people.curator, people.company, module)
    assert [one.event.id for one in of_company] == [one.event.id for one in found]


@ON_SQLITE
def test_staff_undo_what_they_withdrew(session: Session, people: People, module: Module) -> None:
    enter(session, people, module, people=4)
    slug = people.company.slug
    gone = demand.withdraw(session, people.curator, module, OnBehalf(slug, DemandSource.CALL, DAY))
    assert (gone.withdrawn_at is not None, gone.source) == (True, DemandSource.CALL)
    back = demand.undo(session, people.curator, module, company=slug)
    assert (back.withdrawn_at, back.people, back.source) == (None, 4, DemandSource.VISIT)
