"""Demand against supply: where people want a topic at a level and nobody offers a seat, and which runs will come about."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, Module, Run, RunState, Term, Vocabulary, WorkflowState
from catalogue.services import reports
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.periods import last_day
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact, ModuleFacts, modules_in
from catalogue.services.report_query import NOT_STATED, ReportQuery
from catalogue.services.report_records import Record, records

__all__ = [
    "GAP_FROM",
    "Cell",
    "Matrix",
    "MatrixRow",
    "Prospect",
    "companies_total",
    "matrix",
    "matrix_table",
    "prospects",
]

GAP_FROM = 10  # people without a seat, from which a cell says "kein Platz"
STEPS = (1, 5, 10, 20, 30)  # fixed, so that two reports can be compared (look.md section 5)
OPEN_STATES = (RunState.PLANNED, RunState.CONFIRMED)
YEAR = timedelta(days=365)
WITHOUT_LEVEL = Fact(NOT_STATED, "ohne Stufe", "no level", 999)
WITHOUT_TOPIC = Fact(NOT_STATED, "ohne Thema", "no topic", 999)


@dataclass(frozen=True)
class Cell:
    """People who want it, seats on offer, and runs that do not say how many seats they have."""

    people: int = 0
    seats: int = 0
    open_runs: int = 0
    records: int = 0

    @property
    def step(self) -> int:
        """Heat step 0 to 5."""
        return sum(self.people >= least for least in STEPS)

    @property
    def is_gap(self) -> bool:
        """Whether at least ten people want it and no run takes place."""
        return self.people >= GAP_FROM and not self.seats and not self.open_runs

    @property
    def difference(self) -> int:
        """Seats minus people."""
        return self.seats - self.people


@dataclass(frozen=True)
class MatrixRow:
    """One topic: a cell per level and the cell in which everything counts once."""

    topic: Fact
    cells: tuple[Cell, ...]
    total: Cell


@dataclass(frozen=True)
class Matrix:
    """Topics by levels. A module with several topics is in several rows and once in the totals."""

    levels: tuple[Fact, ...]
    rows: tuple[MatrixRow, ...]
    totals: tuple[Cell, ...]
    total: Cell

    @property
    def gaps(self) -> int:
        """Number of cells that say "kein Platz"."""
        return sum(cell.is_gap for row in self.rows for cell in row.cells)


@dataclass(frozen=True)
class Prospect:
    """A coming run, how many people it needs (None: no minimum is stated), and how many want its module at that time."""

    run: Run
    needed: int | None
    seats: int | None
    people: int
    companies: int

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return max(0, (self.needed or 0) - self.people)


@dataclass
class _Sum:
    people: int = 0
    seats: int = 0
    open_runs: int = 0
    records: int = 0

    def cell(self) -> Cell:
        return Cell(self.people, self.seats, self.open_runs, self.records)


@dataclass
class _Sums:
    """Cells under construction; the key None stands for a total."""

    cells: dict[tuple[str | None, str | None], _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    topics: dict[str, Fact] = field(default_factory=dict)
    levels: dict[str, Fact] = field(default_factory=dict)

    def add(self, topics: Iterable[Fact], levels: Iterable[Fact], **figures: int) -> None:
        own_topics, own_levels = tuple(topics) or (WITHOUT_TOPIC,), tuple(levels) or (WITHOUT_LEVEL,)
        self.topics |= {fact.code: fact for fact in own_topics}
        self.levels |= {fact.code: fact for fact in own_levels}
        for topic in (*(fact.code for fact in own_topics), None):
            for level in (*(fact.code for fact in own_levels), None):
                found = self.cells[topic, level]
                for name, figure in figures.items():
                    setattr(found, name, getattr(found, name) + figure)

    def cell(self, topic: str | None, level: str | None) -> Cell:
        return self.cells[topic, level].cell() if (topic, level) in self.cells else Cell()


def companies_total(session: Session, actor: Actor) -> int:
    """Return how many member companies there are."""
    require(actor, "report.see")
    return session.scalar(select(func.count()).select_from(Company).where(Company.active)) or 0


def matrix(session: Session, actor: Actor, query: ReportQuery, found: Sequence[Record] | None = None) -> Matrix:
    """Return people with demand and seats on offer in the 12 months after the query's day, by topic and level of the modules.

    *found*: the records of the query, if they are loaded already.
    """
    require(actor, "report.see")
    sums = _Sums(levels={fact.code: fact for fact in _all_levels(session)})
    for record in records(session, query) if found is None else found:
        sums.add(record.module.topics, record.module.levels, people=record.people or 0, records=1)
    for run, module in _runs(session, query):
        seats = run.max_participants or run.module.max_participants
        sums.add(module.topics, module.levels, seats=seats or 0, open_runs=0 if seats else 1)
    levels = sorted(sums.levels.values(), key=lambda fact: fact.position)
    if WITHOUT_LEVEL.code not in sums.levels:
        levels.append(WITHOUT_LEVEL)
    rows = [
        MatrixRow(topic, tuple(sums.cell(code, level.code) for level in levels), sums.cell(code, None))
        for code, topic in sums.topics.items()
    ]
    rows.sort(key=lambda row: (row.topic.code == NOT_STATED, -row.total.people, row.topic.position))
    return Matrix(
        tuple(levels), tuple(rows), tuple(sums.cell(None, level.code) for level in levels), sums.cell(None, None)
    )


def prospects(
    session: Session, actor: Actor, query: ReportQuery, found: Sequence[Record] | None = None
) -> list[Prospect]:
    """Return the runs of the 12 months after the query's day, those with a minimum first, each with the people who want it.

    Counted are statements without a period or with one that the run begins in; people count for every run of their module.
    """
    require(actor, "report.see")
    wanting: dict[uuid.UUID, list[Record]] = defaultdict(list)
    for record in records(session, query) if found is None else found:
        wanting[record.module.id].append(record)
    coming = [_prospect(run, wanting[run.module_id]) for run, _ in _runs(session, query)]
    return sorted(coming, key=lambda one: one.needed is None)


def _prospect(run: Run, wanting: Iterable[Record]) -> Prospect:
    fitting = [record for record in wanting if covers(record.period, run.starts_on)]
    people = sum(record.people or 0 for record in fitting)
    companies = len({record.company.slug for record in fitting})
    needed = run.min_participants or run.module.min_participants
    return Prospect(run, needed, run.max_participants or run.module.max_participants, people, companies)


def covers(period: str, day: date) -> bool:
    """Whether *day* lies in *period*; an open period covers every day."""
    last = last_day(period)
    if last is None:
        return True
    months = {"": 12, "H": 6, "Q": 3}[period[5:6]]
    first = date(last.year, last.month - months + 1, 1)
    return first <= day <= last


def matrix_table(found: Matrix, notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return *found* with two columns per level: people and seats."""
    columns = [Column("topic", "Thema")]
    for level in (*found.levels, Fact("total", "Summe")):
        columns.append(Column(f"{level.code} people", f"{level.label}: Personen", Kind.NUMBER))
        columns.append(Column(f"{level.code} seats", f"{level.label}: Plätze", Kind.NUMBER))

    def line(label: str, cells: Iterable[Cell], total: Cell) -> dict[str, str | int]:
        values: dict[str, str | int] = {"topic": label}
        for level, cell in zip((*found.levels, Fact("total", "")), (*cells, total), strict=True):
            values |= {f"{level.code} people": cell.people, f"{level.code} seats": cell.seats}
        return values

    rows = [line(row.topic.label, row.cells, row.total) for row in found.rows]
    return Table("Bedarf und Plätze", columns, rows, tuple(notes), line("Summe", found.totals, found.total))


def _all_levels(session: Session) -> list[Fact]:
    rows = session.scalars(select(Term).where(Term.vocabulary == Vocabulary.LEVEL, Term.retired.is_(False)))
    return [Fact(term.code, term.label_de, term.label_en, term.position) for term in rows]


def _runs(session: Session, query: ReportQuery) -> list[tuple[Run, ModuleFacts]]:
    """Runs of published modules that may take place in the 12 months after the query's day, within its filters of modules."""
    after = query.as_of or reports.today()
    statement = (
        select(Run)
        .join(Run.module)
        .where(Run.starts_on > after, Run.starts_on <= after + YEAR, Run.state.in_(OPEN_STATES))
        .where(Module.state == WorkflowState.PUBLISHED)
        .options(joinedload(Run.module))
        .order_by(Run.starts_on, Run.id)
    )
    runs = list(session.scalars(statement))
    modules = modules_in(session, query, {run.module_id for run in runs})
    return [(run, modules[run.module_id]) for run in runs if run.module_id in modules]
