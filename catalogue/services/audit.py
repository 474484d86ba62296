"""The append-only record: writing it, and reading it as network admins do."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select

from catalogue.db import Session, utcnow
from catalogue.models import AuditEvent, Company
from catalogue.services import audit_words
from catalogue.services.exports import BERLIN, Column, Kind, Lines, Table
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require

__all__ = ["AuditPage", "AuditQuery", "find", "prune", "record", "record_refusal", "table"]

PER_PAGE = 100
LARGEST = 100_000
SHORTEST_DAYS = 365  # the triggers of the database refuse to delete younger events


def record(session: Session, actor: Actor, action: str, thing: Any = None, label: str = "", **details: Any) -> None:
    """Add one audit event. *thing* is the object concerned; *details* must be JSON (never passwords, tokens or search texts)."""
    session.add(
        AuditEvent(
            user_id=actor.user_id,
            user_label=actor.label,
            company_id=getattr(thing, "company_id", None) or actor.company_id,
            action=action,
            thing=getattr(thing, "__tablename__", ""),
            thing_id=str(getattr(thing, "id", "")),
            thing_label=label or str(getattr(thing, "title", "") or getattr(thing, "name", "")),
            details=details,
        )
    )


def prune(session: Session, days: int) -> int:
    """Delete events that are older than *days* (by the clock of the catalogue and that of the database, which refuses younger ones)."""
    now = session.scalar(select(func.now()))
    clock = now if isinstance(now, datetime) else datetime.fromisoformat(str(now))
    youngest = (clock if clock.tzinfo else clock.replace(tzinfo=UTC)) - timedelta(days=SHORTEST_DAYS, minutes=1)
    before = min(utcnow() - timedelta(days=days), youngest)
    return session.execute(delete(AuditEvent).where(AuditEvent.at < before)).rowcount  # type: ignore[attr-defined, no-any-return]


@dataclass(frozen=True)
class AuditQuery:
    """Which events to show. *text*: part of the person's name; *company*: an id; *action*: also the part before the dot; *thing*: part
    of its label, or a table's name. Days are those of Berlin, both included.
    """

    text: str = ""
    company: str = ""
    action: str = ""
    thing: str = ""
    since: date | None = None
    until: date | None = None
    page: int = 1


@dataclass(frozen=True)
class AuditPage:
    """One page of events, newest first; what can be filtered by: all actions that ever happened, companies with events (id, name)."""

    events: tuple[AuditEvent, ...]
    total: int
    page: int
    pages: int
    actions: tuple[str, ...]
    companies: tuple[tuple[str, str], ...]

    @property
    def company_names(self) -> dict[str, str]:
        """Name by id."""
        return dict(self.companies)


def find(session: Session, actor: Actor, query: AuditQuery) -> AuditPage:
    """Return one page of the record."""
    require(actor, "audit.see")
    wanted = _wanted(query)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page, pages = within(query.page, total, PER_PAGE)
    rows = session.scalars(wanted.order_by(AuditEvent.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    actions = session.scalars(select(AuditEvent.action).distinct().order_by(AuditEvent.action))
    return AuditPage(tuple(rows), total, page, pages, tuple(actions), _companies(session))


def _wanted(query: AuditQuery) -> Select[AuditEvent]:
    wanted = select(AuditEvent)
    if query.text:
        wanted = wanted.where(AuditEvent.user_label.icontains(query.text, autoescape=True))
    if query.thing:
        label = AuditEvent.thing_label.icontains(query.thing, autoescape=True)
        wanted = wanted.where(or_(label, AuditEvent.thing == query.thing, AuditEvent.thing_id == query.thing))
    if query.company:
        wanted = wanted.where(AuditEvent.company_id == _identity(query.company))
    if query.action:
        wanted = wanted.where(
            or_(AuditEvent.action == query.action, AuditEvent.action.startswith(f"{query.action}.", autoescape=True))
        )
    if query.since:
        wanted = wanted.where(AuditEvent.at >= datetime.combine(query.since, time(), BERLIN))
    if query.until:
        wanted = wanted.where(AuditEvent.at < datetime.combine(query.until + timedelta(days=1), time(), BERLIN))
    return wanted


def _identity(text: str) -> uuid.UUID:
    """Return the id, or one that nothing has."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def _companies(session: Session) -> tuple[tuple[str, str], ...]:
    named = select(Company.id, Company.name).where(Company.id.in_(select(AuditEvent.company_id).distinct()))
    return tuple((str(identity), name) for identity, name in session.execute(named.order_by(Company.sort_name)))


def table(session: Session, actor: Actor, query: AuditQuery) -> Table:
    """Return all events that *query* finds (the newest 100,000) for a spreadsheet."""
    require(actor, "audit.see")
    names = dict(_companies(session))
    events = session.scalars(_wanted(query).order_by(AuditEvent.id.desc()).limit(LARGEST)).all()
    return Table("Protokoll", COLUMNS, Lines(events, lambda event: _line(event, names)))


def _line(event: AuditEvent, companies: dict[str, str]) -> dict[str, Any]:
    said = "; ".join(f"{name}: {value}" for name, value in audit_words.details(event.details))
    return {
        "at": event.at, "who": audit_words.printable(event.user_label), "company": companies.get(str(event.company_id), ""),
        "action": audit_words.sentence(event.action), "thing": audit_words.thing(event.thing),
        "label": audit_words.printable(event.thing_label), "details": said, "code": event.action, "id": event.thing_id,
    }  # fmt: skip


COLUMNS = (
    Column("at", "Zeitpunkt", Kind.MOMENT), Column("who", "Wer"), Column("company", "Unternehmen"), Column("action", "Ereignis"),
    Column("thing", "Art der Sache"), Column("label", "Sache"), Column("details", "Einzelheiten"), Column("code", "Kennung"),
    Column("id", "Nummer der Sache"),
)  # fmt: skip


def record_refusal(session: Session, actor: Actor, page: str) -> None:
    """Note that somebody was refused a page (its name, never its address), at most once a minute for each person and page."""
    lately = (AuditEvent.at > utcnow() - timedelta(minutes=1)) & (AuditEvent.action == "access.refused")
    same = lately & (AuditEvent.user_id == actor.user_id) & (AuditEvent.thing_label == page)
    if session.scalar(select(AuditEvent.id).where(same).limit(1)) is None:
        record(session, actor, "access.refused", label=page)
