"""Optimistic versions: who read an older state than the current one must look again before writing."""

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session
from catalogue.services.errors import NotFound, Stale
from catalogue.texts import N_

__all__ = ["claim"]

Thing = TypeVar("Thing")


def claim(session: Session, thing: Thing, version: int | None, mine: object = None, *options: ORMOption) -> Thing:
    """Read *thing* again (with *options*) and keep others from changing it until the commit.

    Raises :class:`Stale` with the current state and *mine* if it is no longer at *version* (None: whatever it is), and
    :class:`NotFound` if it is gone.
    """
    kind: Any = type(thing)
    statement = select(kind).where(kind.id == thing.id).options(*options).with_for_update(of=kind)  # type: ignore[attr-defined]
    current = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if current is None:
        raise NotFound(N_("Das wurde inzwischen gelöscht."))
    if version is not None and current.version != version:
        raise Stale(current, mine)
    return thing
