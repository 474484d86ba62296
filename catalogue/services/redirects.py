"""Modules that were merged into others: where their addresses lead, and which ones lead here."""

import uuid

from sqlalchemy import Select, select

from catalogue.db import Session
from catalogue.models import Module, ModuleMerge, WorkflowState

__all__ = ["former", "merged_away", "target", "targets"]


def merged_away() -> Select[uuid.UUID]:
    """Return the query for the ids of modules that are merged into another now: lists leave them out."""
    return select(ModuleMerge.merged_id).where(ModuleMerge.undone_at.is_(None))


def targets(session: Session) -> dict[uuid.UUID, uuid.UUID]:
    """Return for each merged module the one that stands for it in the end, by their ids."""
    now = select(ModuleMerge.merged_id, ModuleMerge.kept_id).where(ModuleMerge.undone_at.is_(None))
    step: dict[uuid.UUID, uuid.UUID] = {row[0]: row[1] for row in session.execute(now)}
    return {merged: _end(step, merged) for merged in step}


def _end(step: dict[uuid.UUID, uuid.UUID], start: uuid.UUID) -> uuid.UUID:
    at, seen = start, {start}
    while (following := step.get(at)) is not None and following not in seen:
        at = following
        seen.add(at)
    return at


def target(session: Session, module: Module) -> Module | None:
    """Return the module that stands for *module*, None if it stands for itself. Only archived ones can be merged away."""
    if module.state != WorkflowState.ARCHIVED:
        return None
    end = targets(session).get(module.id)
    return session.get(Module, end) if end is not None else None


def former(session: Session, module: Module) -> dict[uuid.UUID, str]:
    """Return the modules for which *module* stands now, directly or by several steps: id → title."""
    ids = [merged for merged, end in targets(session).items() if end == module.id]
    rows = session.execute(select(Module.id, Module.title).where(Module.id.in_(ids))) if ids else ()
    return {row[0]: row[1] for row in rows}
