"""The interest report: which companies want what, for how many people. What each figure counts is in DEFINITIONS."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import Confidentiality, DemandSource, Purpose, Relevance, Term, Vocabulary
from catalogue.services import audit
from catalogue.services.errors import Invalid
from catalogue.services.permissions import Actor, require
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
from catalogue.services.report_records import BERLIN, Fact, Record, end_of_day, purposes_of, records, replayed
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["interest", "note", "rows_behind", "trend"]

EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
TREND_MONTHS = 12
UNKNOWN = Fact(NOT_STATED, *named_period(""))


def today() -> date:
    """Return the current day in Berlin."""
    return utcnow().astimezone(BERLIN).date()


def interest(session: Session, actor: Actor, query: ReportQuery) -> Report:
    """Return the figures for *query*; a record whose module has several topics is in several rows and once in the total."""
    require(actor, "report.see")
    _check(query)
    found = records(session, query)
    groups: dict[str, list[Record]] = defaultdict(list)
    facts: dict[str, tuple[Fact, str]] = {}
    for record in found:
        for fact, detail in _groups(query.by, record):
            groups[fact.code].append(record)
            facts[fact.code] = (fact, detail)
    rows = [_row(facts[key][0], facts[key][1], members) for key, members in groups.items()]
    total = _row(Fact("total", N_("Summe"), "Total"), "", found)
    return Report(query, query.as_of or today(), tuple(_sorted(query, rows)), total)


def rows_behind(
    session: Session, actor: Actor, query: ReportQuery, key: str = "", level: str = "", figure: str = ""
) -> list[Behind]:
    """Return the statements behind one figure: of the row *key* (all rows if empty), of modules at *level*, of the column *figure*."""
    require(actor, "demand.see_others")
    _check(query)
    found = [
        record
        for record in records(session, query)
        if (not key or any(fact.code == key for fact, _ in _groups(query.by, record)))
        and (not level or level in levels_of(record))
        and _in_figure(record, figure)
    ]
    found.sort(key=lambda record: (sort_key(record.company.name), sort_key(record.module.title)))
    labels = _format_labels(session) if found else {}
    return [_behind(record, labels) for record in found]


def trend(session: Session, actor: Actor, query: ReportQuery, months: int = TREND_MONTHS) -> list[TrendPoint]:
    """Return the figures at the ends of the last *months* months up to the query's day, oldest first."""
    require(actor, "report.see")
    _check(query)
    last = query.as_of or today()
    starts = _months_before(last, months)
    ends = [*(datetime(start.year, start.month, 1, tzinfo=BERLIN) for start in starts[1:]), end_of_day(last)]
    states: list[dict[uuid.UUID, Record | None]] = [{} for _ in ends]
    for at, demand_id, record in replayed(session, query, ends[-1]):
        for place, end in enumerate(ends):
            if at < end:
                states[place][demand_id] = record
    return [_point(start, filter(None, state.values())) for start, state in zip(starts, states, strict=True)]


def note(session: Session, actor: Actor, query: ReportQuery, action: str, **details: Any) -> None:
    """Record that somebody looked at figures of named companies or took them away (ASVS 16.2; "wer sieht das?")."""
    require(actor, "report.see")
    day = query.as_of.isoformat() if query.as_of else ""
    audit.record(session, actor, action, label=query.by.label, by=query.by.value, as_of=day, **details)


def levels_of(record: Record) -> tuple[str, ...]:
    """Return the codes of the module's levels, ("none",) without any."""
    return tuple(fact.code for fact in record.module.levels) or (NOT_STATED,)


def _check(query: ReportQuery) -> None:
    if query.as_of is not None and not EARLIEST <= query.as_of <= LATEST:
        raise Invalid("as_of", N_("Nennen Sie einen Tag zwischen 2000 und 2200."))


def _groups(by: By, record: Record) -> Iterable[tuple[Fact, str]]:
    """The rows that *record* belongs to, each with its second line."""
    choose: dict[By, Callable[[], Iterable[tuple[Fact, str]]]] = {
        By.MODULE: lambda: [(Fact(record.module.slug, record.module.title), record.module.provider)],
        By.TOPIC: lambda: [(fact, "") for fact in record.module.topics] or [(UNKNOWN, "")],
        By.COMPANY: lambda: [(Fact(record.company.slug, record.company.name), _where(record))],
        By.SECTOR: lambda: [(record.company.sector or UNKNOWN, "")],
        By.REGION: lambda: [(record.company.region or UNKNOWN, "")],
        By.PERIOD: lambda: [(Fact(record.period or NOT_STATED, *named_period(record.period)), "")],
    }
    return choose[by]()


def _where(record: Record) -> str:
    known = [fact.label for fact in (record.company.sector, record.company.region) if fact]
    return ", ".join(known)


def _row(fact: Fact, detail: str, members: list[Record]) -> ReportRow:
    relevance = dict.fromkeys(Relevance, 0)
    purpose = dict.fromkeys(Purpose, 0)
    for record in members:
        relevance[Relevance(record.relevance)] += 1
        for value in record.purposes:
            purpose[Purpose(value)] += 1
    return ReportRow(
        fact.code, fact.label, fact.label_en, detail, len(members),
        len({record.company.slug for record in members}), sum(record.people or 0 for record in members),
        relevance[Relevance.MUST], relevance[Relevance.SHOULD], relevance[Relevance.COULD], relevance[Relevance.OPEN],
        purpose[Purpose.TRAINING], purpose[Purpose.COOPERATION], purpose[Purpose.BUSINESS],
    )  # fmt: skip


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


def _in_figure(record: Record, figure: str) -> bool:
    if figure in ("", "companies", "records"):
        return True
    if figure == "people":
        return bool(record.people)
    return record.relevance == figure or figure in record.purposes


def _format_labels(session: Session) -> dict[str, str]:
    rows = session.execute(select(Term.code, Term.label_de).where(Term.vocabulary == Vocabulary.FORMAT))
    return {row.code: row.label_de for row in rows}


def _behind(record: Record, formats: dict[str, str]) -> Behind:
    return Behind(
        record.company.name, record.company.slug, record.module.title, record.module.slug, Relevance(record.relevance),
        purposes_of(record), record.people, record.period, formats.get(record.format_code, record.format_code), record.place,
        record.note, Confidentiality(record.confidentiality), DemandSource(record.source), record.source_date, record.at,
    )  # fmt: skip


def _months_before(day: date, months: int) -> list[date]:
    """The first days of the last *months* months up to that of *day*, oldest first."""
    starts = [day.replace(day=1)]
    while len(starts) < months:
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    return starts[::-1]


def _point(month: date, members: Iterable[Record]) -> TrendPoint:
    found = list(members)
    companies = len({record.company.slug for record in found})
    return TrendPoint(month, companies, sum(record.people or 0 for record in found), len(found))
