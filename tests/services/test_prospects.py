"""Kommt zustande? Who counts for a run, and which quarter and region would serve most people: golden figures and a property."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.db import Session
from catalogue.models import (
    CommitmentState,
    Company,
    Module,
    Purpose,
    Relevance,
    Run,
    RunCommitment,
    RunState,
    Vocabulary,
)
from catalogue.services import demand, periods, prospect_tables, prospects, run_suggestions, runs, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.errors import NotAllowed
from catalogue.services.permissions import SYSTEM, Actor
from catalogue.services.run_suggestions import Option, Want
from tests import factories
from tests.conftest import ON_SQLITE, People

TODAY = date(2026, 11, 22)
FROM_2027 = periods.quarters_from(TODAY, 8)


# --- suggestions: pure figures


def want(company: str, people: int, period: str = "", *regions: str, place: str = "") -> Want:
    return Want(company, people, period, frozenset(regions), place)


GOLDEN = [
    want("anna", 4, "2027-Q2", "thueringen", place="Erfurt"),
    want("berg", 2, "2027-H1", "thueringen", place="Jena"),  # first half-year: first and second quarter
    want("cell", 2, "2027", "thueringen", place="Erfurt"),  # the year: each of its quarters
    want("dorn", 1, ""),  # open, from anywhere: every quarter, every region
    want("eder", 3, "2027-Q1", "thueringen"),
    want("funk", 2, "2027-Q2", "sachsen"),
    want("gans", 5, "2026-Q4", "thueringen"),  # over before the first quarter that can be planned
]


def test_the_golden_suggestion_is_computed_by_hand() -> None:
    """1. quarter, Thüringen: berg 2 + cell 2 + dorn 1 + eder 3 = 8. 2. quarter, Thüringen: anna 4 + berg 2 + cell 2 + dorn 1 = 9
    from 4 companies. 2. quarter, Sachsen: dorn 1 + funk 2 = 3. So the second is best; eder's 3 want the first quarter, gans's 5
    the last of 2026, funk's 2 would have to travel: 9 + 3 + 5 + 2 = 19 people altogether. Erfurt: 4 + 2 people, Jena 2."""
    found = run_suggestions.suggestion(GOLDEN, FROM_2027)
    assert found is not None
    assert found.option == Option("2027-Q2", "thueringen", 9, 4)
    assert found.otherwise == (("2026-Q4", 5), ("2027-Q1", 3))
    assert found.elsewhere == (("sachsen", 2),)
    assert (found.wanting, found.companies, found.place, found.equal) == (19, 7, "Erfurt", ())
    assert (found.lacking(10), found.lacking(9), found.lacking(None)) == (1, 0, 0)


def test_equals_are_named_and_the_earlier_quarter_is_taken() -> None:
    found = run_suggestions.suggestion([want("anna", 4, "2027-H1", "sachsen")], FROM_2027)
    assert found is not None
    assert (found.option.quarter, [one.quarter for one in found.equal]) == ("2027-Q1", ["2027-Q2"])


def test_online_serves_only_those_who_asked_for_it_and_nobody_wants_the_past() -> None:
    wants = [want("anna", 4, "", "online"), want("berg", 5, "", "sachsen"), want("cell", 2, "")]
    served = {one.region: one.people for one in run_suggestions.options(wants, FROM_2027[:1])}
    assert served == {"online": 4, "sachsen": 7}
    assert run_suggestions.suggestion([want("anna", 4, "2026", "sachsen")], FROM_2027) is None
    assert run_suggestions.suggestion([], FROM_2027) is None


WANTS = st.lists(
    st.builds(
        Want,
        st.sampled_from("abcdefgh"),
        st.integers(0, 20),
        st.sampled_from(["", "2026-Q4", "2027", "2027-H1", "2027-H2", "2027-Q1", "2027-Q3", "2028", "2029-Q1"]),
        st.frozensets(st.sampled_from(["sachsen", "thueringen", "online"]), max_size=2),
    ),
    max_size=12,
)


