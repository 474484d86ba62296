"""What companies said about two modules that turned out to be one.

A company that spoke about one of them speaks about the module that stays. Where it spoke about both, one record says from now
on: the newer words; what they leave open comes from the older ones; seen by no more people than either allowed. The other
record stays where it was, withdrawn, with all its events, so that reports as of an earlier day count both as they were.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from catalogue.db import Session, utcnow
from catalogue.models import Confidentiality, Demand, Module, Relevance
from catalogue.services import demand_events as events
from catalogue.services.demand_rules import said_on
from catalogue.services.permissions import Actor

__all__ = ["back", "move"]

STRICTEST = (Confidentiality.NETWORK, Confidentiality.ANONYMOUS, Confidentiality.MEMBERS)
OPEN_FIELDS = ("purposes", "people", "period", "format_code", "place", "note")
Moved = list[dict[str, Any]]


def move(session: Session, actor: Actor, kept: Module, merged: Module) -> Moved:
    """Let everything that companies say about *merged* count for *kept*; return what :func:`back` needs."""
    here = {demand.company_id: demand for demand in _of(session, kept)}
    moved: Moved = []
    for demand in _of(session, merged):
        other = here.get(demand.company_id)
        if other is None:
            demand.module_id = kept.id
            _write(session, actor, demand, events.MERGED)
            moved.append({"demand": str(demand.id)})
        elif demand.withdrawn_at is None:
            moved.append(_combine(session, actor, demand, other))
    return moved


def _of(session: Session, module: Module) -> list[Demand]:
    statement = select(Demand).where(Demand.module_id == module.id).order_by(Demand.id).with_for_update()
    return list(session.scalars(statement.execution_options(populate_existing=True)))


def _write(session: Session, actor: Actor, demand: Demand, action: str) -> None:
    """Write the event; when somebody of the company last said something is not changed by it."""
    flag_modified(demand, "updated_at")
    events.write(session, actor, demand, action)


def _combine(session: Session, actor: Actor, demand: Demand, other: Demand) -> dict[str, Any]:
    before = {"demand": str(demand.id), "was": _state(demand), "other": str(other.id), "other_was": _state(other)}
    if other.withdrawn_at is not None:
        _say(other, _state(demand))
    else:
        newer, older = sorted((demand, other), key=lambda one: (said_on(one), one.updated_at), reverse=True)
        _say(other, _together(newer, older))
    _write(session, actor, other, events.MERGED)
    demand.withdrawn_at = utcnow()
    _write(session, actor, demand, events.MERGED)
    return before | {"other_version": other.version}


def _together(newer: Demand, older: Demand) -> dict[str, Any]:
    """Return what two live records say together. "Nicht relevant" adds nothing to the other and takes nothing from it."""
    said = _state(newer)
    if Relevance.NONE in (newer.relevance, older.relevance):
        return said
    known = _state(older)
    if newer.relevance == Relevance.OPEN:
        said["relevance"] = known["relevance"]
    names = ["format" if name == "format_code" else name for name in OPEN_FIELDS]
    said |= {name: said[name] or known[name] for name in names}
    said["confidentiality"] = min((newer.confidentiality, older.confidentiality), key=STRICTEST.index).value
    return said


def _state(demand: Demand) -> dict[str, Any]:
    return events.snapshot(demand) | {
        "withdrawn_at": demand.withdrawn_at.isoformat() if demand.withdrawn_at else None,
        "updated_at": demand.updated_at.isoformat(),
        "updated_by": str(demand.updated_by_id) if demand.updated_by_id else None,
    }


def _say(demand: Demand, state: dict[str, Any]) -> None:
    events.apply(demand, state)
    demand.withdrawn_at = datetime.fromisoformat(state["withdrawn_at"]) if state["withdrawn_at"] else None
    demand.updated_at = datetime.fromisoformat(state["updated_at"])
    demand.updated_by_id = uuid.UUID(state["updated_by"]) if state["updated_by"] else None


def back(session: Session, actor: Actor, kept: Module, merged: Module, moved: Moved) -> None:
    """Undo :func:`move`. What a company changed since stays as it said it."""
    for one in moved:
        demand = _get(session, one["demand"])
        if demand is None:  # the company is gone
            continue
        if "was" not in one:
            if demand.module_id == kept.id:
                demand.module_id = merged.id
                _write(session, actor, demand, events.MERGE_UNDONE)
            continue
        _say(demand, one["was"])
        _write(session, actor, demand, events.MERGE_UNDONE)
        other = _get(session, one["other"])
        if other is not None and other.version == one["other_version"]:
            _say(other, one["other_was"])
            _write(session, actor, other, events.MERGE_UNDONE)


def _get(session: Session, identity: str) -> Demand | None:
    return session.get(Demand, uuid.UUID(identity), with_for_update=True, populate_existing=True)
