"""Merging two modules that are one offer, and taking it back. Nothing is deleted: the other module is archived and leads on."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Module, ModuleMerge, PendingVersion, User, WorkflowState
from catalogue.search.feed import queue
from catalogue.services import audit, merge_demand, merge_rows, module_history, modules
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.merge_rows import Moving
from catalogue.services.module_history import Difference, compare, input_from, plain
from catalogue.services.module_input import ModuleInput, input_of, tidy
from catalogue.services.pending_merge import flat, nested, same
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_, Text

__all__ = [
    "BOTH", "KEPT", "MERGED", "Proposal", "Versions", "into", "listing", "merge", "obstacle", "propose", "suggested", "undo",
]  # fmt: skip

KEPT, MERGED, BOTH = "kept", "merged", "both"  # what of a field shall hold
RANK = {WorkflowState.PUBLISHED: 2, WorkflowState.REVIEW: 1, WorkflowState.DRAFT: 1, WorkflowState.ARCHIVED: 0}
NAMES = {KEPT: "merged", MERGED: "merged_away"}  # of the actions in the histories


@dataclass(frozen=True)
class Versions:
    """The versions of the two modules that somebody looked at before merging."""

    kept: int
    merged: int


@dataclass(frozen=True)
class Proposal:
    """What merging would do: fields that differ (``before``: the module that stays), what moves, why it cannot be done."""

    differences: list[Difference]
    moving: Moving
    obstacle: Text | None


def suggested(session: Session, one: Module, other: Module) -> Module:
    """Return which of the two should stay: the published one, then the one with more demand, then the older one."""
    demand = {module.id: merge_rows.count(session, module, module).demand for module in (one, other)}
    return min(one, other, key=lambda module: (-RANK[module.state], -demand[module.id], module.created_at, module.slug))


def propose(session: Session, actor: Actor, kept: Module, merged: Module) -> Proposal:
    """Return what there is to decide before *merged* is merged into *kept*."""
    require(actor, "module.merge", kept)
    found = compare(plain(input_of(kept)), plain(input_of(merged)))
    return Proposal(found, merge_rows.count(session, kept, merged), obstacle(session, kept, merged))


def obstacle(session: Session, kept: Module, merged: Module) -> Text | None:
    """Return why the two cannot be merged this way round, None if they can."""
    if kept.id == merged.id:
        return Text(N_("Wählen Sie zwei verschiedene Module."))
    if RANK[kept.state] < RANK[merged.state]:
        return Text(N_("„%(title)s“ ist weiter als das andere Modul. Behalten Sie dieses."), {"title": merged.title})
    waiting = select(PendingVersion.id).where(PendingVersion.module_id.in_([kept.id, merged.id]))
    if len(session.scalars(waiting).all()) > 1:
        return Text(N_("Neben beiden Modulen wartet eine Fassung. Entscheiden Sie zuerst über eine davon."))
    return None


def default(field: Difference) -> str:
    """Return whose value of a field that differs is proposed: the other's only where the module that stays says nothing."""
    return MERGED if field.before in (None, "", []) else KEPT


def _chosen(kept: ModuleInput, merged: ModuleInput, choices: Mapping[str, str]) -> tuple[ModuleInput, set[str]]:
    """Return the words that shall hold, and the fields that come from the other module."""
    values, other = flat(plain(kept)), flat(plain(merged))
    taken = set()
    for one in compare(plain(kept), plain(merged)):
        choice = choices.get(one.field) or default(one)
        if choice == BOTH and isinstance(one.before or one.after, list):
            values[one.field] = list(dict.fromkeys([*(one.before or []), *(one.after or [])]))
        elif choice in (MERGED, BOTH):
            values[one.field] = other.get(one.field)
            taken.add(one.field)
    return tidy(input_from(_filled(values))), taken


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return nested(
        {name: [] if value is None and name.startswith("terms.") else value for name, value in values.items()}
    )


def merge(
    session: Session, actor: Actor, kept: Module, merged: Module, read: Versions, choices: Mapping[str, str]
) -> ModuleMerge:
    """Let *kept* stand for *merged*, too. *choices* says for each field (as in snapshots) whose value holds.

    Raises Stale if one of them is not at the version that was looked at, Conflict if they cannot be merged, and Invalid if the
    chosen values break a rule together.
    """
    require(actor, "module.merge", kept)
    for module, version in sorted(((kept, read.kept), (merged, read.merged)), key=lambda pair: pair[0].id):
        modules.lock(session, module, version)
    if (reason := obstacle(session, kept, merged)) is not None:
        raise Conflict(reason.message, **reason.params)
    before = input_of(kept)
    given, taken = _chosen(before, input_of(merged), choices)
    had = _archive(session, merged, given)
    _say(session, actor, kept, given, NAMES[KEPT])
    module_history.record(session, actor, merged, NAMES[MERGED])
    moved = merge_rows.move(session, kept, merged, taken)
    moved |= {"before": plain(before), "after": plain(given), "had": had}
    moved["demand"] = merge_demand.move(session, actor, kept, merged)
    made = ModuleMerge(
        kept_id=kept.id, merged_id=merged.id, user_id=actor.user_id, user_label=actor.label[:200], moved=moved
    )
    session.add(made)
    audit.record(session, actor, "module.merged", merged, into=kept.slug)
    _settle(session, kept, merged)
    return made


