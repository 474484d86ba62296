"""The log of changes that every index follows by itself, and how far an index has come in it.

Rows of ``index_queue`` are only ever added, and cleared away once a newer row speaks of the same module: an index that was away
for months still finds a row for each module that changed. Each generation of an index keeps its position in a file of its own.

PostgreSQL gives numbers when rows are written, not when they are committed: a row may appear behind others that were read long
ago. So rows carry the number of their transaction, and a position moves only up to the oldest transaction that is still at work
(the horizon). What is committed beyond it is indexed at once, too, and remembered by its number. SQLite has one writer at a
time, its rows appear in order.
"""

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalogue.db import Session, utcnow
from catalogue.models import IndexQueue

__all__ = ["Batch", "Position", "here", "identity", "next_batch", "prune", "waiting"]

KEEP = timedelta(hours=1)  # longer than any transaction
MOST_AHEAD = 5_000  # rows remembered beyond the horizon; more wait until it moves
_Mark = tuple[int, int]  # transaction, id: the order of the log
_SQLITE_HORIZON = 1  # all rows have transaction 0

_LOG = """SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
|| '/' || pg_relation_filenode('index_queue')"""


@dataclass(frozen=True)
class Position:
    """How far an index has come: all rows up to *done* are in it, and those of *ahead*. ``commit`` is the index commit that holds them."""

    log: str
    done: _Mark = (0, 0)
    ahead: tuple[_Mark, ...] = ()
    commit: int = 0

    @property
    def furthest(self) -> _Mark:
        """The newest row that this position knows."""
        return max((self.done, *self.ahead))

    @classmethod
    def read(cls, kept: Any) -> "Position | None":
        """Return the position that :meth:`kept` gave, None if it is not one."""
        try:
            transaction, number = kept["done"]
            ahead = tuple((int(a), int(b)) for a, b in kept["ahead"])
            return cls(str(kept["log"]), (int(transaction), int(number)), ahead, int(kept["commit"]))
        except (KeyError, TypeError, ValueError):
            return None

    def kept(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"log": self.log, "done": self.done, "ahead": self.ahead, "commit": self.commit}


@dataclass(frozen=True)
class Batch:
    """The modules that some rows speak of, and where an index stands that has learnt them; *last*: nothing else waits."""

    modules: frozenset[uuid.UUID]
    after: Position
    last: bool


def identity(session: Session) -> str:
    """Return which log this is: positions in another one (a restored database, a replica that took over) say nothing."""
    if session.get_bind().dialect.name == "postgresql":
        return str(session.scalar(sa.text(_LOG)))
    file = session.get_bind().engine.url.database or ""
    return str(os.stat(file).st_ino) if os.path.exists(file) else file


def here(session: Session) -> Position:
    """Return the position of an index that is made from what is committed now. Read the modules in a later transaction."""
    horizon = _horizon(session)
    done = session.execute(_rows().where(IndexQueue.transaction_id < horizon).order_by(*_DOWN).limit(1)).first()
    beyond = session.execute(_rows().where(IndexQueue.transaction_id >= horizon).order_by(*_UP).limit(MOST_AHEAD))
    ahead = tuple((row.transaction_id, row.id) for row in beyond)
    return Position(identity(session), (done.transaction_id, done.id) if done else (0, 0), ahead)


def next_batch(session: Session, position: Position, at_most: int) -> Batch:
    """Return what at most so many rows after *position* speak of."""
    horizon = _horizon(session)  # before the rows: what was finished then is visible now
    found = session.execute(_after(_rows(), position, horizon).order_by(*_UP).limit(at_most)).all()
    marks = [(row.transaction_id, row.id) for row in found]
    known = {*marks, *position.ahead}
    full = len(found) == at_most
    reached = [mark for mark in known if mark[0] < horizon and not (full and mark > marks[-1])]
    done = max([position.done, *reached])
    after = replace(position, done=done, ahead=tuple(sorted(mark for mark in known if mark > done)))
    return Batch(frozenset(row.module_id for row in found), after, not full)


def waiting(session: Session, position: Position | None) -> tuple[frozenset[uuid.UUID], datetime | None]:
    """Return the modules that an index at *position* has to learn, and since when the first of them waits."""
    query: Any = sa.select(IndexQueue.module_id, IndexQueue.queued_at)
    if position is not None:
        query = _after(query, position, None)
    rows = session.execute(query).all()
    return frozenset(row.module_id for row in rows), min((row.queued_at for row in rows), default=None)


def prune(session: Session) -> int:
    """Delete rows of which a newer one says the same; return how many. The newest of each module stays for indexes that were away."""
    place = sa.func.row_number().over(partition_by=IndexQueue.module_id, order_by=_DOWN)
    ranked = sa.select(
        IndexQueue.id, place.label("place")
    ).subquery()  # in the order of the log, which ids are not (PostgreSQL)
    newest = sa.select(ranked.c.id).where(ranked.c.place == 1)
    old = sa.delete(IndexQueue).where(IndexQueue.queued_at < utcnow() - KEEP, IndexQueue.id.not_in(newest))
    return session.execute(old.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined, no-any-return]


_UP = (IndexQueue.transaction_id, IndexQueue.id)
_DOWN = tuple(column.desc() for column in _UP)


def _rows() -> Any:
    return sa.select(IndexQueue.id, IndexQueue.transaction_id, IndexQueue.module_id)


def _after(query: Any, position: Position, horizon: int | None) -> Any:
    query = query.where(sa.tuple_(*_UP) > sa.tuple_(*map(sa.literal, position.done)))
    if position.ahead:
        query = query.where(IndexQueue.id.not_in(_ids(position.ahead)))
    if horizon is not None and len(position.ahead) >= MOST_AHEAD:
        query = query.where(IndexQueue.transaction_id < horizon)
    return query


def _ids(marks: Iterable[_Mark]) -> list[int]:
    return [number for _transaction, number in marks]


def _horizon(session: Session) -> int:
    """Return a transaction number below which everything is finished: committed and visible, or gone."""
    if session.get_bind().dialect.name != "postgresql":
        return _SQLITE_HORIZON
    return int(session.scalar(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")) or 0)
