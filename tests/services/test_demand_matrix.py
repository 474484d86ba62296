"""The three matrices against figures computed by hand: people, companies, seats, gaps, change; and the rows behind each figure."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from catalogue.db import Session
from catalogue.models import Module, Relevance, Run, RunState, Vocabulary
from catalogue.services import demand, matrix_tables, reports, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.demand_matrix import Cell, Matrix, matrix, offers_behind
from catalogue.services.errors import NotAllowed
from catalogue.services.matrix_columns import Across
from catalogue.services.permissions import SYSTEM, VISITOR, Actor
from catalogue.services.report_query import By, ReportQuery
from tests import factories
from tests.conftest import ON_SQLITE, People

AUGUST, NOVEMBER = datetime(2026, 8, 1, 12, tzinfo=UTC), datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY, SINCE = date(2026, 11, 2), date(2026, 8, 2)


class World:
    """Three companies, three modules, five runs. Every expected figure below is computed by hand from this.

    Modules: safety (topics Sicherheit and Recht, level Basis), law (Recht, Fokus), plain (no topic, no level).
    Said on 1 August 2026:    Anna (Thüringen) safety 4 people 2027-Q1 · Berg (Thüringen) law 6, in 2026-Q3
    Said on 2 November 2026:  Anna safety now 9, still 2027-Q1 · Berg withdraws law · Cell (Sachsen) law 12 in 2027 · Dorn
                              (no region) safety, no number, no period · Dorn plain 2, 2027-H1
    Runs: safety 16.2.2027 in Thüringen 12 seats · safety 10.5.2027 online 20 seats · law 1.12.2027 (after more than 12 months)
          in Sachsen 8 seats · plain 3.3.2027 without region and seats · safety 1.3.2027 full: counts nowhere.
    """

    def __init__(self, session: Session) -> None:
        term = {
            code: factories.make_term(session, vocabulary, code, code.title(), position=place)
            for place, (vocabulary, code) in enumerate(
                [
                    (Vocabulary.TOPIC, "sicherheit"), (Vocabulary.TOPIC, "recht"), (Vocabulary.LEVEL, "basis"),
                    (Vocabulary.LEVEL, "fokus"), (Vocabulary.REGION, "sachsen"), (Vocabulary.REGION, "thueringen"),
                    (Vocabulary.REGION, "online"),
                ]
            )
        }  # fmt: skip
        with time_machine.travel(AUGUST, tick=False):
            self.safety = factories.make_module(
                session, "Sicherheit", slug="safety", terms=[term["sicherheit"], term["recht"], term["basis"]]
            )
            self.law = factories.make_module(session, "Recht", slug="law", terms=[term["recht"], term["fokus"]])
            self.plain = factories.make_module(session, "Ohne alles", slug="plain")
            self.anna, self.berg = (self.member(session, name, term["thueringen"].id) for name in ("Anna", "Berg"))
            self.cell, self.dorn = self.member(session, "Cell", term["sachsen"].id), self.member(session, "Dorn")
            self.say(session, self.anna, self.safety, 4, "2027-Q1")
            self.say(session, self.berg, self.law, 6, "2026-Q3")
            for module, day, seats, region, state in [
                (self.safety, date(2027, 2, 16), 12, "thueringen", RunState.PLANNED),
                (self.safety, date(2027, 5, 10), 20, "", RunState.CONFIRMED),
                (self.law, date(2027, 12, 1), 8, "sachsen", RunState.PLANNED),
                (self.plain, date(2027, 3, 3), None, None, RunState.PLANNED),
                (self.safety, date(2027, 3, 1), 99, "thueringen", RunState.FULL),
            ]:  # fmt: skip
                where: dict[str, Any] = {"region_id": term[region].id} if region else {"online": region == ""}
                session.add(Run(module_id=module.id, starts_on=day, max_participants=seats, state=state, **where))
            session.flush()
        with time_machine.travel(NOVEMBER, tick=False):
            self.say(session, self.anna, self.safety, 9, "2027-Q1")
            demand.withdraw(session, self.berg, self.law)
            self.say(session, self.cell, self.law, 12, "2027")
            self.say(session, self.dorn, self.safety, None)
            self.say(session, self.dorn, self.plain, 2, "2027-H1")

    @staticmethod
    def member(session: Session, name: str, region_id: Any = None) -> Actor:
        company = factories.make_company(session, name, region_id=region_id)
        return sessions.actor_of(factories.make_user(session, company=company))

    @staticmethod
    def say(session: Session, who: Actor, module: Module, people: int | None, period: str = "") -> None:
        demand.mark(session, who, module, DemandInput(Relevance.SHOULD, (), people, period))


@pytest.fixture
def world(session: Session) -> World:
    return World(session)


def ask(session: Session, across: Across) -> Matrix:
    return matrix(session, SYSTEM, ReportQuery(as_of=DAY), across, SINCE)


def short(cell: Cell) -> tuple[int | None, ...]:
    return cell.people, cell.companies, cell.seats, cell.runs, cell.change


def figures(found: Matrix) -> dict[str, dict[str, tuple[int | None, ...]]]:
    """People, companies, seats, runs and change of all cells that are not empty."""
    lines = [*((row.topic.code, row.cells, row.total) for row in found.rows), ("sum", found.totals, found.total)]
    codes = [*(column.code for column in found.columns), "sum"]
    return {
        topic: {
            code: short(cell) for code, cell in zip(codes, (*cells, total), strict=True) if not cell.is_empty
        }
        for topic, cells, total in lines
    }  # fmt: skip


NOTHING_AGO = {"none": {"none": (2, 1, 0, 1, 2), "sum": (2, 1, 0, 1, 2)}}
# people and companies: of each row those of its modules; the total has every statement once.
# Seats of the next 12 months: 12 + 20 of safety; the run of law is later; that of plain does not say how many.
# Change: safety 9 − 4 = 5; law 12 − 6 = 6; plain 2 − 0 = 2.
BY_LEVEL = {
    "sicherheit": {"basis": (9, 2, 32, 2, 5), "sum": (9, 2, 32, 2, 5)},
    "recht": {"basis": (9, 2, 32, 2, 5), "fokus": (12, 1, 0, 0, 6), "sum": (21, 3, 32, 2, 11)},
    **NOTHING_AGO,
    "sum": {
        "basis": (9, 2, 32, 2, 5), "fokus": (12, 1, 0, 0, 6), "none": (2, 1, 0, 1, 2), "sum": (23, 3, 32, 3, 13),
    },
}  # fmt: skip
# Thüringen: Anna's 9 against the 12 seats there, law lost Berg's 6 (−6). Sachsen: Cell's 12, law's run there is too late.
# Dorn has no region and names no number for safety.
BY_REGION = {
    "sicherheit": {
        "thueringen": (9, 1, 12, 1, 5), "online": (0, 0, 20, 1, 0), "none": (0, 1, 0, 0, 0), "sum": (9, 2, 32, 2, 5),
    },
    "recht": {
        "sachsen": (12, 1, 0, 0, 12), "thueringen": (9, 1, 12, 1, -1), "online": (0, 0, 20, 1, 0), "none": (0, 1, 0, 0, 0),
        "sum": (21, 3, 32, 2, 11),
    },
    **NOTHING_AGO,
    "sum": {
        "sachsen": (12, 1, 0, 0, 12), "thueringen": (9, 1, 12, 1, -1), "online": (0, 0, 20, 1, 0), "none": (2, 1, 0, 1, 2),
        "sum": (23, 3, 32, 3, 13),
    },
}  # fmt: skip
# 2027-Q1: Anna's 9 against the run of 16.2. The year 2027 is a column of its own: Cell's 12 against all of its topic in 2027
# (16.2., 10.5. and 1.12.: 12 + 20 + 8 for Recht). 2026-Q3 is over: Berg's 6 were there in August. "none": no period said,
# the seats of the next 12 months. Half-year 2027-H1 only because Dorn named it: 16.2. and 10.5.
BY_PERIOD = {
    "sicherheit": {
        "2027": (0, 0, 32, 2, 0), "2027-H1": (0, 0, 32, 2, 0), "2027-Q1": (9, 1, 12, 1, 5), "2027-Q2": (0, 0, 20, 1, 0),
        "none": (0, 1, 32, 2, 0), "sum": (9, 2, 32, 2, 5),
    },
    "recht": {
        "past": (0, 0, 0, 0, -6), "2027": (12, 1, 40, 3, 12), "2027-H1": (0, 0, 32, 2, 0), "2027-Q1": (9, 1, 12, 1, 5),
        "2027-Q2": (0, 0, 20, 1, 0), "2027-Q4": (0, 0, 8, 1, 0), "none": (0, 1, 32, 2, 0), "sum": (21, 3, 32, 2, 11),
    },
    "none": {
        "2027": (0, 0, 0, 1, 0), "2027-H1": (2, 1, 0, 1, 2), "2027-Q1": (0, 0, 0, 1, 0), "none": (0, 0, 0, 1, 0),
        "sum": (2, 1, 0, 1, 2),
    },
    "sum": {
        "past": (0, 0, 0, 0, -6), "2027": (12, 1, 40, 4, 12), "2027-H1": (2, 1, 32, 3, 2), "2027-Q1": (9, 1, 12, 2, 5),
        "2027-Q2": (0, 0, 20, 1, 0), "2027-Q4": (0, 0, 8, 1, 0), "none": (0, 1, 32, 3, 0), "sum": (23, 3, 32, 3, 13),
    },
}  # fmt: skip
EXPECTED = {Across.LEVEL: BY_LEVEL, Across.REGION: BY_REGION, Across.PERIOD: BY_PERIOD}


@pytest.mark.parametrize("across", list(Across))
def test_figures_are_those_computed_by_hand(session: Session, world: World, across: Across) -> None:
    found = ask(session, across)
    assert figures(found) == EXPECTED[across]
    check_rows(session, found)


def check_rows(session: Session, found: Matrix) -> None:
    """Every figure is the sum of the rows behind it."""
    query = ReportQuery(By.TOPIC, DAY)
    for row in found.rows:
        for column, cell in (*zip(found.columns, row.cells, strict=True), (None, row.total)):
            code = column.code if column else ""
            said = reports.rows_behind(session, SYSTEM, query, row.topic.code, code, across=found.across)
            assert (sum(one.people or 0 for one in said), len(said)) == (cell.people, cell.records)
            assert len({one.company for one in said}) == cell.companies
            offered = offers_behind(session, SYSTEM, query, found.across, row.topic.code, code)
            assert (sum(one.seats or 0 for one in offered), len(offered)) == (cell.seats, cell.runs)


def test_columns_stand_in_their_order(session: Session, world: World) -> None:
    columns = {across: [one.code for one in ask(session, across).columns] for across in Across}
    assert columns == {
        Across.LEVEL: ["basis", "fokus", "none"],
        Across.REGION: ["sachsen", "thueringen", "online", "none"],
        Across.PERIOD: [
            "past", "2026-Q4", "2027", "2027-H1", "2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4", "none",
        ],
    }  # fmt: skip


def test_a_gap_is_ten_people_whom_no_run_can_serve(session: Session, world: World) -> None:
    # law at Fokus: 12 people, no run within 12 months
    assert [(row.topic.code, column.code) for row, column in gaps(ask(session, Across.LEVEL))] == [("recht", "fokus")]
    # Recht in Sachsen: 12 people, no run there, but one online that they can attend
    assert gaps(ask(session, Across.REGION)) == []
    assert gaps(ask(session, Across.PERIOD)) == []


def gaps(found: Matrix) -> list[Any]:
    return [
        (row, column)
        for row in found.rows
        for column, cell in zip(found.columns, row.cells, strict=True)
        if cell.is_gap
    ]


def test_an_earlier_day_knows_neither_later_words_nor_later_runs(session: Session, world: World) -> None:
    before = matrix(session, SYSTEM, ReportQuery(as_of=date(2026, 8, 1)), Across.LEVEL)
    assert (before.total.people, before.total.companies, before.total.seats) == (10, 2, 32)
    earlier = matrix(session, SYSTEM, ReportQuery(as_of=date(2026, 7, 31)), Across.LEVEL)
    assert (earlier.total, earlier.rows) == (Cell(), ())


def test_without_a_day_of_comparison_there_is_no_change(session: Session, world: World) -> None:
    assert matrix(session, SYSTEM, ReportQuery(as_of=DAY)).total.change is None


@ON_SQLITE
def test_filters_limit_demand_and_supply(session: Session, world: World) -> None:
    query = ReportQuery(as_of=DAY, filters={"topic": ("sicherheit",)}, companies=("anna",))
    assert short(matrix(session, SYSTEM, query, Across.LEVEL, SINCE).total) == (9, 1, 32, 2, 5)


@ON_SQLITE
def test_all_cells_can_be_taken_away(session: Session, world: World) -> None:
    table = matrix_tables.cells_table(ask(session, Across.LEVEL))
    assert [column.label for column in table.columns][:4] == ["Thema", "Niveau", "Personen", "Unternehmen"]
    lines = {(row["topic"], row["column"]): row for row in table.rows}
    assert lines["Recht", "Fokus"] == {
        "topic": "Recht", "column": "Fokus", "people": 12, "companies": 1, "seats": 0, "runs": 0, "difference": -12, "change": 6,
        "gap": "kein Platz",
    }  # fmt: skip
    assert (lines["Summe", "Summe"]["people"], lines["Summe", "Summe"]["seats"]) == (23, 32)


@ON_SQLITE
def test_only_staff_see_it(session: Session, people: People) -> None:
    for actor in (VISITOR, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            matrix(session, actor, ReportQuery())
        with pytest.raises(NotAllowed):
            offers_behind(session, actor, ReportQuery(), Across.LEVEL)


@ON_SQLITE
@pytest.mark.parametrize("column", ["2020-Q9", "20xx", "x", "past", "' OR 1=1", "2027"])
def test_any_column_can_be_asked_for(session: Session, world: World, column: str) -> None:
    for across in Across:
        assert len(offers_behind(session, SYSTEM, ReportQuery(as_of=DAY), across, "", column)) <= 4
        reports.rows_behind(session, SYSTEM, ReportQuery(By.TOPIC, DAY), "", column, across=across)