def _archive(session: Session, merged: Module, given: ModuleInput) -> dict[str, Any]:
    """Take *merged* out of the catalogue, and its code if the other one gets it; return what it had."""
    had = {
        "state": merged.state.value,
        "code": merged.code,
        "publish_on": merged.publish_on.isoformat() if merged.publish_on else None,
        "archive_on": merged.archive_on.isoformat() if merged.archive_on else None,
        "reviewer": str(merged.reviewer_id) if merged.reviewer_id else None,
    }
    if given.code and given.code == merged.code:
        merged.code = None
    merged.state = WorkflowState.ARCHIVED
    merged.publish_on = merged.archive_on = merged.reviewer_id = None
    merged.updated_at = utcnow()
    session.flush()
    return had


def _say(session: Session, actor: Actor, module: Module, given: ModuleInput, action: str) -> None:
    """Write the words and the history, even if no word changes."""
    if input_of(module) != given:
        modules.apply(session, actor, module, given, action)
        return
    module.updated_at = utcnow()
    session.flush()
    module_history.record(session, actor, module, action)


def _settle(session: Session, *both: Module) -> None:
    """Write everything; what was loaded before is read anew, and the index learns both modules."""
    session.flush()
    queue(session, [module.id for module in both])
    session.expire_all()


def undo(session: Session, actor: Actor, merge_id: uuid.UUID) -> Module:
    """Take a merge back and return the module that is itself again, loaded as by :func:`modules.get`.

    Everything that moved goes back. What was changed since stays as it is now: fields of the module that stayed, and what a
    company said. Raises NotFound, Conflict (undone before, or merged again later), Invalid if old words break a rule by now.
    """
    require(actor, "module.merge")
    made = session.get(ModuleMerge, merge_id, with_for_update=True, populate_existing=True)
    if made is None:
        raise NotFound(N_("Diese Zusammenführung gibt es nicht."))
    if made.undone_at is not None or not made.moved:
        raise Conflict(N_("Diese Zusammenführung ist schon rückgängig gemacht."))
    _check_last(session, made)
    kept, merged = (_loaded(session, identity) for identity in (made.kept_id, made.merged_id))
    for module in sorted((kept, merged), key=lambda one: one.id):
        modules.lock(session, module, None)
    moved = made.moved
    _say(session, actor, kept, _words_before(input_of(kept), moved), "merge_undone")
    _unarchive(session, merged, moved["had"])
    module_history.record(session, actor, merged, "merge_undone")
    merge_rows.back(session, kept, merged, moved)
    merge_demand.back(session, actor, kept, merged, moved["demand"])
    made.undone_at, made.undone_by = utcnow(), actor.label[:200]
    audit.record(session, actor, "module.merge_undone", merged, into=kept.slug)
    _settle(session, kept, merged)
    return _loaded(session, made.merged_id)


def _loaded(session: Session, identity: uuid.UUID) -> Module:
    return session.scalars(select(Module).where(Module.id == identity).options(*modules.LOADED)).one()


def _check_last(session: Session, made: ModuleMerge) -> None:
    """Merges of the same module are taken back in the opposite order."""
    later = (ModuleMerge.kept_id == made.kept_id) & (ModuleMerge.at > made.at) | (ModuleMerge.merged_id == made.kept_id)
    statement = select(ModuleMerge).where(later, ModuleMerge.undone_at.is_(None), ModuleMerge.id != made.id)
    following = session.scalar(
        statement.options(joinedload(ModuleMerge.merged)).order_by(ModuleMerge.at.desc()).limit(1)
    )
    if following is not None:
        raise Conflict(
            N_("Machen Sie zuerst die spätere Zusammenführung von „%(title)s“ rückgängig."),
            title=following.merged.title,
        )


def _words_before(now: ModuleInput, moved: dict[str, Any]) -> ModuleInput:
    """Return the words that *kept* had, where nobody changed them since."""
    current, before, after = flat(plain(now)), flat(moved["before"]), flat(moved["after"])
    values = {
        name: before.get(name) if same(current.get(name), after.get(name)) else current.get(name)
        for name in {*current, *before, *after}
    }
    return tidy(input_from(_filled(values)))


def _unarchive(session: Session, merged: Module, had: dict[str, Any]) -> None:
    taken = select(Module.id).where(Module.code == had["code"], Module.id != merged.id)
    if had["code"] and session.scalar(taken) is None:
        merged.code = had["code"]
    merged.state = WorkflowState(had["state"])
    merged.publish_on, merged.archive_on = (
        date.fromisoformat(had[name]) if had[name] else None for name in ("publish_on", "archive_on")
    )
    reviewer = session.get(User, uuid.UUID(had["reviewer"])) if had["reviewer"] else None
    merged.reviewer_id = reviewer.id if reviewer else None
    merged.updated_at = utcnow()
    session.flush()


def listing(session: Session, actor: Actor, limit: int = 50) -> list[ModuleMerge]:
    """Return the last merges, undone ones too, with both modules."""
    require(actor, "module.merge")
    statement = select(ModuleMerge).options(joinedload(ModuleMerge.kept), joinedload(ModuleMerge.merged))
    return list(session.scalars(statement.order_by(ModuleMerge.at.desc(), ModuleMerge.id).limit(limit)))


def into(session: Session, actor: Actor, module: Module) -> list[ModuleMerge]:
    """Return the merges into *module* that hold, the newest first, with the other module."""
    require(actor, "module.merge", module)
    statement = select(ModuleMerge).where(ModuleMerge.kept_id == module.id, ModuleMerge.undone_at.is_(None))
    return list(session.scalars(statement.options(joinedload(ModuleMerge.merged)).order_by(ModuleMerge.at.desc())))
