"""The past of a module: complete versions, readable differences, and the way back to any of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Module, ModuleVersion, OfferStatus
from catalogue.services.errors import NotFound
from catalogue.services.module_input import FIELDS, LISTS, VOCABULARIES, ModuleInput, input_of
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = [
    "Difference",
    "compare",
    "get",
    "input_from",
    "latest",
    "newest",
    "plain",
    "record",
    "record_all",
    "snapshot",
    "versions",
]

HIGHEST = 2**31  # what the column can hold
STATUSES = {status.value: status for status in OfferStatus}


def snapshot(module: Module) -> dict[str, Any]:
    """Return everything that *module* says, and its state, as plain JSON."""
    return plain(input_of(module)) | {"state": module.state.value}


def plain(given: ModuleInput) -> dict[str, Any]:
    """Return *given* as plain JSON, as snapshots hold it."""
    return {name: _plain(getattr(given, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, dict):
        return {name: list(codes) for name, codes in value.items()}
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, OfferStatus):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def input_from(stored: dict[str, Any]) -> ModuleInput:
    """Return the input that leads to what the snapshot *stored* says. Fields it does not know stay empty."""
    values = {name: stored[name] for name in FIELDS if name in stored}
    values |= {name: tuple(values[name]) for name in LISTS if name in values}
    values["terms"] = {name: tuple(codes) for name, codes in stored.get("terms", {}).items()}
    values["offer_status"] = STATUSES.get(stored.get("offer_status", ""))
    values["as_of"] = date.fromisoformat(stored["as_of"]) if stored.get("as_of") else None
    values["price_amount"] = Decimal(stored["price_amount"]) if stored.get("price_amount") else None
    return ModuleInput(**values)


def record(session: Session, actor: Actor, module: Module, action: str) -> ModuleVersion:
    """Add the version that *module* has reached; ``changed`` names what differs from the version before."""
    version = _next(actor, module, action, latest(session, module))
    session.add(version)
    session.flush()
    return version


def record_all(session: Session, actor: Actor, modules: Sequence[Module], action: str) -> dict[uuid.UUID, int]:
    """Add the versions that several flushed *modules* have reached, in few statements; return the number of each."""
    before = newest(session, [module.id for module in modules])
    made = [_next(actor, module, action, before.get(module.id)) for module in modules]
    session.add_all(made)
    session.flush()
    return {version.module_id: version.number for version in made}


def _next(actor: Actor, module: Module, action: str, before: ModuleVersion | None) -> ModuleVersion:
    after = snapshot(module)
    old = before.snapshot if before else {}
    return ModuleVersion(
        module_id=module.id,
        number=before.number + 1 if before else 1,
        user_id=actor.user_id,
        user_label=actor.label,
        action=action,
        changed=[name for name in after if after[name] != old.get(name)] if before else [],
        snapshot=after,
    )


def latest(session: Session, module: Module) -> ModuleVersion | None:
    """Return the newest version of *module*."""
    return session.scalar(
        select(ModuleVersion).where(ModuleVersion.module_id == module.id).order_by(ModuleVersion.number.desc()).limit(1)
    )


def newest(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ModuleVersion]:
    """Return the newest version of each of these modules that has any."""
    numbers = select(ModuleVersion.module_id, func.max(ModuleVersion.number).label("number"))
    last = numbers.where(ModuleVersion.module_id.in_(ids)).group_by(ModuleVersion.module_id).subquery()
    same = (ModuleVersion.module_id == last.c.module_id) & (ModuleVersion.number == last.c.number)
    return {one.module_id: one for one in session.scalars(select(ModuleVersion).join(last, same))}


def versions(session: Session, actor: Actor, module: Module) -> list[ModuleVersion]:
    """Return all versions of *module*, the newest first."""
    require(actor, "module.history", module)
    statement = select(ModuleVersion).where(ModuleVersion.module_id == module.id)
    return list(session.scalars(statement.order_by(ModuleVersion.number.desc())))


def get(session: Session, actor: Actor, module: Module, number: int) -> ModuleVersion:
    """Return one version of *module* by its number; raises NotFound."""
    require(actor, "module.history", module)
    statement = select(ModuleVersion).where(ModuleVersion.module_id == module.id, ModuleVersion.number == number)
    found = session.scalar(statement) if 0 < number < HIGHEST else None
    if found is None:
        raise NotFound(N_("Diese Fassung gibt es nicht."))
    return found


@dataclass(frozen=True)
class Difference:
    """One field that two snapshots state differently; the values are as in the snapshot (None, "" and [] mean empty)."""

    field: str
    before: Any
    after: Any


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """Return the fields that differ, in the order of the form. Terms are compared per vocabulary ("terms.topic")."""
    old, new = _flat(before), _flat(after)
    order = [*FIELDS, *(f"terms.{name}" for name in VOCABULARIES), "state"]
    names = [name for name in order if name in old or name in new]
    return [
        Difference(name, old.get(name), new.get(name))
        for name in names
        if (old.get(name) or None) != (new.get(name) or None)
    ]


def _flat(stored: dict[str, Any]) -> dict[str, Any]:
    terms = {f"terms.{name}": codes for name, codes in stored.get("terms", {}).items()}
    return {name: value for name, value in stored.items() if name != "terms"} | terms
