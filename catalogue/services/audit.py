"""Writing the append-only record."""

from typing import Any

from catalogue.db import Session
from catalogue.models import AuditEvent
from catalogue.services.permissions import Actor

__all__ = ["record"]


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
