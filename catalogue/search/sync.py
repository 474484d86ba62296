"""Brings the index up to date with the database: drain, rebuild, check, heal. Every failure leaves the database in charge."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Database, Session
from catalogue.logs import describe
from catalogue.models import Module, Term, WorkflowState
from catalogue.search import changes, feed
from catalogue.search.changes import Position
from catalogue.search.document import document
from catalogue.search.index import IndexUnusable, SearchIndex

__all__ = [
    "Differences", "Lag", "check", "drain", "drain_quietly", "heal", "is_waiting", "keep_up", "lag", "rebuild", "repair"
]  # fmt: skip

_AT_ONCE = 500
_IN_REQUEST = 200  # so many rows of the log at most, so that a page does not wait for what an import left
_PATIENCE = 1.0  # seconds that who saved waits for another process to finish with the index
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
    """Let the index learn what changed; log any failure, never raise."""
    try:
        drain(database, index, at_most)
    except Exception as error:
        log.warning("index not updated", error=describe(error))


def keep_up(database: Database, index: SearchIndex) -> None:
    """Let the index learn what a request changed, and leave the rest of a long log to the background. Never raises."""
    drain_quietly(database, index, _IN_REQUEST)
    try:
        rest = is_waiting(database, index)
    except Exception as error:
        log.warning("log of changes not read", error=describe(error))
        return
    if rest:
        threading.Thread(target=drain_quietly, args=(database, index), name="index-drain", daemon=True).start()


def drain(database: Database, index: SearchIndex, at_most: int | None = None) -> int:
    """Index all that changed; return how many modules. Leaves the work to another process that is at it.

    With *at_most* it ends after about so many rows of the log, because a page must not wait for what a long import left behind, but
    waits a moment for the other process: whoever saved wants to find it.
    """
    done = 0
    while True:
        with index.lock(wait=False, seconds=_PATIENCE if at_most is not None else 0.0) as mine:
            if not mine:
                return done
            done += _drain(database, index, at_most)
        if at_most is not None or not is_waiting(database, index):
            return done  # else somebody saved after our last look and found the lock taken


def is_waiting(database: Database, index: SearchIndex) -> bool:
    """Whether the index has something to learn, or has to be made anew."""
    name = index.current()
    with database.read() as session:
        position = _fitting(session, index, name) if name else None
        return position is None or bool(changes.next_batch(session, position, 1).modules)


@dataclass(frozen=True)
class Lag:
    """What an index has to learn: so many modules, since when; *lost*: it cannot tell and has to be made anew."""

    modules: frozenset[uuid.UUID] = frozenset()
    since: datetime | None = None
    lost: bool = False


def lag(session: Session, index: SearchIndex) -> Lag:
    """Return how far the index is behind what *session* sees."""
    name = index.current()
    position = _fitting(session, index, name) if name else None
    return Lag(*changes.waiting(session, position), lost=position is None)


def _fitting(session: Session, index: SearchIndex, name: str) -> Position | None:
    """Return how far generation *name* has come in the log of this database, None if that cannot be said."""
    position = index.position(name)
    if position is None or position.log != changes.identity(session):
        return None
    return position if position.furthest <= changes.here(session).furthest else None


def _drain(database: Database, index: SearchIndex, at_most: int | None = None) -> int:
    name = index.current()
    with database.read() as session:
        position = _fitting(session, index, name) if name else None
    if position is None:
        return _anew(database, index, in_request=at_most is not None)
    done = 0
    while True:
        with database.read() as session:
            batch = changes.next_batch(session, position, at_most or _AT_ONCE)
        if batch.modules:
            _write(database, index, name, batch.modules)
        if batch.after != position:
            index.set_position(name, position := batch.after)
        done += len(batch.modules)
        if batch.last or at_most is not None:
            return done


def _write(database: Database, index: SearchIndex, name: str, modules: frozenset[uuid.UUID]) -> None:
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


def _anew(database: Database, index: SearchIndex, *, in_request: bool) -> int:
    """Make the first index, or another where nobody knows how far it has come; a page does not wait for many modules."""
    if in_request:
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
    with database.read() as session:
        position = changes.here(session)
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
    index.set_position(name, position)
    index.publish(name)
    return done


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
    """Compare which modules, in which versions, database and index hold. Modules that it has yet to learn do not count."""
    with database.read() as session:
        behind = lag(session, index)
        if behind.lost and index.current():
            return Differences(unusable="it does not know how far it has come")
        waiting = behind.modules
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
            name = index.current()
            with database.read() as session:
                usable = name and not index.is_broken() and _fitting(session, index, name)
            if not usable:
                _rebuild(database, index, lambda _done, _all: None)
        drain(database, index)
        index.healed_at = 0.0
    except Exception as error:
        log.warning("index not healed", error=describe(error))
    finally:
        index.healing.release()
