"""What the companies said, at a moment: from the demand itself (now) or by replaying its events (any day)."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, literal, select

from catalogue.db import Session
from catalogue.models import Demand, DemandEvent, Relevance
from catalogue.services.errors import Invalid
from catalogue.services.report_facts import CompanyFacts, Facts, ModuleFacts, raw
from catalogue.services.report_query import NOT_STATED, ReportQuery, period_order
from catalogue.texts import N_

__all__ = ["Details", "Record", "before", "end_of_day", "periods_said", "records", "records_in_detail", "replayed"]

BERLIN = ZoneInfo("Europe/Berlin")
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)


class Record(NamedTuple):
    """What one company said about one module: active, and relevant in some way. (A tuple: thousands are made for a report.)"""

    company: CompanyFacts
    module: ModuleFacts
    relevance: str
    purposes: tuple[str, ...]
    people: int | None
    period: str
    source: str


class Details(NamedTuple):
    """The rest of what was said, and when."""

    format_code: str
    place: str
    note: str
    confidentiality: str
    source_date: date | None
    at: datetime


def end_of_day(day: date) -> datetime:
    """Return the first moment after *day* in Berlin (days of 23 and 25 hours included); Invalid for impossible days."""
    if not EARLIEST <= day <= LATEST:
        raise Invalid("as_of", N_("Nennen Sie einen Tag zwischen 2000 und 2200."))
    return datetime.combine(day + timedelta(days=1), time.min, BERLIN)


def before(query: ReportQuery) -> datetime | None:
    """Return the first moment that does not count any more for *query*, None if it asks for now."""
    return query.at or (end_of_day(query.as_of) if query.as_of else None)


def records(session: Session, query: ReportQuery) -> list[Record]:
    """Return all records that *query* asks for, as of its day."""
    facts, wanted = Facts(session, query), _filter(query)
    end = before(query)
    rows = _now(session) if end is None else _until(session, end)
    found = (_record(facts, *row[:3]) for row in rows)
    return [record for record in found if record is not None and wanted(record)]


def records_in_detail(session: Session, query: ReportQuery) -> list[tuple[Record, Details]]:
    """Return all records that *query* asks for, with every word that was said."""
    facts, wanted = Facts(session, query), _filter(query)
    end = before(query)
    rows = _now(session, _DETAILS) if end is None else _until(session, end)
    details = _details_now if end is None else _details_said
    found = ((_record(facts, *row[:3]), row) for row in rows)
    return [(record, details(row)) for record, row in found if record is not None and wanted(record)]


def replayed(
    session: Session, query: ReportQuery, ends: Sequence[datetime]
) -> Iterator[tuple[int, Any, Record | None]]:
    """Yield every change in the order of writing: the place of the first of *ends* that comes after it, its demand, and what the demand said then (None: nothing that counts)."""
    facts, wanted = Facts(session, query), _filter(query)
    past: ColumnElement[int] = literal(0)
    for end in ends[:-1]:
        past = past + case((DemandEvent.at >= end, 1), else_=0)
    columns = (past, raw(DemandEvent.demand_id), *_KEYS, raw(DemandEvent.snapshot))
    changes = select(*columns).where(DemandEvent.at < ends[-1]).order_by(DemandEvent.id)
    for place, demand, company, module, snapshot in session.execute(changes):
        record = _record(facts, company, module, _said(snapshot))
        yield place, demand, record if record is not None and wanted(record) else None


def periods_said(session: Session) -> list[str]:
    """Return the periods that companies have ever named, in time."""
    said = session.scalars(select(Demand.period).where(Demand.period != "").distinct())
    return sorted(said, key=period_order)


_KEYS = (raw(DemandEvent.company_id), raw(DemandEvent.module_id))
_SAYS = (
    raw(Demand.relevance), raw(Demand.purposes), Demand.people, Demand.period, raw(Demand.source),
)  # fmt: skip
_DETAILS = (
    Demand.format_code, Demand.place, Demand.note, raw(Demand.confidentiality), Demand.source_date, Demand.updated_at,
)  # fmt: skip
_Said = tuple[str, tuple[str, ...], int | None, str, str]


def _now(session: Session, details: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Company, module, what the demand says; then the detail columns."""
    active = Demand.withdrawn_at.is_(None) & (Demand.relevance != Relevance.NONE)
    columns = (raw(Demand.company_id), raw(Demand.module_id), *_SAYS, *details)
    for company, module, relevance, purposes, people, period, source, *rest in session.execute(
        select(*columns).where(active)
    ):
        yield company, module, (relevance, _purposes(purposes), people, period, source), *rest


def _until(session: Session, end: datetime) -> Iterator[tuple[Any, ...]]:
    """Company, module, what the last event of each demand before *end* says; then its snapshot and moment.

    Last means written last: clocks may go back, numbers do not.
    """
    last = select(func.max(DemandEvent.id)).where(DemandEvent.at < end).group_by(DemandEvent.demand_id)
    columns = (*_KEYS, raw(DemandEvent.snapshot), DemandEvent.at)
    for company, module, snapshot, at in session.execute(select(*columns).where(DemandEvent.id.in_(last))):
        yield company, module, _said(snapshot), snapshot, at


def _record(facts: Facts, company_key: Any, module_key: Any, said: _Said | None) -> Record | None:
    company, module = facts.companies.get(company_key), facts.modules.get(module_key)
    return Record(company, module, *said) if said and company and module else None


@lru_cache(maxsize=200)
def _purposes_of(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _purposes(value: Any) -> tuple[str, ...]:
    """PostgreSQL's driver has decoded the list already, SQLite's has not."""
    return _purposes_of(value) if isinstance(value, str) else tuple(value or ())


def _decoded(snapshot: Any) -> dict[str, Any]:
    found = json.loads(snapshot) if isinstance(snapshot, str) else snapshot
    return found if isinstance(found, dict) else {}


def _said(snapshot: Any) -> _Said | None:
    """What a snapshot says, None if it counts nowhere."""
    said = _decoded(snapshot)
    relevance = said.get("relevance")
    if said.get("withdrawn") or relevance in (None, "none"):
        return None
    return (
        relevance,
        tuple(said.get("purposes") or ()),
        said.get("people"),
        said.get("period") or "",
        said.get("source") or "",
    )


def _details_now(row: Sequence[Any]) -> Details:
    return Details(*row[3:])


def _details_said(row: Sequence[Any]) -> Details:
    said, day = _decoded(row[3]), None
    if text := said.get("source_date"):
        day = date.fromisoformat(text)
    format_code, place, note = (str(said.get(name) or "") for name in ("format", "place", "note"))
    return Details(format_code, place, note, said["confidentiality"], day, row[4])


def _filter(query: ReportQuery) -> Callable[[Record], bool]:
    """Return the test of what was said; companies and modules are filtered in :class:`Facts`."""
    if not (query.relevances or query.periods or query.sources or query.purposes):
        return lambda record: True

    def wanted(record: Record) -> bool:
        pairs = (
            (query.relevances, record.relevance),
            (query.periods, record.period or NOT_STATED),
            (query.sources, record.source),
        )
        if not all(not values or value in values for values, value in pairs):
            return False
        return not query.purposes or any(purpose in query.purposes for purpose in record.purposes or (NOT_STATED,))

    return wanted
