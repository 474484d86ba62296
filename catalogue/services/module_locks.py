"""Fields of a module that imports leave alone, because staff know better than the list."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, ModuleLock
from catalogue.services import audit
from catalogue.services.errors import Invalid
from catalogue.services.module_columns import BY_KEY, SLUG, VERSION
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["LOCKABLE", "lock", "locked", "locks_of", "set_locks"]

LOCKABLE = tuple(key for key in BY_KEY if key not in (SLUG, VERSION))


def locks_of(session: Session, actor: Actor, module: Module) -> list[ModuleLock]:
    """Return the locks of *module* with who set them, in the order of the columns."""
    require(actor, "module.edit", module)
    found = {one.field: one for one in session.scalars(select(ModuleLock).where(ModuleLock.module_id == module.id))}
    return [found[key] for key in LOCKABLE if key in found]


def locked(session: Session, modules: Collection[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return the locked fields of each of *modules*."""
    fields: dict[uuid.UUID, set[str]] = defaultdict(set)
    for one in session.scalars(select(ModuleLock).where(ModuleLock.module_id.in_(modules))):
        fields[one.module_id].add(one.field)
    return fields


def set_locks(session: Session, actor: Actor, module: Module, fields: Iterable[str]) -> None:
    """Lock exactly *fields* of *module*; raises Invalid for a name that is none."""
    require(actor, "module.edit", module)
    wanted = set(fields)
    if not wanted <= set(LOCKABLE):
        raise Invalid("fields", N_("Wählen Sie Felder aus der Liste."))
    held = {one.field: one for one in session.scalars(select(ModuleLock).where(ModuleLock.module_id == module.id))}
    if wanted == set(held):
        return
    for field in held.keys() - wanted:
        session.delete(held[field])
    for field in wanted - held.keys():
        session.add(ModuleLock(module_id=module.id, field=field, user_label=actor.label))
    session.flush()
    audit.record(session, actor, "module.locked", module, fields=sorted(wanted))


def lock(session: Session, actor: Actor, module: Module, field: str) -> None:
    """Lock one more field."""
    held = {one.field for one in locks_of(session, actor, module)}
    set_locks(session, actor, module, held | {field})
