"""The interest report: which companies want what, for how many people. What each figure counts is in DEFINITIONS."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, overload

import numpy as np
from sqlalchemy import select

from catalogue.db import Session, local_day
from catalogue.models import Company, Confidentiality, DemandSource, Module, Purpose, Relevance, Vocabulary
from catalogue.services import audit, vocabularies
from catalogue.services.demand_log import Numbers
from catalogue.services.matrix_columns import Across, column_groups
from catalogue.services.periods import is_period
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import CompanyFacts, Fact, ModuleFacts, topic_keys
from catalogue.services.report_query import (
    NOT_STATED,
    Behind,
    By,
    Report,
    ReportQuery,
    ReportRow,
    ReportSort,
    TrendPoint,
    named_period,
    period_order,
)
from catalogue.services.report_records import BERLIN, Details, before, details, end_of_day, records, series
from catalogue.services.sorting import sort_key
from catalogue.services.statements import Groups, Record, Statements
from catalogue.texts import N_

__all__ = ["counted", "counted_once", "end_of_day", "interest", "name_of_row", "note", "rows_behind", "today", "trend"]

TREND_MONTHS = 12
UNKNOWN = Fact(NOT_STATED, *named_period(""))
TOTAL = Fact("total", N_("Summe"), "Total")
NOTHING = ("", "")  # no second line, in German and English
COUNTED = ("must", "should", "could", "open", "training", "cooperation", "business")


def today() -> date:
    """Return the current day in Berlin."""
    return local_day()


def interest(session: Session, actor: Actor, query: ReportQuery, found: Statements | None = None) -> Report:
    """Return the figures for *query*; a record whose module has several topics is in several rows and once in the total.

    *found*: the records of the query, if they are loaded already.
    """
    require(actor, "report.see")
    counted = records(session, query) if found is None else found
    rows, total = counted.remembered(("interest", query.by, query.sort), lambda: _interest(query, counted))
    return Report(query, query.as_of or today(), rows, total)


def _interest(query: ReportQuery, found: Statements) -> tuple[tuple[ReportRow, ...], ReportRow]:
    groups = groups_of(found, query.by)
    firsts = found.only(groups.first())
    rows = [
        _row(*_named(query.by, key, first), figures)
        for key, first, figures in zip(groups.keys, firsts, _figures(found, groups), strict=True)
    ]
    return tuple(_sorted(query, rows)), _row(TOTAL, NOTHING, next(_figures(found, _everything(found))))


def _everything(found: Statements) -> Groups:
    return Groups(("total",), np.arange(len(found)), np.zeros(len(found), np.int64))


def counted_once(found: Statements) -> tuple[int, int]:
    """Return companies and people of the total, in which everything counts once."""
    return len(np.unique(found.companies)), int(found.people.sum())


def counted(found: Statements, by: By) -> dict[str, tuple[int, int]]:
    """Return companies and people by the key of the row: what :func:`interest` counts, without names and order."""
    groups = groups_of(found, by)
    companies, people = groups.distinct(found.companies).tolist(), groups.sums(found.people).tolist()
    return dict(zip(groups.keys, zip(companies, people, strict=True), strict=True))


def groups_of(found: Statements, by: By) -> Groups:
    """Return the rows of a report by *by* that each statement is in."""
    if by == By.PERIOD:
        return found.by_period()
    if by in MODULE_KEYS:
        return found.by_module(MODULE_KEYS[by])
    return found.by_company(COMPANY_KEYS[by])


def rows_behind(
    session: Session,
    actor: Actor,
    query: ReportQuery,
    key: str = "",
    column: str = "",
    figure: str = "",
    across: Across = Across.LEVEL,
) -> "RowsBehind":
    """Return the statements behind one figure: of the row *key* (all rows if empty), of the matrix *column*, of the *figure*.

    Sorted by company and module; what each says in full is read only for those that are taken.
    """
    require(actor, "demand.see_others")
    found = records(session, query)
    if key:
        found = found.only(_in_group(groups_of(found, query.by), key))
    if column:
        found = found.only(_in_group(column_groups(found, across, query.as_of or today()), column))
    if figure == "people":
        found = found.only(found.people > 0)
    elif figure not in ("", "companies", "records"):
        found = found.only(found.says(figure))
    order = sorted(range(len(found)), key=[(one.company.sort, one.module.sort) for one in found].__getitem__)
    return RowsBehind(session, found.only(np.array(order, np.int64)))


class RowsBehind(Sequence[Behind]):
    """Statements with every word; as many are read as are asked for."""

    def __init__(self, session: Session, found: Statements) -> None:
        self.session, self.found = session, found

    @property
    def people(self) -> int:
        """All people of the statements."""
        return int(self.found.people.sum())

    @property
    def companies(self) -> int:
        """How many companies said them."""
        return len(np.unique(self.found.companies))

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, place: int) -> Behind: ...
    @overload
    def __getitem__(self, place: slice) -> list[Behind]: ...
    def __getitem__(self, place: int | slice) -> Behind | list[Behind]:
        if isinstance(place, slice):
            return list(RowsBehind(self.session, self.found.only(np.arange(len(self))[place])))
        return next(iter(RowsBehind(self.session, self.found.only(np.array([place])))))

    def __iter__(self) -> Iterator[Behind]:
        labels = _format_labels(self.session)
        for record, said in zip(self.found, details(self.session, self.found), strict=True):
            yield _behind(record, said, labels)


def name_of_row(session: Session, actor: Actor, by: By, key: str) -> Fact | None:
    """Return the name of the row *key*, None if there can be no such row."""
    require(actor, "report.see")
    if key == NOT_STATED:
        return UNKNOWN
    if by == By.PERIOD:
        return Fact(key, *named_period(key)) if key and is_period(key) else None
    if by in (By.MODULE, By.COMPANY):
        kind, name = (Module, Module.title) if by == By.MODULE else (Company, Company.name)
        found = session.scalar(select(name).where(kind.slug == key))
        return Fact(key, found) if found else None
    term = vocabularies.find(session, by.value, key)
    return Fact(term.code, term.label_de, term.label_en) if term else None


def trend(session: Session, actor: Actor, query: ReportQuery, months: int = TREND_MONTHS) -> list[TrendPoint]:
    """Return the figures at the ends of the last *months* months up to the query's day, oldest first."""
    require(actor, "report.see")
    last = query.as_of or today()
    starts = _months_before(last, months)
    ends = [datetime(start.year, start.month, 1, tzinfo=BERLIN) for start in starts[1:]]
    ends.append(before(query) or end_of_day(last))
    until_then = zip(starts, series(session, query, ends), strict=True)
    return [found.remembered(("point", start), partial(_point, start, found)) for start, found in until_then]


