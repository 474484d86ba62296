"""What was said when: each change of a demand leaves one event that holds everything the demand says from then on.

A report as of a date takes, per company and module, the last event up to that date and reads its snapshot.
"""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from catalogue.db import Session, utcnow
from catalogue.models import Confidentiality, Demand, DemandEvent, DemandSource, Relevance
from catalogue.services.permissions import Actor

__all__ = [
    "CHANGED", "CONFIRMED", "MARKED", "MERGED", "MERGE_UNDONE", "REFUSED", "RESTORED", "WITHDRAWN", "about", "add", "apply", "of",
    "snapshot", "write", "write_all",
]  # fmt: skip

MERGED, MERGE_UNDONE = "merged", "merge_undone"  # by staff, where two records turned out to be one module
MARKED, CHANGED, WITHDRAWN, RESTORED, CONFIRMED = "marked", "changed", "withdrawn", "restored", "confirmed"
REFUSED = "refused"  # by the company: withdrawn, with a reason, what staff had entered for it


def snapshot(demand: Demand) -> dict[str, Any]:
    """Return all that *demand* says, as JSON values."""
    said = {
        "relevance": demand.relevance.value,
        "purposes": list(demand.purposes),
        "people": demand.people,
        "period": demand.period,
        "format": demand.format_code,
        "place": demand.place,
        "note": demand.note,
        "confidentiality": demand.confidentiality.value,
        "source": demand.source.value,
        "source_date": demand.source_date.isoformat() if demand.source_date else None,
        "confirmed_at": demand.confirmed_at.isoformat() if demand.confirmed_at else None,
        "withdrawn": demand.withdrawn_at is not None,
    }
    return said | {"refusal": demand.refusal} if demand.refused_at else said


def apply(demand: Demand, said: dict[str, Any]) -> None:
    """Make *demand* say what the snapshot *said* says."""
    demand.relevance = Relevance(said["relevance"])
    demand.purposes = list(said["purposes"])
    demand.people = said["people"]
    demand.period = said["period"]
    demand.format_code = said["format"]
    demand.place = said["place"]
    demand.note = said["note"]
    demand.confidentiality = Confidentiality(said["confidentiality"])
    demand.source = DemandSource(said["source"])
    demand.source_date = date.fromisoformat(said["source_date"]) if said["source_date"] else None
    demand.confirmed_at = datetime.fromisoformat(said["confirmed_at"]) if said.get("confirmed_at") else None
    demand.withdrawn_at = (demand.withdrawn_at or utcnow()) if said["withdrawn"] else None
    demand.refused_at = (demand.refused_at or utcnow()) if "refusal" in said else None
    demand.refusal, demand.refusal_read_at = said.get("refusal", ""), None


def add(session: Session, actor: Actor, demand: Demand, action: str) -> DemandEvent:
    """Write down what *demand* says now, flush, and return the event."""
    demand.updated_by_id = actor.user_id
    return write(session, actor, demand, action)


def write(session: Session, actor: Actor, demand: Demand, action: str) -> DemandEvent:
    """Do the same where nobody of the company said anything new: who changed the demand last stays."""
    session.flush()
    event = DemandEvent(**_values(actor, demand, action))
    session.add(event)
    session.flush()
    return event


def write_all(session: Session, actor: Actor, said: Collection[tuple[Demand, str]]) -> None:
    """Do the same for many demands, each with what was done to it, in one statement: objects would be one for each."""
    session.flush()
    if said:
        session.execute(insert(DemandEvent), [_values(actor, demand, action) for demand, action in said])


def _values(actor: Actor, demand: Demand, action: str) -> dict[str, Any]:
    return {
        "demand_id": demand.id, "company_id": demand.company_id, "module_id": demand.module_id, "at": utcnow(), "user_id": actor.user_id,
        "user_label": actor.label[:200], "action": action, "snapshot": snapshot(demand),
    }  # fmt: skip


def of(session: Session, demand: Demand) -> list[DemandEvent]:
    """Return the events of *demand*, newest first."""
    return list(
        session.scalars(select(DemandEvent).where(DemandEvent.demand_id == demand.id).order_by(DemandEvent.id.desc()))
    )


def about(session: Session, company_id: uuid.UUID, module_ids: Collection[uuid.UUID]) -> list[DemandEvent]:
    """Return the events of a company's records about any of these modules, newest first, with all that went before them."""
    statement = (
        select(DemandEvent)
        .join(Demand, Demand.id == DemandEvent.demand_id)
        .where(Demand.company_id == company_id, Demand.module_id.in_(module_ids))
    )
    return list(session.scalars(statement.order_by(DemandEvent.id.desc())))