@given(WANTS)
@settings(max_examples=25, deadline=None)
def test_no_other_quarter_and_region_serves_more_people_and_everybody_is_accounted_for(wants: list[Want]) -> None:
    found = run_suggestions.suggestion(wants, FROM_2027)

    def served(quarter: str, region: str) -> int:  # told again by months and days instead of names of quarters
        first = periods.first_day(quarter)
        assert first is not None
        fits = [one for one in wants if _begins(one.period) <= first <= _ends(one.period)]
        return sum(one.people for one in fits if region in one.regions or (not one.regions and region != "online"))

    everything = [
        served(quarter, region) for quarter in FROM_2027 for region in ("sachsen", "thueringen", "online", "")
    ]
    if found is None:
        assert max(everything) == 0
    else:
        assert found.option.people == max(everything) == served(found.option.quarter, found.option.region)
        rest = sum(people for _, people in (*found.otherwise, *found.elsewhere))
        assert found.option.people + rest == found.wanting == sum(one.people for one in wants)


def _begins(period: str) -> date:
    return periods.first_day(period) or date.min


def _ends(period: str) -> date:
    return periods.last_day(period) or date.max


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 1, 1), ("", "2027", "2027-H1", "2027-Q1")), (date(2027, 6, 30), ("", "2027", "2027-H1", "2027-Q2")),
        (date(2027, 7, 1), ("", "2027", "2027-H2", "2027-Q3")), (date(2027, 12, 31), ("", "2027", "2027-H2", "2027-Q4")),
    ],
)  # fmt: skip
def test_a_day_lies_in_four_periods(day: date, expected: tuple[str, ...]) -> None:
    assert periods.covering(day) == expected
    assert all(_begins(one) <= day <= _ends(one) for one in expected)


# --- runs and demand from the database


class World:
    """Three companies and two modules; every figure below is computed from this by hand."""

    def __init__(self, session: Session) -> None:
        region = factories.make_term(session, Vocabulary.REGION, "thueringen", "Thüringen")
        saxony = factories.make_term(session, Vocabulary.REGION, "sachsen", "Sachsen")
        self.session = session
        self.safety = factories.make_module(session, "Sicherheit", slug="safety", min_participants=6)
        self.law = factories.make_module(session, "Recht", slug="law", min_participants=8)
        self.companies: dict[str, Company] = {}
        anna, berg, cell = (
            self.member("Anna", region_id=region.id),
            self.member("Berg", region_id=region.id),
            self.member("Cell", region_id=saxony.id),
        )
        self.say(anna, self.safety, 4, "2027-Q1")
        self.say(berg, self.safety, 3, "2027-H2")
        self.say(cell, self.safety, 2, "2027", Purpose.BUSINESS)  # nobody who would come
        self.say(anna, self.law, 3, "2027-H1")
        self.say(cell, self.law, 9, "2027-Q2", place="Jena")  # from Sachsen, but wants it in Jena
        self.run = self.add(self.safety, date(2027, 2, 16))

    def member(self, name: str, **values: object) -> Actor:
        self.companies[name] = company = factories.make_company(self.session, name, **values)
        return sessions.actor_of(factories.make_user(self.session, company=company))

    def say(self, who: Actor, module: Module, people: int, period: str, *purposes: Purpose, place: str = "") -> None:
        demand.mark(self.session, who, module, DemandInput(Relevance.SHOULD, purposes, people, period, place=place))

    def add(self, module: Module, day: date, **values: object) -> Run:
        run = Run(module=module, starts_on=day, **values)
        self.session.add(run)
        self.session.flush()
        return run

    def answer(self, company: str, state: CommitmentState, people: int | None = None) -> None:
        self.session.add(
            RunCommitment(run_id=self.run.id, company_id=self.companies[company].id, state=state, people=people)
        )
        self.session.flush()


def figures(session: Session) -> list[tuple[object, ...]]:
    found = prospects.coming(session, SYSTEM, TODAY)
    return [(one.run.starts_on.month, one.needed, one.counted, one.missing, one.asked, one.companies) for one in found]


