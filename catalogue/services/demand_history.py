"""What was said about a module in the course of time, field by field: who, when, from what to what, and where it is known from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, DemandEvent, Module
from catalogue.services import demand, redirects
from catalogue.services import demand_events as events
from catalogue.services.errors import NotFound
from catalogue.services.permissions import Actor, require

__all__ = ["FIELDS", "Difference", "Entry", "entries", "of_company", "own"]

FIELDS = ("relevance", "purposes", "people", "period", "format", "place", "confidentiality", "note")


@dataclass(frozen=True)
class Difference:
    """One field before and after, as the snapshots hold it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One event and what it changed; ``whole``: there was nothing to compare with, so all that was said is the news."""

    event: DemandEvent
    differences: tuple[Difference, ...]
    whole: bool


def own(session: Session, actor: Actor, module: Module) -> list[Entry]:
    """Return what the own company said about *module*, newest first; NotFound if it never said anything."""
    return entries(demand.history(session, actor, module))


def of_company(session: Session, actor: Actor, company: Company, module: Module) -> list[Entry]:
    """Return the same for staff, about one company."""
    require(actor, "demand.see_others")
    found = events.about(session, company.id, [module.id, *redirects.former(session, module)])
    if not found:
        raise NotFound
    return entries(found)


def module_of(session: Session, slug: str) -> Module:
    """Return the module that a record is about, whatever became of it."""
    module = session.scalar(select(Module).where(Module.slug == slug))
    if module is None:
        raise NotFound
    return module


def entries(found: Sequence[DemandEvent]) -> list[Entry]:
    """Return the events, newest first, each compared with what the same record said before."""
    before: dict[Any, dict[str, Any]] = {}
    made = []
    for event in sorted(found, key=lambda one: one.id):
        made.append(_entry(event, before.get(event.demand_id)))
        before[event.demand_id] = event.snapshot
    return made[::-1]


def _entry(event: DemandEvent, before: dict[str, Any] | None) -> Entry:
    said = event.snapshot
    if said.get("withdrawn"):
        return Entry(event, (), whole=False)
    if before is None or before.get("withdrawn"):
        return Entry(event, (), whole=True)
    changed = [Difference(name, before.get(name), said.get(name)) for name in FIELDS]
    return Entry(event, tuple(one for one in changed if (one.before or "") != (one.after or "")), whole=False)
