"""Brings the index up to date with the database: drain, rebuild, check, heal. Every failure leaves the database in charge."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Database, Session
from catalogue.logs import describe
from catalogue.models import IndexQueue, Module, Term, WorkflowState
from catalogue.search import feed
from catalogue.search.document import document
from catalogue.search.index import IndexUnusable, SearchIndex

__all__ = ["Differences", "check", "drain", "drain_quietly", "is_waiting", "keep_up", "heal", "rebuild", "repair"]

_AT_ONCE = 500
_IN_REQUEST = 200  # so many rows of the queue at most, so that a page does not wait for what an import queued
_SMALL = 1_000  # so many modules are indexed at once where there is no index yet; more are left to the background
_HEAL_EVERY = 30.0  # seconds between two tries
_OPTIONS = (
    selectinload(Module.terms),
    selectinload(Module.runs),
    joinedload(Module.provider),
    joinedload(Module.programme),
)

log = structlog.get_logger(__name__)


def drain_quietly(database: Database, index: SearchIndex, at_most: int | None = None) -> None:
    """Let the index learn what is queued; log any failure, never raise."""
    try:
        drain(database, index, at_most)
    except Exception as error:
        log.warning("index not updated", error=describe(error))


def keep_up(database: Database, index: SearchIndex) -> None:
    """Let the index learn what a request changed, and leave the rest of a long queue to the background. Never raises."""
    drain_quietly(database, index, _IN_REQUEST)
    try:
        rest = is_waiting(database)
    except Exception as error:
        log.warning("queue not read", error=describe(error))
        return
    if rest:
        threading.Thread(target=drain_quietly, args=(database, index), name="index-drain", daemon=True).start()


def drain(database: Database, index: SearchIndex, at_most: int | None = None) -> int:
    """Index all queued changes; return how many modules. Leaves the work to another process that is at it.

    With *at_most* it ends after about so many rows of the queue: a page must not wait for what a long import left behind.
    """
    done = 0
    while True:
        with index.lock(wait=False) as mine:
            if not mine:
                return done
            done += _drain(database, index, at_most)
        if at_most is not None or not is_waiting(
            database
        ):  # somebody may have queued after our last look and found the lock taken
            return done


def is_waiting(database: Database) -> bool:
    """Whether anything is queued."""
    with database.read() as session:
        return session.scalar(sa.select(IndexQueue.id).limit(1)) is not None


def _drain(database: Database, index: SearchIndex, at_most: int | None = None) -> int:
    name = index.current()
    if not name:
        return _first(database, index)
    done = 0
    while rows := _next_rows(database, at_most or _AT_ONCE):
        modules = {module_id for _, module_id in rows}
        _write(database, index, name, modules)
        done += len(modules)
        with database.write() as session:  # by the ids that were read: lower ones may be committed later
            session.execute(sa.delete(IndexQueue).where(IndexQueue.id.in_([row for row, _ in rows])))
        if at_most is not None:
            break
    return done


def _next_rows(database: Database, at_most: int) -> list[tuple[int, uuid.UUID]]:
    with database.read() as session:
        found = session.execute(sa.select(IndexQueue.id, IndexQueue.module_id).order_by(IndexQueue.id).limit(at_most))
        return [(row, module) for row, module in found]


def _write(database: Database, index: SearchIndex, name: str, modules: set[uuid.UUID]) -> None:
    """Bring *modules* up to date in one commit; each at most once, because two updates of one id leave both."""
    with database.read() as session:
        terms = _terms(session)
        public = session.scalars(
            sa.select(Module).where(Module.id.in_(modules), Module.state == WorkflowState.PUBLISHED).options(*_OPTIONS)
        )
        documents = {module.id: document(module, terms) for module in public}
    with index.writer(name) as writer:
        for identity in modules:
            if identity in documents:
                writer.update_document(**documents[identity])
            else:
                writer.delete_by_term("id", identity.hex)


def _terms(session: Session) -> dict[uuid.UUID, Term]:
    return {term.id: term for term in session.scalars(sa.select(Term))}


def _first(database: Database, index: SearchIndex) -> int:
    """Make the first index: at once if there is little to index, else in the background."""
    with database.read() as session:
        count = session.scalar(sa.select(sa.func.count()).where(Module.state == WorkflowState.PUBLISHED)) or 0
    if count > _SMALL:
        heal(database, index)
        return 0
    return _rebuild(database, index, lambda _done, _all: None)


# --- rebuild


def rebuild(
    database: Database, index: SearchIndex, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """Index everything anew beside the old index, then switch over; return how many modules. Searches go on meanwhile."""
    with index.lock(wait=True):
        done = _rebuild(database, index, progress)
    drain(database, index)
    return done


def _rebuild(database: Database, index: SearchIndex, progress: Callable[[int, int], None]) -> int:
    known = _next_rows_all(database)
    name = index.create()
    with database.read() as session, index.writer(name, limitmb=256) as writer:
        terms = _terms(session)
        ids = list(session.scalars(sa.select(Module.id).where(Module.state == WorkflowState.PUBLISHED)))
        done = 0
        for module in _modules(session, ids):
            writer.add_document(**document(module, terms))
            done += 1
            if done % 25 == 0 or done == len(ids):
                progress(done, len(ids))
    index.publish(name)
    _forget(database, known)
    return done


def _next_rows_all(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(sa.select(IndexQueue.id)))


def _forget(database: Database, rows: list[int]) -> None:
    """Remove queue rows that were there before a rebuild began: it has read what they speak of."""
    with database.write() as session:
        for start in range(0, len(rows), _AT_ONCE):
            session.execute(sa.delete(IndexQueue).where(IndexQueue.id.in_(rows[start : start + _AT_ONCE])))


def _modules(session: Session, ids: list[uuid.UUID]) -> Iterator[Module]:
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        yield from session.scalars(
            sa.select(Module).where(Module.id.in_(part), Module.state == WorkflowState.PUBLISHED).options(*_OPTIONS)
        )
        session.expunge_all()


# --- check


@dataclass(frozen=True)
class Differences:
    """How index and database differ; ``unusable`` says why the index could not be read at all."""

    missing: frozenset[uuid.UUID] = frozenset()
    superfluous: frozenset[uuid.UUID] = frozenset()
    stale: frozenset[uuid.UUID] = frozenset()
    unusable: str = ""

    @property
    def modules(self) -> frozenset[uuid.UUID]:
        """All modules that differ."""
        return self.missing | self.superfluous | self.stale

    def __bool__(self) -> bool:
        return bool(self.unusable or self.modules)


def check(database: Database, index: SearchIndex) -> Differences:
    """Compare which modules, in which versions, database and index hold. Modules that wait in the queue do not count."""
    with database.read() as session:
        waiting = set(session.scalars(sa.select(IndexQueue.module_id)))
        public = sa.select(Module.id, Module.version).where(Module.state == WorkflowState.PUBLISHED)
        wanted = dict(session.execute(public).all())
    try:
        held = index.snapshot().versions()
    except IndexUnusable as error:
        return Differences(unusable=str(error))
    return Differences(
        missing=frozenset(wanted.keys() - held.keys() - waiting),
        superfluous=frozenset(held.keys() - wanted.keys() - waiting),
        stale=frozenset(i for i in wanted.keys() & held.keys() if wanted[i] != held[i] and i not in waiting),
    )


def repair(database: Database, index: SearchIndex) -> Differences:
    """Check and mend: queue what differs, or rebuild an index that cannot be read. Returns what was found."""
    found = check(database, index)
    if found.unusable:
        rebuild(database, index)
    elif found:
        _queue(database, found.modules)
        drain(database, index)
    return found


def _queue(database: Database, modules: Iterable[uuid.UUID]) -> None:
    with database.write() as session:
        feed.queue(session, modules)


# --- heal


def heal(database: Database, index: SearchIndex) -> threading.Thread | None:
    """Rebuild in the background, one thread per process and not again right after a failure; return the thread."""
    if time.monotonic() - index.healed_at < _HEAL_EVERY and index.healed_at:
        return None
    if not index.healing.acquire(blocking=False):
        return None
    index.healed_at = time.monotonic()
    thread = threading.Thread(target=_heal, args=(database, index), name="index-heal", daemon=True)
    thread.start()
    return thread


def _heal(database: Database, index: SearchIndex) -> None:
    try:
        with index.lock(wait=True):
            if not index.current() or index.is_broken():
                _rebuild(database, index, lambda _done, _all: None)
        drain(database, index)
        index.healed_at = 0.0
    except Exception as error:
        log.warning("index not healed", error=describe(error))
    finally:
        index.healing.release()