def note(session: Session, actor: Actor, query: ReportQuery, action: str, **details: Any) -> None:
    """Record that somebody looked at figures of named companies or took them away (ASVS 16.2; "wer sieht das?")."""
    require(actor, "report.see")
    day = query.as_of.isoformat() if query.as_of else ""
    audit.record(session, actor, action, label=query.by.label, by=query.by.value, as_of=day, **details)


def _code(fact: Fact | None) -> tuple[str]:
    return (fact.code if fact else NOT_STATED,)


# the rows that a statement belongs to, by what is known of its module or company
MODULE_KEYS: dict[By, Callable[[ModuleFacts], tuple[str, ...]]] = {
    By.MODULE: lambda module: (module.slug,),
    By.TOPIC: topic_keys,
}
COMPANY_KEYS: dict[By, Callable[[CompanyFacts], tuple[str, ...]]] = {
    By.COMPANY: lambda company: (company.slug,),
    By.SECTOR: lambda company: _code(company.sector),
    By.REGION: lambda company: _code(company.region),
}


def _in_group(groups: Groups, key: str) -> Numbers:
    """The places of the statements in one group."""
    place = groups.keys.index(key) if key in groups.keys else -1
    members: Numbers = groups.statements[groups.groups == place]
    return members


def _named(by: By, key: str, record: Record) -> tuple[Fact, tuple[str, str]]:
    """Name and second line (German, English) of the row *key*, which *record* belongs to."""
    if by == By.MODULE:
        return Fact(key, record.module.title), (record.module.provider, "")
    if by == By.COMPANY:
        return Fact(key, record.company.name), _where(record)
    if by == By.PERIOD:
        return Fact(key, *named_period(record.period)), NOTHING
    if by == By.TOPIC:
        return next((fact for fact in record.module.topics if fact.code == key), UNKNOWN), NOTHING
    return (record.company.sector if by == By.SECTOR else record.company.region) or UNKNOWN, NOTHING


def _where(record: Record) -> tuple[str, str]:
    known = [fact for fact in (record.company.sector, record.company.region) if fact]
    return ", ".join(fact.label for fact in known), ", ".join(fact.label_en or fact.label for fact in known)


_Figures = tuple[int, int, int, int, int, int, int, int, int, int]  # of ReportRow, in its order


def _figures(found: Statements, groups: Groups) -> Iterator[_Figures]:
    """The figures of each group, in the order of ReportRow."""
    columns = [groups.sums(np.ones(len(found))), groups.distinct(found.companies), groups.sums(found.people)]
    columns += [groups.sums(found.says(name)) for name in COUNTED]
    rows: Iterator[Any] = zip(*(column.tolist() for column in columns), strict=True)
    return rows


def _row(fact: Fact, detail: tuple[str, str], figures: _Figures) -> ReportRow:
    note, note_en = detail
    return ReportRow(fact.code, fact.label, fact.label_en, note, *figures, note_en)


def _sorted(query: ReportQuery, rows: list[ReportRow]) -> list[ReportRow]:
    def last(row: ReportRow) -> bool:
        return row.key == NOT_STATED

    sort = query.sort
    if sort == ReportSort.DEFAULT and query.by == By.PERIOD:
        return sorted(rows, key=lambda row: (last(row), period_order(row.key)))
    if sort == ReportSort.LABEL:
        return sorted(rows, key=lambda row: (last(row), sort_key(row.label), row.key))
    if sort == ReportSort.PEOPLE:
        return sorted(rows, key=lambda row: (-row.people, -row.companies, sort_key(row.label), row.key))
    return sorted(rows, key=lambda row: (-row.companies, -row.people, sort_key(row.label), row.key))


def _format_labels(session: Session) -> dict[str, tuple[str, str]]:
    found = vocabularies.by_code(session, Vocabulary.FORMAT)
    return {code: (term.label_de, term.label_en) for code, term in found.items()}


def _behind(record: Record, details: Details, formats: dict[str, tuple[str, str]]) -> Behind:
    company, module = record.company, record.module
    shape, shape_en = formats.get(details.format_code, (details.format_code, ""))
    return Behind(
        company.name, company.slug, module.title, module.slug, Relevance(record.relevance),
        tuple(purpose for purpose in Purpose if purpose.value in record.purposes), record.people, record.period,
        shape, details.place, details.note,
        Confidentiality(details.confidentiality), DemandSource(record.source), details.source_date, details.at,
    )  # fmt: skip


def _months_before(day: date, months: int) -> list[date]:
    """The first days of the last *months* months up to that of *day*, oldest first."""
    starts = [day.replace(day=1)]
    while len(starts) < months:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    return starts[::-1]


def _point(month: date, found: Statements) -> TrendPoint:
    return TrendPoint(month, len(np.unique(found.companies)), int(found.people.sum()), len(found))
