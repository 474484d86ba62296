"""What reading the database again and again would make slow: kept in memory for as long as its stamp in the database stays the same."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import RLock
from time import monotonic
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from catalogue.db import Database, Session

__all__ = ["drop", "for_seconds", "forget", "kept", "sizes"]

S = TypeVar("S", bound=Hashable)
T = TypeVar("T")


@dataclass
class _Shelf:
    found: dict[str, tuple[Hashable, Any]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


def forget(database: Database) -> None:
    """Forget everything of *database*: somebody put another one in its place."""
    _shelves.pop(database, None)


def kept(session: Session, name: str, stamp: Callable[[], S], make: Callable[[S, Any], T]) -> T:
    """Return what was made for the stamp that the database has now; if there is none, ``make(stamp, previous)`` is called, with what was
    kept before (or None).

    Only sessions that read leave what they made for others: what a writing one sees may be rolled back. One that reads asks for the
    stamp once and sees the same from then on. One thread makes, others wait.
    """
    database: Database | None = session.info.get("database")
    if database is None:
        return make(stamp(), None)
    if session.get_bind() is not database.engine:
        return _made(database, name, stamp(), make, leave=False)
    seen: dict[str, Any] = session.info.setdefault("kept", {})
    if name not in seen:
        seen[name] = _made(database, name, stamp(), make, leave=True)
    return seen[name]  # type: ignore[no-any-return]


def _made(database: Database, name: str, stamp: S, make: Callable[[S, Any], T], *, leave: bool) -> T:
    shelf = _shelves.setdefault(database, _Shelf())
    with shelf.lock:
        known, previous = shelf.found.get(name, (None, None))
        if known == stamp:
            return previous  # type: ignore[no-any-return]
        made = make(stamp, previous)
        if leave:
            shelf.found[name] = (stamp, made)
        return made


def for_seconds(database: Database, name: str, seconds: float, make: Callable[[], T]) -> T:
    """Return what *make* gave not longer ago than so many seconds: for what all nodes ask at each request and hardly ever changes."""
    shelf = _shelves.setdefault(database, _Shelf())
    until, value = shelf.found.get(name, (0.0, None))
    if monotonic() < until:  # type: ignore[operator]
        return value  # type: ignore[no-any-return]
    made = make()
    shelf.found[name] = (monotonic() + seconds, made)
    return made


def drop(database: Database, name: str) -> None:
    """Forget one thing that this process itself has changed."""
    if shelf := _shelves.get(database):
        shelf.found.pop(name, None)


def sizes(database: Database) -> dict[str, int]:
    """Return how many entries each thing has that is kept of *database*, for those that can be counted."""
    shelf = _shelves.get(database)
    found = {name: value for name, (_stamp, value) in list(shelf.found.items())} if shelf else {}
    return {name: len(value) for name, value in found.items() if hasattr(value, "__len__")}
