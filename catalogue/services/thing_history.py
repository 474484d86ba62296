"""Who changed what when, for things without versions of their own: read from the record, field by field."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent
from catalogue.services.permissions import Actor, require

__all__ = ["Change", "Entry", "between", "entries"]

MOST = 200  # entries that one page shows


@dataclass(frozen=True)
class Change:
    """One field before and after, as JSON values; days are ISO texts."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One change: when (UTC), by whom ("" for the system), what was done with which thing."""

    at: datetime
    user_label: str
    action: str
    thing_id: str
    changes: tuple[Change, ...]


def between(before: Any, after: Any) -> list[dict[str, Any]]:
    """Return what differs between two inputs of the same dataclass, as the record keeps it."""
    values = ((one.name, _plain(getattr(before, one.name)), _plain(getattr(after, one.name))) for one in fields(before))
    return [{"field": name, "before": old, "after": new} for name, old, new in values if old != new]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return str(value) if isinstance(value, str | uuid.UUID) else value


def entries(session: Session, actor: Actor, verb: str, things: Collection[uuid.UUID]) -> list[Entry]:
    """Return the changes of *things*, newest first, for those who may do *verb* with them."""
    require(actor, verb)
    wanted = select(AuditEvent).where(AuditEvent.thing_id.in_([str(identity) for identity in things]))
    found = session.scalars(wanted.order_by(AuditEvent.id.desc()).limit(MOST))
    return [
        Entry(
            event.at,
            event.user_label,
            event.action,
            event.thing_id,
            tuple(Change(**change) for change in event.details.get("changes", ())),
        )
        for event in found
    ]
