"""Edits of a published module wait beside it until somebody takes them over; small facts ("Bagatelle") are live at once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Module, ModuleVersion, PendingVersion, User
from catalogue.services import audit, module_history, module_rules, modules, workflow
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.module_history import input_from, plain
from catalogue.services.module_input import ModuleInput, input_of, tidy
from catalogue.services.pending_merge import Merge, flat, merge, nested, same
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = [
    "SMALL", "Read", "Saved", "accept", "archive", "ask_archive", "compared", "discard", "find", "get", "listing", "of_modules",
    "propose", "publish_now", "save", "shown",
]  # fmt: skip

# what goes live at once; runs (dates, times, places) have a page of their own and always do
SMALL = ("place_text", "price_text", "price_amount", "source_url", "more_sources", "as_of")
LONGEST_NOTE = 2000
NONE = N_("Zu diesem Modul wartet keine Fassung.")


@dataclass(frozen=True)
class Read:
    """What the editor had before their eyes: the version of the module and of the waiting one (0: none). None: whatever it is."""

    version: int | None
    waiting: int | None = 0


@dataclass(frozen=True)
class Saved:
    """What became of an edit: fields that are live now, and what waits (None: nothing)."""

    live: tuple[str, ...]
    waiting: PendingVersion | None


def find(session: Session, module: Module) -> PendingVersion | None:
    """Return what waits beside *module*, with the reviewer, or None."""
    statement = select(PendingVersion).where(PendingVersion.module_id == module.id)
    return session.scalar(statement.options(joinedload(PendingVersion.reviewer)))


def get(session: Session, actor: Actor, module: Module) -> PendingVersion:
    """Return what waits beside *module*; raises NotFound."""
    require(actor, "module.edit", module)
    found = find(session, module)
    if found is None:
        raise NotFound(NONE)
    return found


def listing(session: Session, actor: Actor, reviewer: uuid.UUID | None = None) -> list[PendingVersion]:
    """Return everything that waits, the oldest first, with module, provider and reviewer; or what waits for one *reviewer*."""
    require(actor, "module.edit")
    statement = select(PendingVersion).options(
        joinedload(PendingVersion.module).joinedload(Module.provider), joinedload(PendingVersion.reviewer)
    )
    if reviewer is not None:
        statement = statement.where(PendingVersion.reviewer_id == reviewer)
    return list(session.scalars(statement.order_by(PendingVersion.created_at, PendingVersion.id)))


def of_modules(session: Session, actor: Actor, listed: Sequence[Module]) -> set[uuid.UUID]:
    """Return the ids of those modules beside which something waits."""
    require(actor, "module.edit")
    wanted = PendingVersion.module_id.in_([module.id for module in listed])
    return set(session.scalars(select(PendingVersion.module_id).where(wanted)))


def compared(module: Module, waiting: PendingVersion) -> Merge:
    """Return what *waiting* would change in *module* as it is now, and where both were changed."""
    return merge(waiting.base, plain(input_of(module)), waiting.snapshot)


def shown(module: Module, waiting: PendingVersion | None) -> ModuleInput:
    """Return what an editor goes on from: the live words with what waits; where both were changed, what waits."""
    return input_of(module) if waiting is None else input_from(compared(module, waiting).result())


def save(
    session: Session, actor: Actor, module: Module, given: ModuleInput, read: Read, note: str = "", reviewer: User | None = None
) -> Saved:  # fmt: skip
    """Keep *given* beside the published *module*; only ``SMALL`` facts are written to it at once.

    Goes on with what waits already. Raises Stale (``current`` is the module, or the waiting version if that is what changed)
    and Invalid. What says nothing new leaves nothing waiting.
    """
    require(actor, "module.edit", module)
    modules.lock(session, module, read.version, tidy(given))
    waiting = _claim(session, module, read.waiting, tidy(given))
    before = shown(module, waiting)
    given = _complete(session, before, tidy(given))
    module_rules.check(session, given, module)
    decided = _decided(module, waiting, given)
    live = _write_small(session, actor, module, given)
    now = flat(plain(input_of(module)))
    wanted = flat(plain(given))
    if all(same(wanted.get(name), now.get(name)) for name in {*wanted, *now}) and not (
        waiting and waiting.archive_wanted
    ):
        _drop(session, waiting)
        return Saved(live, None)
    base = nested(now | {name: value for name, value in decided.items() if not same(wanted.get(name), now.get(name))})
    made = _write(session, actor, module, waiting, base, nested(wanted), note)
    made.reviewer_id = reviewer.id if reviewer else None
    session.flush()
    return Saved(live, made)


def _complete(session: Session, before: ModuleInput, given: ModuleInput) -> ModuleInput:
    if given.duration_text == before.duration_text:
        return given
    return tidy(module_rules.with_duration(session, module_rules.without_derived_duration(before, given)))


def _decided(module: Module, waiting: PendingVersion | None, given: ModuleInput) -> dict[str, Any]:
    """Return field → former base of the clashes that this edit left as they were: they stay clashes."""
    if waiting is None:
        return {}
    wanted = flat(plain(given))
    clashes = compared(module, waiting).clashes
    return {one.field: one.base for one in clashes if same(wanted.get(one.field), one.proposed)}


def _write_small(session: Session, actor: Actor, module: Module, given: ModuleInput) -> tuple[str, ...]:
    current = input_of(module)
    small = {name: getattr(given, name) for name in SMALL if getattr(given, name) != getattr(current, name)}
    if small:
        modules.apply(session, actor, module, replace(current, **small), "changed")
    return tuple(small)


def _claim(session: Session, module: Module, read: int | None, mine: object = None) -> PendingVersion | None:
    """Read what waits again (the module is locked, so nobody else writes it); Stale if it is not what the editor saw."""
    statement = select(PendingVersion).where(PendingVersion.module_id == module.id)
    found = session.scalar(statement.execution_options(populate_existing=True))
    if read is not None and (found.version if found else 0) != read:
        raise Stale(found or module, mine)
    return found


def _write(
    session: Session, actor: Actor, module: Module, waiting: PendingVersion | None, base: dict[str, Any],
    snapshot: dict[str, Any], note: str,
) -> PendingVersion:  # fmt: skip
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid("note", N_("Kürzen Sie den Text auf höchstens %(most)s Zeichen."), most=LONGEST_NOTE)
    latest: ModuleVersion | None = module_history.latest(session, module)
    if waiting is None:
        waiting = PendingVersion(module_id=module.id, note="", user_label=actor.label, archive_wanted=False)
        session.add(waiting)
    elif actor.label not in waiting.user_label.split(", "):
        waiting.user_label = f"{waiting.user_label}, {actor.label}"[:300]
    waiting.note = note if actor.is_staff else "\n".join(filter(None, (waiting.note, note)))[-LONGEST_NOTE:]
    if actor.user_id is not None:
        waiting.user_id = actor.user_id
    waiting.base, waiting.snapshot = base, snapshot
    waiting.base_number = latest.number if latest else 0
    waiting.updated_at = utcnow()
    session.flush()
    return waiting


def _drop(session: Session, waiting: PendingVersion | None) -> None:
    if waiting is not None:
        session.delete(waiting)
        session.flush()


def propose(session: Session, actor: Actor, module: Module, given: ModuleInput, note: str = "") -> PendingVersion:
    """Add somebody's proposal for the live words of *module* to what waits beside it. Permission and lock are the caller's."""
    current = plain(input_of(module))
    given = _complete(session, input_of(module), tidy(given))
    module_rules.check(session, given, module)
    now, wanted = flat(current), flat(plain(given))
    changed = {name: wanted.get(name) for name in {*wanted, *now} if not same(wanted.get(name), now.get(name))}
    waiting = _claim(session, module, None)
    base, snapshot = (flat(waiting.base), flat(waiting.snapshot)) if waiting else (now, now)
    base = base | {name: now.get(name) for name in changed}
    return _write(session, actor, module, waiting, nested(base), nested(snapshot | changed), note)


def ask_archive(session: Session, actor: Actor, module: Module, note: str = "") -> PendingVersion:
    """Note that somebody says the offer is gone. Permission and lock are the caller's; staff decide."""
    waiting = _claim(session, module, None)
    current = plain(input_of(module))
    base, snapshot = (waiting.base, waiting.snapshot) if waiting else (current, current)
    made = _write(session, actor, module, waiting, base, snapshot, note)
    made.archive_wanted = True
    session.flush()
    return made


