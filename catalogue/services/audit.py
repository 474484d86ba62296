"""The append-only record: writing it, and reading it as network admins do."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from catalogue.db import Session
from catalogue.models import AuditEvent
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require

__all__ = ["AuditPage", "AuditQuery", "find", "record"]

PER_PAGE = 100


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


@dataclass(frozen=True)
class AuditQuery:
    """Which events to show. *action* may be the part before the dot; days are UTC, both included."""

    text: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    page: int = 1


@dataclass(frozen=True)
class AuditPage:
    """One page of events, newest first, and all actions that ever happened (for the filter)."""

    events: tuple[AuditEvent, ...]
    total: int
    page: int
    pages: int
    actions: tuple[str, ...]


def find(session: Session, actor: Actor, query: AuditQuery) -> AuditPage:
    """Return one page of the record."""
    require(actor, "audit.see")
    wanted = select(AuditEvent)
    if query.text:
        columns = (AuditEvent.user_label, AuditEvent.thing_label)
        wanted = wanted.where(or_(*(column.icontains(query.text, autoescape=True) for column in columns)))
    if query.action:
        wanted = wanted.where(
            or_(AuditEvent.action == query.action, AuditEvent.action.startswith(f"{query.action}.", autoescape=True))
        )
    if query.since:
        wanted = wanted.where(AuditEvent.at >= datetime.combine(query.since, time(), UTC))
    if query.until:
        wanted = wanted.where(AuditEvent.at < datetime.combine(query.until + timedelta(days=1), time(), UTC))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page, pages = within(query.page, total, PER_PAGE)
    rows = session.scalars(wanted.order_by(AuditEvent.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    actions = session.scalars(select(AuditEvent.action).distinct().order_by(AuditEvent.action))
    return AuditPage(tuple(rows), total, page, pages, tuple(actions))
