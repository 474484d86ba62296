"""The interest report: golden figures by hand, and the replay of events against the records themselves."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalogue.db import Database, Session
from catalogue.models import CommitmentState, Module, Purpose, Relevance, RunCommitment, Vocabulary
from catalogue.models.run import Run
from catalogue.services import demand, planning, prospects, report_choices, report_tables, reports, sessions
from catalogue.services.demand import DemandInput
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound
from catalogue.services.exports import csv_bytes
from catalogue.services.permissions import SYSTEM, VISITOR, Actor
from catalogue.services.report_query import By, ReportQuery, ReportSort
from tests import factories
from tests.conftest import People

TRAINING, COOPERATION, BUSINESS = Purpose
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Golden:
    """Three companies, three modules, six statements; figures below are computed by hand from this."""

    def __init__(self, session: Session) -> None:
        terms = {
            code: factories.make_term(session, vocabulary, code, code.title(), position=place)
            for place, (vocabulary, code) in enumerate(
                [
                    (Vocabulary.TOPIC, "sicherheit"), (Vocabulary.TOPIC, "recht"), (Vocabulary.LEVEL, "basis"),
                    (Vocabulary.LEVEL, "fokus"), (Vocabulary.SECTOR, "messtechnik"), (Vocabulary.REGION, "thueringen"),
                    (Vocabulary.REGION, "sachsen"),
                ]
            )
        }  # fmt: skip
        self.terms = terms
        # safety: topics Sicherheit and Recht, level Basis; law: topic Recht, level Fokus; plain: neither
        self.safety = factories.make_module(
            session, "Sicherheit", slug="safety", terms=[terms["sicherheit"], terms["recht"], terms["basis"]]
        )
        self.law = factories.make_module(session, "Recht", slug="law", terms=[terms["recht"], terms["fokus"]])
        self.plain = factories.make_module(session, "Ohne alles", slug="plain")
        thueringen, sachsen, sector = terms["thueringen"].id, terms["sachsen"].id, terms["messtechnik"].id
        self.anna = self.member(session, "Anna GmbH", region_id=thueringen, sector_id=sector)
        self.berg = self.member(session, "Berg AG", region_id=thueringen)
        self.cell = self.member(session, "Cell SE", region_id=sachsen, sector_id=sector)
        with time_machine.travel(NOON, tick=False):
            self.say(session, self.anna, self.safety, Relevance.MUST, (TRAINING,), 6, "2027-Q1")
            self.say(session, self.anna, self.law, Relevance.COULD, (TRAINING, COOPERATION), 2)
            self.say(session, self.berg, self.safety, Relevance.SHOULD, (BUSINESS,), None, "2027")
            self.say(session, self.berg, self.plain, Relevance.OPEN)
            self.say(session, self.cell, self.safety, Relevance.NONE, (), 50)
            self.say(session, self.cell, self.law, Relevance.MUST, (TRAINING,), 10, "2027-Q1")

    @staticmethod
    def member(session: Session, name: str, **values: Any) -> Actor:
        company = factories.make_company(session, name, **values)
        return sessions.actor_of(factories.make_user(session, company=company))

    @staticmethod
    def say(
        session: Session, who: Actor, module: Module, relevance: Relevance, purposes: tuple[Purpose, ...] = (),
        people: int | None = None, period: str = "",
    ) -> None:  # fmt: skip
        demand.mark(session, who, module, DemandInput(relevance, purposes, people, period))


@pytest.fixture
def golden(session: Session) -> Golden:
    return Golden(session)


def ask(session: Session, by: By = By.MODULE, **values: Any) -> reports.Report:
    return reports.interest(session, SYSTEM, ReportQuery(by=by, **values))


def figures(row: Any) -> tuple[int, ...]:
    return (
        row.companies, row.people, row.must, row.should, row.could, row.open, row.training, row.cooperation, row.business,
    )  # fmt: skip


TOTAL = (3, 18, 2, 1, 1, 1, 3, 1, 1)
GOLDEN = {
    By.MODULE: {
        "law": (2, 12, 1, 0, 1, 0, 2, 1, 0), "safety": (2, 6, 1, 1, 0, 0, 1, 0, 1), "plain": (1, 0, 0, 0, 0, 1, 0, 0, 0),
    },
    By.TOPIC: {
        "recht": (3, 18, 2, 1, 1, 0, 3, 1, 1), "sicherheit": (2, 6, 1, 1, 0, 0, 1, 0, 1), "none": (1, 0, 0, 0, 0, 1, 0, 0, 0),
    },
    By.COMPANY: {
        "anna-gmbh": (1, 8, 1, 0, 1, 0, 2, 1, 0), "berg-ag": (1, 0, 0, 1, 0, 1, 0, 0, 1), "cell-se": (1, 10, 1, 0, 0, 0, 1, 0, 0),
    },
    By.SECTOR: {"messtechnik": (2, 18, 2, 0, 1, 0, 3, 1, 0), "none": (1, 0, 0, 1, 0, 1, 0, 0, 1)},
    By.REGION: {"thueringen": (2, 8, 1, 1, 1, 1, 2, 1, 1), "sachsen": (1, 10, 1, 0, 0, 0, 1, 0, 0)},
    By.PERIOD: {
        "2027": (1, 0, 0, 1, 0, 0, 0, 0, 1), "2027-Q1": (2, 16, 2, 0, 0, 0, 2, 0, 0), "none": (2, 2, 0, 0, 1, 1, 1, 1, 0),
    },
}  # fmt: skip


@pytest.mark.parametrize("by", list(By))
@pytest.mark.parametrize("as_of", [None, date(2026, 11, 2)])
def test_figures_are_those_computed_by_hand(session: Session, golden: Golden, by: By, as_of: date | None) -> None:
    report = ask(session, by, as_of=as_of)
    assert {row.key: figures(row) for row in report.rows} == GOLDEN[by]
    assert figures(report.total) == TOTAL
    for row in report.rows:
        behind = reports.rows_behind(session, SYSTEM, report.query, row.key)
        assert len(behind) == row.records
        assert len({line.company for line in behind}) == row.companies
        assert sum(line.people or 0 for line in behind) == row.people
        for figure in ("must", "should", "could", "open", "training", "cooperation", "business"):
            assert len(reports.rows_behind(session, SYSTEM, report.query, row.key, figure=figure)) == getattr(
                row, figure
            )


def test_rows_are_ordered_by_companies_people_or_name_and_periods_by_time(session: Session, golden: Golden) -> None:
    assert [row.key for row in ask(session).rows] == ["law", "safety", "plain"]
    assert [row.key for row in ask(session, sort=ReportSort.LABEL).rows] == ["plain", "law", "safety"]
    assert [row.key for row in ask(session, By.COMPANY, sort=ReportSort.PEOPLE).rows] == [
        "cell-se",
        "anna-gmbh",
        "berg-ag",
    ]
    assert [row.key for row in ask(session, By.PERIOD).rows] == ["2027", "2027-Q1", "none"]
    assert [row.label for row in ask(session, By.PERIOD).rows] == ["2027", "1. Quartal 2027", "ohne Angabe"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"filters": {"topic": ("sicherheit",)}}, (2, 6)),
        ({"filters": {"topic": ("sicherheit", "none")}}, (2, 6)),
        ({"filters": {"topic": ("sicherheit", "recht")}, "all_of": frozenset({"topic"})}, (2, 6)),
        ({"filters": {"level": ("none",)}}, (1, 0)),
        ({"filters": {"topic": ("gibt-es-nicht",)}}, (0, 0)),
        ({"companies": ("anna-gmbh", "cell-se")}, (2, 18)),
        ({"company_regions": ("sachsen",)}, (1, 10)),
        ({"company_sectors": ("none",)}, (1, 0)),
        ({"company_sizes": ("none",)}, (3, 18)),
        ({"relevances": ("must",)}, (2, 16)),
        ({"purposes": ("cooperation", "business")}, (2, 2)),
        ({"purposes": ("none",)}, (1, 0)),
        ({"periods": ("2027", "none")}, (2, 2)),
        ({"sources": ("call",)}, (0, 0)),
        ({"only": frozenset()}, (0, 0)),
    ],
)
def test_filters_limit_what_counts(
    session: Session, golden: Golden, filters: dict[str, Any], expected: tuple[int, int]
) -> None:
    for as_of in (None, date(2030, 1, 1)):
        total = ask(session, as_of=as_of, **filters).total
        assert (total.companies, total.people) == expected


def test_a_report_as_of_a_day_says_what_was_said_by_its_end_in_berlin(session: Session, golden: Golden) -> None:
    # 22:30 UTC on 14 November is 23:30 in Berlin: still that day; 23:30 UTC is the next one
    with time_machine.travel(datetime(2026, 11, 14, 22, 30, tzinfo=UTC), tick=False):
        golden.say(session, golden.anna, golden.safety, Relevance.MUST, (TRAINING,), 7)
    with time_machine.travel(datetime(2026, 11, 14, 23, 30, tzinfo=UTC), tick=False):
        demand.withdraw(session, golden.cell, golden.law)
    people = {day: ask(session, as_of=day).total.people for day in (date(2026, 11, d) for d in (1, 2, 13, 14, 15))}
    assert people == {
        date(2026, 11, 1): 0, date(2026, 11, 2): 18, date(2026, 11, 13): 18, date(2026, 11, 14): 19, date(2026, 11, 15): 9,
    }  # fmt: skip


def test_a_report_can_speak_of_a_moment_of_its_day(session: Session, golden: Golden) -> None:
    # NOON is when all was said; Anna raises 6 to 7 people two hours later
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        golden.say(session, golden.anna, golden.safety, Relevance.MUST, (TRAINING,), 7)
    for hours, expected in ((-1, 0), (1, 18), (3, 19)):
        query = ReportQuery(as_of=NOON.date(), at=NOON + timedelta(hours=hours))
        assert reports.interest(session, SYSTEM, query).total.people == expected
        assert sum(row.people or 0 for row in reports.rows_behind(session, SYSTEM, query)) == expected
        assert reports.trend(session, SYSTEM, query)[-1].people == expected


def test_a_company_that_left_the_network_does_not_count(session: Session, golden: Golden) -> None:
    company = session.get(factories.Company, golden.cell.company_id)
    assert company
    company.active = False
    session.flush()
    assert ask(session).total.companies == ask(session, as_of=date(2030, 1, 1)).total.companies == 2


def test_trend_shows_each_month_end_and_ends_with_the_day_asked(session: Session, golden: Golden) -> None:
    with time_machine.travel(datetime(2026, 12, 10, tzinfo=UTC), tick=False):
        demand.withdraw(session, golden.cell, golden.law)
    with time_machine.travel(datetime(2027, 1, 5, tzinfo=UTC), tick=False):
        points = reports.trend(session, SYSTEM, ReportQuery(), months=4)
    assert [(point.month, point.companies, point.people, point.records) for point in points] == [
        (date(2026, 10, 1), 0, 0, 0), (date(2026, 11, 1), 3, 18, 5), (date(2026, 12, 1), 2, 8, 4), (date(2027, 1, 1), 2, 8, 4),
    ]  # fmt: skip


def test_prospects_count_people_who_want_training_at_that_time(session: Session, golden: Golden) -> None:
    for month in (2, 8):
        session.add(Run(module_id=golden.safety.id, starts_on=date(2027, month, 16), min_participants=6))
    session.add(Run(module_id=golden.law.id, starts_on=date(2027, 2, 1)))
    session.flush()
    found = planning.prospects(session, SYSTEM, ReportQuery(as_of=date(2026, 11, 2)))
    assert [(one.run.starts_on.month, one.needed, one.people, one.companies, one.missing) for one in found] == [
        (2, 6, 6, 1, 0), (8, 6, 0, 0, 6), (2, None, 12, 2, 0),
    ]  # fmt: skip


def test_prospects_count_like_the_page_of_runs_what_was_answered_by_that_day(session: Session, golden: Golden) -> None:
    """Safety: Anna wants it for 6. Cell is asked on 1.12. and promises 5 on 3.12. Law: 12 people want it, 15 seats are taken."""
    run = Run(module_id=golden.safety.id, starts_on=date(2027, 2, 16), min_participants=6)
    full = Run(module_id=golden.law.id, starts_on=date(2027, 2, 1), min_participants=8, booked=15)
    session.add_all([run, full])
    session.flush()
    answer = RunCommitment(
        run_id=run.id, company_id=golden.cell.company_id, state=CommitmentState.COMING, people=5,
        asked_at=datetime(2026, 12, 1, 9, tzinfo=UTC), answered_at=datetime(2026, 12, 3, 9, tzinfo=UTC),
    )  # fmt: skip
    session.add(answer)
    session.flush()
    counted = {}
    for day in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 3), None):
        with time_machine.travel(datetime(2026, 12, 10, tzinfo=UTC), tick=False):
            found = planning.prospects(session, SYSTEM, ReportQuery(as_of=day))
        counted[day] = [(one.run.id == run.id, one.asked, one.counted, one.missing) for one in found]
    now = [(False, 0, 15, 0), (True, 1, 5, 1)]
    assert counted == {
        date(2026, 11, 30): [(False, 0, 15, 0), (True, 0, 6, 0)],
        date(2026, 12, 1): [(False, 0, 15, 0), (True, 1, 0, 6)],
        date(2026, 12, 3): now,
        None: now,
    }
    with time_machine.travel(datetime(2026, 12, 10, tzinfo=UTC), tick=False):
        assert planning.prospects(session, SYSTEM, ReportQuery()) == prospects.coming(
            session, SYSTEM, date(2026, 12, 10)
        )
    fokus = ReportQuery(as_of=date(2026, 12, 3), filters={"level": ("fokus",)})
    assert [one.run.id for one in planning.prospects(session, SYSTEM, fokus)] == [full.id]


@pytest.mark.parametrize(
    ("period", "day", "expected"),
    [
        ("", date(2027, 5, 1), True), ("2027", date(2027, 1, 1), True), ("2027", date(2028, 1, 1), False),
        ("2027-H2", date(2027, 7, 1), True), ("2027-H2", date(2027, 6, 30), False), ("2027-Q4", date(2027, 12, 31), True),
        ("2027-Q4", date(2027, 9, 30), False),
    ],
)  # fmt: skip
def test_a_period_covers_its_days(period: str, day: date, expected: bool) -> None:
    assert planning.covers(period, day) == expected


def test_only_staff_see_reports(session: Session, people: People) -> None:
    for actor in (VISITOR, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            reports.interest(session, actor, ReportQuery())
        with pytest.raises(NotAllowed):
            reports.rows_behind(session, actor, ReportQuery())
    assert reports.interest(session, people.curator, ReportQuery()).rows == ()


@pytest.mark.parametrize("day", [date.max, date.min])
def test_impossible_days_are_refused(session: Session, day: date) -> None:
    with pytest.raises(Invalid):
        ask(session, as_of=day)


def test_the_export_holds_the_rows_in_order_and_the_total_last(session: Session, golden: Golden) -> None:
    report = ask(session)
    notes = report_choices.described(
        session, SYSTEM, ReportQuery(filters={"topic": ("recht", "x")}, relevances=("must",)), "heute"
    )
    assert notes == [("Stand", "heute"), ("Zeilen", "Modul"), ("Dringlichkeit", "muss"), ("Thema", "Recht oder x")]
    lines = csv_bytes(report_tables.interest_table(report, notes)).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Modul;Anbieter;Kennung;Unternehmen;Personen;muss")
    assert [line.split(";")[0] for line in lines[1:]] == ["Recht", "Sicherheit", "Ohne alles", "Summe"]
    assert lines[-1].split(";")[3:] == [str(figure) for figure in TOTAL]


ACTS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 2), st.sampled_from(["mark", "click", "withdraw", "undo", "confirm"]),
        st.sampled_from(list(Relevance)), st.sets(st.sampled_from(list(Purpose))), st.none() | st.integers(1, 40),
        st.sampled_from(["", "2027", "2027-Q2", "2028-H1"]),
    ),
    max_size=25,
)  # fmt: skip


@pytest.mark.slow
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_live_figures_are_the_replay_of_now(sqlite_template: Path, tmp_path: Path, acts: list[Any]) -> None:
    path = tmp_path / "replay.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.session(write=True) as session:
        golden = Golden(session)
        replay(session, golden, acts)
        for by in By:
            live, past = (ask(session, by, as_of=day) for day in (None, date(2100, 1, 1)))
            assert (live.rows, live.total) == (past.rows, past.total)
        total = ask(session).total
        last = reports.trend(session, SYSTEM, ReportQuery())[-1]
        assert (last.companies, last.people, last.records) == (total.companies, total.people, total.records)
        session.rollback()
    database.dispose()


def replay(session: Session, golden: Golden, acts: list[Any]) -> None:
    members, modules = (golden.anna, golden.berg, golden.cell), (golden.safety, golden.law, golden.plain)
    for who, what, act, relevance, purposes, people, period in acts:
        member, module = members[who], modules[what]
        # nothing said yet, already withdrawn: not this test's business
        with suppress(Conflict, NotFound):
            if act == "mark":
                demand.mark(session, member, module, DemandInput(relevance, tuple(purposes), people, period))
            else:
                verbs = {
                    "click": demand.mark_relevant,
                    "withdraw": demand.withdraw,
                    "undo": demand.undo,
                    "confirm": demand.confirm,
                }
                verbs[act](session, member, module)