def accept(session: Session, actor: Actor, module: Module, read: Read, choices: dict[str, str]) -> Module:
    """Write what waits into the live module and let nothing wait any more.

    *choices* says "waiting" or "live" for each field that was changed in both; Invalid names those without a choice.
    """
    require(actor, "module.publish", module)
    waiting = _taken(session, module, read)
    found = compared(module, waiting)
    open_ = [one.field for one in found.clashes if choices.get(one.field) not in ("waiting", "live")]
    if open_:
        raise Invalid(open_[0], N_("Entscheiden Sie bei jedem doppelt geänderten Feld, was gelten soll."))
    given = input_from(found.result({name for name, choice in choices.items() if choice == "waiting"}))
    modules.apply(session, actor, module, tidy(given), "pending_accepted")
    audit.record(session, actor, "module.pending_accepted", module, author=waiting.user_label)
    _drop(session, waiting)
    return module


def publish_now(session: Session, actor: Actor, module: Module, given: ModuleInput, read: Read) -> Module:
    """Write *given* into the live module at once; it stands for what waited, too."""
    require(actor, "module.publish", module)
    modules.lock(session, module, read.version, tidy(given))
    waiting = _claim(session, module, read.waiting, tidy(given))
    given = _complete(session, shown(module, waiting), tidy(given))
    modules.apply(session, actor, module, given, "changed")
    if waiting is not None and not waiting.archive_wanted:
        _drop(session, waiting)
    elif waiting is not None:
        waiting.base = waiting.snapshot = plain(input_of(module))
        session.flush()
    return module


def discard(session: Session, actor: Actor, module: Module, read: Read) -> None:
    """Throw away what waits; the record keeps what it said."""
    require(actor, "module.publish", module)
    waiting = _taken(session, module, read)
    said = [one.field for one in merge(waiting.base, waiting.base, waiting.snapshot).changes]
    audit.record(session, actor, "module.pending_discarded", module, author=waiting.user_label, fields=said)
    _drop(session, waiting)


def archive(session: Session, actor: Actor, module: Module, read: Read) -> Module:
    """Do what the provider asked for: archive the module, and let nothing wait any more."""
    require(actor, "module.publish", module)
    waiting = _taken(session, module, read)
    workflow.archive(session, actor, module)
    _drop(session, waiting)
    return module


def _taken(session: Session, module: Module, read: Read) -> PendingVersion:
    modules.lock(session, module, read.version)
    waiting = _claim(session, module, read.waiting)
    if waiting is None:
        raise NotFound(NONE)
    return waiting
