"""What the companies said, at a moment: the last event of each demand up to then, with every word where it is asked for."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import DemandEvent
from catalogue.services.demand_log import demand_log, raw
from catalogue.services.errors import Invalid
from catalogue.services.report_facts import Facts
from catalogue.services.report_query import ReportQuery, period_order
from catalogue.services.statements import Record, Statements, statements_of
from catalogue.texts import N_

__all__ = ["Details", "Record", "before", "details", "end_of_day", "periods_said", "records", "series"]

BERLIN = ZoneInfo("Europe/Berlin")
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
AT_ONCE = 500  # events asked for by number


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


def records(session: Session, query: ReportQuery) -> Statements:
    """Return all records that *query* asks for, as of its day."""
    log = demand_log(session)
    return statements_of(log, Facts(session, query), log.until(before(query)), query)


def series(session: Session, query: ReportQuery, ends: Sequence[datetime]) -> list[Statements]:
    """Return what was said before each of *ends*, whatever day the query names."""
    log, facts = demand_log(session), Facts(session, query)
    return [statements_of(log, facts, log.until(end), query) for end in ends]


def details(session: Session, found: Statements) -> Iterator[Details]:
    """Yield every other word of each statement, in their order; read from the events a few hundred at a time."""
    numbers = found.column("id").tolist()
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        rows = session.execute(
            select(DemandEvent.id, raw(DemandEvent.snapshot), DemandEvent.at).where(DemandEvent.id.in_(part))
        )
        said = {number: (snapshot, at) for number, snapshot, at in rows}
        yield from (_details(*said[number]) for number in part)


def periods_said(session: Session) -> list[str]:
    """Return the periods that companies have ever named, in time."""
    return sorted((period for period in demand_log(session).periods.values if period), key=period_order)


def _details(snapshot: Any, at: datetime) -> Details:
    said, day = json.loads(snapshot) if isinstance(snapshot, str) else snapshot, None
    if text := said.get("source_date"):
        day = date.fromisoformat(text)
    format_code, place, note = (str(said.get(name) or "") for name in ("format", "place", "note"))
    return Details(format_code, place, note, said["confidentiality"], day, at)
