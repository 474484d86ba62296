"""Demand against supply: topics by level, region or period. People, companies and seats of each cell, and what changed since a day.

Statements are counted as columns, never one by one (services/statements.py): a hundred thousand take a few milliseconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Term, Vocabulary
from catalogue.services import reports
from catalogue.services.matrix_columns import (
    ANY_TIME,
    PAST,
    WITHOUT_LEVEL,
    Across,
    column_groups,
    columns_of,
    columns_of_offer,
    in_order,
    quarters_ahead,
)
from catalogue.services.periods import is_period, last_day
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact, ModuleFacts, level_keys, topic_keys
from catalogue.services.report_query import NOT_STATED, ReportQuery
from catalogue.services.report_records import records
from catalogue.services.statements import Groups, Statements
from catalogue.services.supply import ONLINE, YEAR, Offer, offers

__all__ = ["GAP_FROM", "STEPS", "Cell", "Matrix", "MatrixRow", "matrix", "offers_behind"]

GAP_FROM = 10  # people without a seat, from which a cell says "kein Platz"
STEPS = (1, 5, 10, 20, 30)  # fixed, so that two reports can be compared (look.md section 5)
WITHOUT_TOPIC = Fact(NOT_STATED, "ohne Thema", "no topic", 999)
TOTAL = ""  # code of the row and of the column in which everything counts once
BESIDE = "\n"  # between two codes that are one key
NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Cell:
    """People who want it, how many companies, seats on offer; runs that do not say how many seats they have.

    ``before``: the people on the day of comparison, None without one. ``online``: runs of the topic that everybody can
    attend from anywhere, where the columns are regions.
    """

    people: int = 0
    companies: int = 0
    records: int = 0
    seats: int = 0
    runs: int = 0
    open_runs: int = 0
    before: int | None = None
    online: int = 0

    @property
    def step(self) -> int:
        """Heat step 0 to 5."""
        return sum(self.people >= least for least in STEPS)

    @property
    def is_empty(self) -> bool:
        """Whether nobody wants or offers anything, now and on the day of comparison."""
        return not (self.people or self.records or self.runs or self.before)

    @property
    def is_gap(self) -> bool:
        """Whether at least ten people want it and no run takes place that they could attend."""
        return self.people >= GAP_FROM and not self.runs and not self.online

    @property
    def difference(self) -> int:
        """Seats minus people."""
        return self.seats - self.people

    @property
    def change(self) -> int | None:
        """People more (or fewer) than on the day of comparison."""
        return None if self.before is None else self.people - self.before


@dataclass(frozen=True)
class MatrixRow:
    """One topic: a cell per column and the cell in which everything counts once."""

    topic: Fact
    cells: tuple[Cell, ...]
    total: Cell


@dataclass(frozen=True)
class Matrix:
    """Topics by columns. What belongs to several topics or columns is in several cells and once in the totals.

    The totals count the seats of the 12 months after ``after``, the day of the report; ``since``: the day of comparison.
    """

    across: Across
    after: date
    since: date | None
    columns: tuple[Fact, ...]
    rows: tuple[MatrixRow, ...]
    totals: tuple[Cell, ...]
    total: Cell

    @property
    def gaps(self) -> int:
        """Number of cells that say "kein Platz"."""
        return sum(cell.is_gap for row in self.rows for cell in row.cells)


def matrix(
    session: Session,
    actor: Actor,
    query: ReportQuery,
    across: Across = Across.LEVEL,
    since: date | None = None,
    found: Statements | None = None,
) -> Matrix:
    """Return people with demand and seats on offer after the query's day; *found*: the query's records, if loaded already."""
    require(actor, "report.see")
    after = query.as_of or reports.today()
    found = records(session, query) if found is None else found
    earlier = records(session, replace(query, as_of=since, at=None)) if since else found.only(NOTHING)
    said = (found, earlier)
    columns = {fact.code: fact for fact in _always(session, across, after)}
    columns |= {code: fact for part in said for code, fact in columns_of(part, across, after).items()}
    topics = {fact.code: fact for part in said for fact in _topics_of(part)}
    supply = _supply(offers(session, query, after, _horizon(after, columns)), across, after, columns, topics)
    now, before = _demand(found, across, after), _demand(earlier, across, after, only_people=True)
    return _put_together(across, after, since, topics, in_order(across, columns.values()), _Sums(now, before, supply))


def offers_behind(
    session: Session, actor: Actor, query: ReportQuery, across: Across, key: str = "", column: str = ""
) -> list[Offer]:
    """Return the runs whose seats one cell counts: of the topic *key* (all if empty) and of *column* (the total if empty)."""
    require(actor, "report.see")
    after = query.as_of or reports.today()
    if across == Across.PERIOD and not (column in (PAST, NOT_STATED) or is_period(column)):
        return []
    until = _horizon(after, [column] if across == Across.PERIOD else [])

    def wanted(offer: Offer) -> bool:
        topics = [fact.code for fact in offer.module.topics] or [NOT_STATED]
        columns = [fact.code for fact in columns_of_offer(across, offer, after, [column])]
        inside = column in columns if column else offer.starts_on <= after + YEAR
        return inside and (not key or key in topics)

    return [offer for offer in offers(session, query, after, until) if wanted(offer)]


def _always(session: Session, across: Across, after: date) -> list[Fact]:
    """The columns that are shown even if nobody is in them."""
    if across == Across.PERIOD:
        return [*quarters_ahead(after), ANY_TIME]
    if across == Across.REGION:
        return []
    rows = session.scalars(select(Term).where(Term.vocabulary == Vocabulary.LEVEL, Term.retired.is_(False)))
    return [*(Fact(term.code, term.label_de, term.label_en, term.position) for term in rows), WITHOUT_LEVEL]


def _horizon(after: date, columns: Iterable[str]) -> date:
    """The last day on which a run can count: in 12 months, or where the last of the periods that are asked for ends."""
    ends = [last_day(code) for code in columns if is_period(code)]
    return max([after + YEAR, *(end for end in ends if end)])


def _topics_of(found: Statements) -> Iterator[Fact]:
    for number in np.unique(found.column("module")).tolist():
        yield from found.facts.modules[found.log.modules.values[number]].topics or (WITHOUT_TOPIC,)


Key = tuple[str, str]  # codes of topic and column, TOTAL for the one in which everything counts once


@dataclass
class _Supplied:
    seats: int = 0
    runs: int = 0
    open_runs: int = 0


@dataclass(frozen=True)
class _Sums:
    """Figures by cell: people, companies and records now, the same on the day of comparison, and what is offered."""

    now: dict[Key, tuple[int, int, int]]
    before: dict[Key, tuple[int, int, int]]
    supply: dict[Key, _Supplied]


def _demand(
    found: Statements, across: Across, after: date, only_people: bool = False
) -> dict[Key, tuple[int, int, int]]:
    """People, companies and records of each cell that has any; *only_people*: the others are left 0 (counting companies takes longest)."""
    topics, columns = found.by_module(topic_keys), column_groups(found, across, after)
    cells = found.by_module(_both) if across == Across.LEVEL else _crossed(topics, columns, len(found))
    everything = Groups(("",), np.arange(len(found)), np.zeros(len(found), np.int64))
    parts = (
        (everything, [(TOTAL, TOTAL)]),
        (topics, [(key, TOTAL) for key in topics.keys]),
        (columns, [(TOTAL, key) for key in columns.keys]),
        (cells, [(topic, column) for topic, _, column in (key.partition(BESIDE) for key in cells.keys)]),
    )
    if only_people:
        return {
            key: (people, 0, 0)
            for groups, keys in parts
            for key, people in zip(keys, groups.sums(found.people).tolist(), strict=True)
        }
    return {key: figures for groups, keys in parts for key, figures in _figures(found, groups, keys).items()}


def _both(module: ModuleFacts) -> tuple[str, ...]:
    """Topics and levels belong to the module, so that one with two of each is in four cells."""
    levels = level_keys(module)
    return tuple(f"{topic}{BESIDE}{level}" for topic in topic_keys(module) for level in levels)


def _crossed(topics: Groups, columns: Groups, count: int) -> Groups:
    """Each statement has several topics and one column."""
    column = np.zeros(count, np.int64)
    column[columns.statements] = columns.groups
    keys = tuple(f"{topic}{BESIDE}{one}" for topic in topics.keys for one in columns.keys)
    return Groups(keys, topics.statements, topics.groups * len(columns.keys) + column[topics.statements])


def _figures(found: Statements, groups: Groups, keys: Iterable[Key]) -> dict[Key, tuple[int, int, int]]:
    counted = groups.sums(found.people), groups.distinct(found.companies), groups.sums(np.ones(len(found)))
    return {
        key: (people, companies, number)
        for key, people, companies, number in zip(keys, *(one.tolist() for one in counted), strict=True)
        if number
    }


def _supply(
    offered: Iterable[Offer], across: Across, after: date, columns: dict[str, Fact], topics: dict[str, Fact]
) -> dict[Key, _Supplied]:
    """Seats and runs of each cell; topics and columns that only runs have are added to *columns* and *topics*."""
    sums: dict[Key, _Supplied] = defaultdict(_Supplied)
    for offer in offered:
        own, held = offer.module.topics or (WITHOUT_TOPIC,), columns_of_offer(across, offer, after, columns)
        topics.update((fact.code, fact) for fact in own)
        columns.update((fact.code, fact) for fact in held)
        soon = [TOTAL] if offer.starts_on <= after + YEAR else []
        for topic in (TOTAL, *(fact.code for fact in own)):
            for column in (*soon, *(fact.code for fact in held)):
                cell = sums[topic, column]
                cell.seats, cell.runs = cell.seats + (offer.seats or 0), cell.runs + 1
                cell.open_runs += not offer.seats
    return sums


def _put_together(
    across: Across, after: date, since: date | None, topics: dict[str, Fact], columns: list[Fact], sums: _Sums
) -> Matrix:
    def cell(topic: str, column: str) -> Cell:
        people, companies, number = sums.now.get((topic, column), (0, 0, 0))
        supplied = sums.supply.get((topic, column), _Supplied())
        before = sums.before.get((topic, column), (0,))[0] if since else None
        anywhere = across == Across.REGION and column not in (TOTAL, ONLINE)
        online = sums.supply[topic, ONLINE].runs if anywhere and (topic, ONLINE) in sums.supply else 0
        return Cell(
            people, companies, number, supplied.seats, supplied.runs, supplied.open_runs, before, online
        )  # fmt: skip

    rows = [
        MatrixRow(topic, tuple(cell(code, one.code) for one in columns), cell(code, TOTAL))
        for code, topic in topics.items()
    ]
    rows.sort(key=lambda row: (row.topic.code == NOT_STATED, -row.total.people, row.topic.position))
    totals = tuple(cell(TOTAL, one.code) for one in columns)
    return Matrix(across, after, since, tuple(columns), tuple(rows), totals, cell(TOTAL, TOTAL))