def test_without_answers_the_demand_at_that_time_counts_with_answers_only_they_do(session: Session) -> None:
    world = World(session)
    world.add(world.safety, date(2027, 8, 3), min_participants=3)
    world.add(world.law, date(2028, 3, 1))  # more than 12 months ahead
    world.add(world.law, date(2027, 3, 1), state=RunState.CANCELLED)
    # February: anna's 4 (1. quarter); August: berg's 3 (2. half-year); cell wants no training
    assert figures(session) == [(2, 6, 4, 2, 0, 1), (8, 3, 3, 0, 0, 1)]
    assert [one.run.starts_on.month for one in prospects.ready(session, TODAY)] == [8]
    world.answer("Anna", CommitmentState.ASKED)
    assert figures(session)[0] == (2, 6, 0, 6, 1, 1)
    world.answer("Berg", CommitmentState.COMING, 5)
    assert figures(session)[0] == (2, 6, 5, 1, 2, 1)
    world.run.booked = 6  # the provider knows of more
    session.flush()
    assert figures(session)[0] == (2, 6, 6, 0, 2, 1)


@ON_SQLITE
def test_who_is_at_rest_comes_to_no_run(session: Session) -> None:
    world = World(session)
    world.answer("Berg", CommitmentState.COMING, 5)
    world.companies["Berg"].active = False
    session.flush()
    assert figures(session) == [(2, 6, 4, 2, 0, 1)]  # anna's demand, as if nobody had been asked
    assert [one.name for one in prospects.interested_in(session, [world.run])[world.run.id]] == ["Anna"]


def test_a_run_names_its_companies_answers_first_and_says_who_wants_another_time(session: Session) -> None:
    world = World(session)
    world.answer("Cell", CommitmentState.DECLINED)
    named = prospects.interested_in(session, [world.run])[world.run.id]
    assert [(one.name, one.fits, one.can_be_asked) for one in named] == [
        ("Cell", False, False), ("Anna", True, True), ("Berg", False, False),
    ]  # fmt: skip
    listed = prospects.listing(session, SYSTEM, TODAY, "missing")
    assert listed.totals == {"": 1, "ready": 0, "missing": 1, "confirmed": 0}
    rows = prospect_tables.runs(listed).rows
    assert [(row["company"], row["answer"], row["fits"]) for row in rows] == [
        ("Cell", "kommt nicht", "nein"), ("Anna", "nicht gefragt", "ja"), ("Berg", "nicht gefragt", "nein"),
    ]  # fmt: skip


def test_a_module_without_a_run_gets_a_suggestion_that_a_run_can_be_planned_from(session: Session) -> None:
    """Recht: anna 3 (first half-year, Thüringen) + cell 9 (2. quarter, Jena lies in Thüringen) = 12 in the 2. quarter."""
    world = World(session)
    found = prospects.ideas(session, SYSTEM, TODAY)
    (idea,) = found.shown
    assert (idea.module.slug, idea.wanting, found.total) == ("law", 12, 1)
    assert prospects.ideas(session, SYSTEM, TODAY, 99).shown == found.shown  # behind the last page
    assert idea.suggestion is not None
    assert idea.suggestion.option == Option("2027-Q2", "thueringen", 12, 2)
    assert idea.suggestion.place == "Jena"
    given = runs.proposal(world.law, TODAY, "2027-Q2", "thueringen", "Jena")
    assert (given.starts_on, given.decide_by, given.region, given.place) == (
        date(2027, 4, 6),
        date(2027, 3, 9),
        "thueringen",
        "Jena",
    )
    assert (given.min_participants, runs.proposal(world.law, TODAY, "x", "", "").starts_on) == (8, None)
    assert prospect_tables.ideas(found).rows[0]["served"] == 12


@ON_SQLITE
def test_only_staff_see_prospects(session: Session, people: People) -> None:
    for see in (prospects.coming, prospects.ideas, prospects.listing):
        with pytest.raises(NotAllowed):
            see(session, people.company_admin, TODAY)  # type: ignore[operator]
