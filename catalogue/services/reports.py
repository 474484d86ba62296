"""The interest report: which companies want what, for how many people. What each figure counts is in DEFINITIONS."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from catalogue.db import Session, utcnow
from catalogue.models import Confidentiality, DemandSource, Purpose, Relevance, Vocabulary
from catalogue.services import audit, vocabularies
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact
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
from catalogue.services.report_records import (
    BERLIN,
    Details,
    Record,
    before,
    end_of_day,
    records,
    records_in_detail,
    replayed,
)
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["end_of_day", "interest", "note", "rows_behind", "today", "trend"]

TREND_MONTHS = 12
UNKNOWN = Fact(NOT_STATED, *named_period(""))
NOTHING = ("", "")  # no second line, in German and English
COUNTED = ("must", "should", "could", "open", "training", "cooperation", "business")


def today() -> date:
    """Return the current day in Berlin."""
    return utcnow().astimezone(BERLIN).date()


def interest(session: Session, actor: Actor, query: ReportQuery, found: Sequence[Record] | None = None) -> Report:
    """Return the figures for *query*; a record whose module has several topics is in several rows and once in the total.

    *found*: the records of the query, if they are loaded already.
    """
    require(actor, "report.see")
    found = records(session, query) if found is None else found
    keys_of = KEYS[query.by]
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in found:
        for key in keys_of(record):
            groups[key].append(record)
    rows = [_row(*_named(query.by, key, members[0]), members) for key, members in groups.items()]
    total = _row(Fact("total", N_("Summe"), "Total"), NOTHING, found)
    return Report(query, query.as_of or today(), tuple(_sorted(query, rows)), total)


def rows_behind(
    session: Session, actor: Actor, query: ReportQuery, key: str = "", level: str = "", figure: str = ""
) -> list[Behind]:
    """Return the statements behind one figure: of the row *key* (all rows if empty), of modules at *level*, of the column *figure*."""
    require(actor, "demand.see_others")
    keys_of = KEYS[query.by]
    found = [
        (record, details)
        for record, details in records_in_detail(session, query)
        if (not key or key in keys_of(record))
        and (not level or level in levels_of(record))
        and _in_figure(record, figure)
    ]
    found.sort(key=lambda pair: (sort_key(pair[0].company.name), sort_key(pair[0].module.title)))
    labels = _format_labels(session) if found else {}
    return [_behind(record, details, labels) for record, details in found]


def trend(session: Session, actor: Actor, query: ReportQuery, months: int = TREND_MONTHS) -> list[TrendPoint]:
    """Return the figures at the ends of the last *months* months up to the query's day, oldest first."""
    require(actor, "report.see")
    last = query.as_of or today()
    starts = _months_before(last, months)
    ends = [datetime(start.year, start.month, 1, tzinfo=BERLIN) for start in starts[1:]]
    ends.append(before(query) or end_of_day(last))
    states: list[dict[Any, Record | None]] = [{} for _ in ends]
    for place, demand, record in replayed(session, query, ends):
        for state in states[place:]:
            state[demand] = record
    return [_point(start, filter(None, state.values())) for start, state in zip(starts, states, strict=True)]


def note(session: Session, actor: Actor, query: ReportQuery, action: str, **details: Any) -> None:
    """Record that somebody looked at figures of named companies or took them away (ASVS 16.2; "wer sieht das?")."""
    require(actor, "report.see")
    day = query.as_of.isoformat() if query.as_of else ""
    audit.record(session, actor, action, label=query.by.label, by=query.by.value, as_of=day, **details)


def levels_of(record: Record) -> tuple[str, ...]:
    """Return the codes of the module's levels, ("none",) without any."""
    return tuple(fact.code for fact in record.module.levels) or (NOT_STATED,)


def _code(fact: Fact | None) -> str:
    return fact.code if fact else NOT_STATED


# the rows that a record belongs to
KEYS: dict[By, Callable[[Record], tuple[str, ...]]] = {
    By.MODULE: lambda record: (record.module.slug,),
    By.TOPIC: lambda record: tuple(fact.code for fact in record.module.topics) or (NOT_STATED,),
    By.COMPANY: lambda record: (record.company.slug,),
    By.SECTOR: lambda record: (_code(record.company.sector),),
    By.REGION: lambda record: (_code(record.company.region),),
    By.PERIOD: lambda record: (record.period or NOT_STATED,),
}


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


def _row(fact: Fact, detail: tuple[str, str], members: Sequence[Record]) -> ReportRow:
    counted = Counter(record.relevance for record in members)
    for record in members:
        counted.update(record.purposes)
    companies = len({record.company.slug for record in members})
    people = sum(record.people or 0 for record in members)
    figures = {name: counted[name] for name in COUNTED}
    note, note_en = detail
    return ReportRow(
        fact.code, fact.label, fact.label_en, note, len(members), companies, people, note_en=note_en, **figures
    )


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


def _point(month: date, members: Iterable[Record]) -> TrendPoint:
    found = list(members)
    companies = len({record.company.slug for record in found})
    return TrendPoint(month, companies, sum(record.people or 0 for record in found), len(found))
