"""What planning reads first, reckoned by hand.

Muster wants "Lagern" for 12 people since today, Beispiel for 3 since 100 days, which said 5 until 50 days ago, and "Recht" for 4 until 20 days
ago. Today: 15 people in all. A quarter (91 days) ago: Beispiel alone, 5 for "Lagern" and 4 for "Recht", 9 in all. So "Lagern" rose by 10, the total
by 6; against a report of 30 days ago (3 for "Lagern", 4 for "Recht") "Lagern" rose by 12 and the total by 8.
"""

from datetime import timedelta

import pytest

from catalogue.db import Session, utcnow
from catalogue.models import DecisionKind, DemandEvent, Module, Wish, WishState, WishSupport
from catalogue.services import actions, decisions, demand, frozen_reports, overview, report_records, reports
from catalogue.services.actions import ActionInput
from catalogue.services.decisions import DecisionInput
from catalogue.services.demand import DemandInput
from catalogue.services.errors import NotAllowed
from catalogue.services.report_query import By, ReportQuery
from tests import factories
from tests.conftest import People

DAY = timedelta(days=1)


@pytest.fixture
def stored(session: Session, people: People) -> Module:
    store, law = factories.make_module(session, "Lagern", slug="lagern"), factories.make_module(session, "Recht")
    days: list[int] = []
    demand.mark(session, people.stranger, store, DemandInput(people=5))
    demand.mark(session, people.stranger, law, DemandInput(people=4))
    demand.mark(session, people.stranger, store, DemandInput(people=3))
    demand.withdraw(session, people.stranger, law)
    demand.mark(session, people.member, store, DemandInput(people=12))
    days = [100, 100, 50, 20, 0]
    for event, ago in zip(session.query(DemandEvent).order_by(DemandEvent.id), days, strict=True):
        event.at = utcnow() - ago * DAY
    session.commit()
    return store


def test_demand_moved_since_a_quarter_or_the_last_report(session: Session, people: People, stored: Module) -> None:
    now = reports.interest(session, people.curator, ReportQuery())
    found = overview.moved(session, people.curator, ReportQuery())
    assert found.since == reports.today() - 91 * DAY
    assert (now.total.people, found.total[1], found.of_total(now.total, "people")) == (15, 9, 6)
    assert [(row.label, found.of(row, "people"), found.of(row, "companies")) for row in now.rows] == [("Lagern", 10, 1)]
    asked = ReportQuery(as_of=reports.today() - 30 * DAY)
    frozen_reports.freeze(session, people.curator, frozen_reports.FreezeInput("Herbst", "", asked), 5)
    found = overview.moved(session, people.curator, ReportQuery())
    assert (found.since, found.of_total(now.total, "people")) == (asked.as_of, 8)
    assert found.of(now.rows[0], "people") == 12


@pytest.mark.parametrize("by", [By.MODULE, By.COMPANY])
def test_what_many_want_waits_for_a_decision(session: Session, people: People, stored: Module, by: By) -> None:
    def now() -> overview.Decided:
        query = ReportQuery(by=by)
        found = report_records.records(session, query)
        return overview.decided(
            session, people.curator, query, reports.interest(session, people.curator, query, found), found
        )

    assert [(one.slug, one.companies, one.people) for one in now().open] == [("lagern", 2, 15)]  # ten people are many
    decisions.decide(session, people.curator, stored, DecisionInput(DecisionKind.WATCH))
    assert (len(now().wanted), now().open, now().open_slugs) == (1, (), frozenset())


def test_what_is_due_comes_in_the_order_of_days(session: Session, people: People) -> None:
    on = reports.today()
    for days in (-3, 5, 31):  # what is due in more than a month is not shown yet
        module = factories.make_module(session)
        given = DecisionInput(DecisionKind.ADAPT, due_on=on + days * DAY, decided_on=on - 9 * DAY)
        decisions.decide(session, people.curator, module, given)
    actions.create(session, people.curator, ActionInput("Räume", due_on=on - DAY))
    actions.create(session, people.curator, ActionInput("irgendwann"))
    found = overview.due(session, people.curator)
    assert [((one.on - on).days, one.late, one.action is not None) for one in found] == [
        (-3, True, False), (-1, True, True), (5, False, False),
    ]  # fmt: skip


def test_the_wishes_that_most_share_come_first(session: Session, people: People) -> None:
    for title, supporters, state in (
        ("a", 0, WishState.OPEN),
        ("b", 2, WishState.REVIEW),
        ("c", 9, WishState.FULFILLED),
    ):
        wish = Wish(title=title, company_id=people.company.id, state=state)
        session.add(wish)
        session.flush()
        session.add_all(
            WishSupport(wish_id=wish.id, company_id=factories.make_company(session).id) for _ in range(supporters)
        )
    session.flush()
    found, total = overview.missed(session, people.curator)
    assert ([(one.wish.title, one.supporters) for one in found], total) == ([("b", 2), ("a", 0)], 2)


def test_only_staff_read_it(session: Session, people: People) -> None:
    for refused in (
        lambda: overview.moved(session, people.member, ReportQuery()),
        lambda: overview.missed(session, people.member),
        lambda: overview.due(session, people.member),
    ):
        with pytest.raises(NotAllowed):
            refused()
