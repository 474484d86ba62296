"""Many modules changed at once: previewed, applied in one transaction with one version of history each, taken back as a whole."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from catalogue.db import Session, utcnow
from catalogue.models import BulkChange, BulkKind, Module, ModuleVersion, WorkflowState
from catalogue.services import audit, locking, module_batches, module_history, module_listing, workflow
from catalogue.services.bulk_plan import COLUMNS, BulkInput, Outcome, Planned, Planner
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.import_plan import REFERENCES
from catalogue.services.module_batches import Batch, Prepared
from catalogue.services.module_history import input_from, plain
from catalogue.services.module_input import input_of
from catalogue.services.module_listing import ListingQuery
from catalogue.services.pending_merge import flat, nested, same
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_, Text

__all__ = [
    "CHANGED", "MOST", "UNDONE", "Preview", "apply", "claim", "entries_of", "get", "latest", "preview", "revert", "undo",
]  # fmt: skip

MOST = 5_000  # modules in one change
AT_ONCE = 200
LISTED = 30
CHANGED, UNDONE = "bulk", "bulk_undone"  # actions of the history
DATES = ("publish_on", "archive_on")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Preview:
    """What a change would mean for each of the chosen modules, in the order of their list."""

    planned: tuple[Planned, ...]

    def of(self, outcome: Outcome) -> list[Planned]:
        """Return the modules with this outcome."""
        return [one for one in self.planned if one.outcome == outcome]

    def seen(self) -> dict[uuid.UUID, int]:
        """Return what is to be changed, each with the version that was looked at."""
        return {one.module.id: one.module.version for one in self.of(Outcome.CHANGED)}


def preview(session: Session, actor: Actor, query: ListingQuery, given: BulkInput) -> Preview:
    """Work *given* out for all modules that *query* finds, whatever page it names. Raises Invalid for what makes no sense."""
    planner = Planner(session, actor, given)
    found = module_listing.listing(session, actor, query, everything=True).modules
    if len(found) > MOST:
        raise Invalid("", N_("Wählen Sie höchstens %(most)s Module auf einmal."), most=MOST)
    planned = [one for part in _parts(found) for one in planner.plan(part)]
    return Preview(tuple(planned))


def apply(session: Session, actor: Actor, given: BulkInput, seen: Mapping[uuid.UUID, int]) -> BulkChange:
    """Change the modules of a preview (id → version that was *seen*); those that changed since are left alone and named.

    Raises Invalid for what makes no sense, also if nothing is left to be changed.
    """
    planner = Planner(session, actor, given)
    if len(seen) > MOST:
        raise Invalid("", N_("Wählen Sie höchstens %(most)s Module auf einmal."), most=MOST)
    modules = _locked(session, seen)
    skipped = [_refusal(one, MEANWHILE) for one in modules if one.version != seen[one.id]]
    planned = [one for part in _parts([m for m in modules if m.version == seen[m.id]]) for one in planner.plan(part)]
    skipped += [_refusal(one.module, *one.reasons) for one in planned if one.outcome == Outcome.BLOCKED]
    changed = [(one.module, one.prepared) for one in planned if one.prepared is not None]
    if not changed:
        raise Invalid("", N_("Nichts ist zu ändern: Die Module sind inzwischen so oder wurden anders geändert."))
    change = BulkChange(user_id=actor.user_id, user_label=actor.label, about=asdict(given), skipped=skipped)
    change.count, change.entries = len(changed), entries_of(changed)
    session.add(change)
    session.flush()
    _write(session, actor, CHANGED, changed)
    if given.step in workflow.AUDITED:
        for module, prepared in changed:
            if prepared.values["state"] != module.state:
                audit.record(session, actor, f"module.{given.step}", module, bulk=str(change.id))
    audit.record(session, actor, "bulk.applied", change, modules=len(changed), skipped=len(skipped))
    _forget(session, modules)
    return change


MEANWHILE = Text(N_("Wurde seit der Vorschau geändert."))


def _refusal(module: Module, *reasons: Text) -> dict[str, Any]:
    said = [{"message": text.message, "params": text.params} for text in reasons]
    return {"title": module.title, "slug": module.slug, "reasons": said}


def _locked(session: Session, ids: Iterable[uuid.UUID]) -> list[Module]:
    """Read these modules and keep others from changing them until the commit."""
    statement = sa.select(Module).where(Module.id.in_(list(ids))).options(*REFERENCES).order_by(Module.id)
    fresh = statement.with_for_update(of=Module).execution_options(populate_existing=True)
    return list(session.scalars(fresh))


def entries_of(changed: Sequence[tuple[Module, Prepared]]) -> list[dict[str, Any]]:
    """Return what is needed to take these changes back, as plain JSON."""
    entries = []
    for module, prepared in changed:
        before, after = flat(plain(input_of(module))), flat(prepared.snapshot)
        old = {name: before.get(name) for name in {**before, **after} if not same(before.get(name), after.get(name))}
        values = prepared.values
        more = {name: [_plain(getattr(module, name)), _plain(values[name])] for name in COLUMNS if name in values}
        entries.append({
            "module": module.id.hex, "title": module.title, "number": prepared.number, "state": module.state.value,
            "old": old, "more": more,
        })  # fmt: skip
    return entries


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    return value if value is None else value.isoformat()


def _write(session: Session, actor: Actor, action: str, changed: Sequence[tuple[Module, Prepared]]) -> None:
    for part in _parts(changed):
        module_batches.write(session, actor, action, [prepared for _, prepared in part])


def _forget(session: Session, modules: Iterable[Module]) -> None:
    """The statements passed these objects by: what they hold is old."""
    for module in modules:
        session.expire(module)


def _parts(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


# --- what was done


def latest(session: Session, actor: Actor) -> list[BulkChange]:
    """Return the newest changes of many modules, merges of terms included."""
    require(actor, "module.edit")
    return list(session.scalars(sa.select(BulkChange).order_by(BulkChange.at.desc(), BulkChange.id).limit(LISTED)))


def get(session: Session, actor: Actor, identity: uuid.UUID) -> BulkChange:
    """Return one of them; raises NotFound."""
    require(actor, "module.edit")
    found = session.get(BulkChange, identity)
    if found is None:
        raise NotFound(N_("Diese Sammeländerung gibt es nicht."))
    return found


def undo(session: Session, actor: Actor, change: BulkChange) -> BulkChange:
    """Let all modules that nobody changed since say what they said before; ``conflicts`` names the others.

    Raises Conflict if that was done already.
    """
    require(actor, "module.edit")
    require(actor, "module.publish")
    claim(session, change)
    if change.kind != BulkKind.MODULES:
        raise Conflict(N_("Das lässt sich hier nicht rückgängig machen."))
    done = revert(session, actor, change)
    audit.record(session, actor, "bulk.undone", change, modules=done, conflicts=len(change.conflicts))
    return change


def claim(session: Session, change: BulkChange) -> None:
    """Read *change* whole and keep others from undoing it, too; raises Conflict if that was done already."""
    locking.claim(session, change, None, None, undefer(BulkChange.entries), undefer(BulkChange.moved))
    if change.undone_at is not None:
        raise Conflict(N_("Das ist schon rückgängig gemacht."))


def revert(session: Session, actor: Actor, change: BulkChange) -> int:
    """Take back what *change* did to modules and mark it as undone; return how many there were. Rules are the caller's."""
    batch = Batch(session, actor)
    modules = {one.id: one for one in _locked(session, (uuid.UUID(hex=entry["module"]) for entry in change.entries))}
    newest = {key: one for part in _parts(list(modules)) for key, one in module_history.newest(session, part).items()}
    changed, conflicts = [], []
    for entry in change.entries:
        identity = uuid.UUID(hex=entry["module"])
        module = modules.get(identity)
        prepared = _reverted(batch, entry, module, newest.get(identity)) if module else None
        if module and prepared:
            changed.append((module, prepared))
        else:
            conflicts.append(module.title if module else entry["title"])
    _write(session, actor, UNDONE, changed)
    change.undone_at, change.undone_by, change.conflicts = utcnow(), actor.label, conflicts
    session.flush()
    _forget(session, modules.values())
    return len(changed)


def _reverted(batch: Batch, entry: dict[str, Any], module: Module, before: ModuleVersion | None) -> Prepared | None:
    """Return *module* as it was, None if somebody changed it since or it cannot be so any more."""
    if before is None or before.number != entry["number"]:
        return None
    given = input_from(nested(flat(plain(input_of(module))) | entry["old"]))
    more = {}
    for name, (old, new) in entry["more"].items():
        now = getattr(module, name)
        more[name] = _column(name, old) if _plain(now) == new else now
    try:
        return batch.change(module, given, before, WorkflowState(entry["state"]), more)
    except Invalid:  # what it named is gone, or its code belongs to another module now
        return None


def _column(name: str, value: str | None) -> Any:
    if value is None:
        return None
    if name == "reviewer_id":
        return uuid.UUID(hex=value)
    kind = date if name in DATES else datetime
    return kind.fromisoformat(value)
