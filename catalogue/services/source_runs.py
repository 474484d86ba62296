"""Looking at a source: fetch, read, check like any other list, and – unless it is a test – take over or wait for somebody.

No transaction is open while a server thinks. A run that a crash interrupted counts as failed after a while.
"""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import joinedload

from catalogue.db import Database, DBAPIError, Session, utcnow
from catalogue.models import ImportRun, ImportState, RowKind, Source, SourceKind, SourceOutcome, SourceRun
from catalogue.search.index import SearchIndex
from catalogue.services import import_jobs, imports, source_feeds, sources
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.fetching import Answer
from catalogue.services.imports import BUSY
from catalogue.services.module_columns import names_of
from catalogue.services.permissions import SYSTEM, Actor, require
from catalogue.services.source_answers import fetched, follower
from catalogue.services.source_feeds import Defaults, Feed, Unassigned
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["begin", "is_running", "prune", "run", "run_due", "start", "work"]

AT_ONCE = 2  # a round of the worker must not keep mails waiting for long
INTERRUPTED = timedelta(minutes=20)  # no run takes that long
RETRY = timedelta(hours=1)  # after a failure, twice as long after each further one
KEPT_FOR = timedelta(days=365)
MOST_NOTES = 50
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Order:
    """What a run needs to know of its source, apart from any session."""

    run_id: uuid.UUID
    source_id: uuid.UUID
    url: str
    kind: SourceKind
    automatic: bool
    is_test: bool
    defaults: Defaults
    headers: Mapping[str, str]


def begin(
    session: Session, actor: Actor, source: Source, *, test: bool = False, due: datetime | None = None
) -> SourceRun:
    """Note that *source* is looked at from now on; :func:`work` does the rest.

    Raises Conflict if somebody is at it already, or has been since it was *due*.
    """
    require(actor, "source.edit")
    due_now = session.scalar(sa.select(Source.due_at).where(Source.id == source.id).with_for_update())
    if due is not None and due_now != due:
        raise Conflict(N_("Diese Quelle wurde inzwischen abgerufen."))
    if is_running(session, source) or _is_importing(session, source):
        raise Conflict(N_("Diese Quelle wird gerade abgerufen oder übernommen. Warten Sie einen Moment."))
    run = SourceRun(
        id=uuid.uuid4(), source_id=source.id, is_test=test, user_label=actor.label, source_version=source.version
    )
    session.add(run)
    session.flush()
    return run


def is_running(session: Session, source: Source) -> bool:
    """Whether a run of *source* is under way."""
    wanted = sa.select(SourceRun.id).where(
        SourceRun.source_id == source.id,
        SourceRun.outcome == SourceOutcome.RUNNING,
        SourceRun.started_at > utcnow() - INTERRUPTED,
    )
    return session.scalar(wanted.limit(1)) is not None


def _is_importing(session: Session, source: Source) -> bool:
    wanted = sa.select(ImportRun.id).where(ImportRun.source_id == source.id, ImportRun.state.in_(BUSY))
    return session.scalar(wanted.where(ImportRun.asked_at > utcnow() - INTERRUPTED).limit(1)) is not None


def start(
    database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID
) -> threading.Thread:
    """Do the work of a run that was begun in a thread of its own."""
    thread = threading.Thread(target=work, args=(database, settings, index, actor, run_id), name="source", daemon=True)
    thread.start()
    return thread


def run(
    database: Database,
    settings: Settings,
    index: SearchIndex,
    actor: Actor,
    source_id: uuid.UUID,
    *,
    test: bool = False,
    due: datetime | None = None,
) -> SourceRun:
    """Look at a source now and return what came of it; raises Conflict if somebody is at it already, or was since it was *due*."""
    with database.write() as session:
        begun = begin(session, actor, sources.get(session, actor, source_id), test=test, due=due)
    return work(database, settings, index, actor, begun.id)


def work(database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID) -> SourceRun:
    """Do the work of a run that was begun; whatever happens is noted in it."""
    with structlog.contextvars.bound_contextvars(source_run=run_id.hex[:12]):
        try:
            _work(database, settings, index, actor, run_id)
        except Exception:  # nobody waits for a thread; what could not even be noted shows as interrupted
            log.exception("source failed")
            _finish(database, run_id, SourceOutcome.FAILED, Text(FAILED_TEXT))
    with database.read() as session:
        return session.scalars(
            sa.select(SourceRun).where(SourceRun.id == run_id).options(joinedload(SourceRun.import_run))
        ).one()


FAILED_TEXT = N_("Es ist ein Fehler passiert. Nichts wurde geändert.")


def _work(database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID) -> None:
    with database.read() as session:
        order = _order(session, run_id)
    try:
        answer = fetched(order.url, order.kind, order.headers, settings)
        if answer.status == 304:
            _finish(database, run_id, SourceOutcome.UNCHANGED, answer=answer)
            return
        with database.read() as session:
            names = names_of(session)
        feed = source_feeds.read(order.kind, answer, names, order.defaults, follower(order.url, settings))
    except Invalid as refused:
        if isinstance(refused, Unassigned):
            with database.write() as session:
                _set(session, order.source_id, headings=refused.headings)
        _finish(database, run_id, SourceOutcome.FAILED, next(iter(refused.fields.values())))
        return
    with database.write() as session:
        import_id = _take_in(session, actor, order, feed, answer)
    state = import_jobs.run(database, settings, index, actor, import_id, lambda *_: None)
    if (
        state == ImportState.CHECKED
        and order.automatic
        and not order.is_test
        and _ask_apply(database, actor, import_id)
    ):
        import_jobs.run(database, settings, index, actor, import_id, lambda *_: None)
    _conclude(database, run_id, import_id)


def _ask_apply(database: Database, actor: Actor, import_id: uuid.UUID) -> bool:
    """Ask for what is selected to be taken over, if anything is; but not after somebody took the last import back."""
    with database.write() as session:
        found = session.get_one(ImportRun, import_id)
        if _taken_back(session, found.source_id) or not any(imports.selected(session, found).values()):
            return False
        imports.ask_apply(session, actor, import_id)
        return True


def _taken_back(session: Session, source_id: uuid.UUID | None) -> bool:
    """Whether somebody undid the last import of a source."""
    before = sa.select(ImportRun.state).where(ImportRun.source_id == source_id, ImportRun.applied_at.is_not(None))
    return session.scalar(before.order_by(ImportRun.applied_at.desc()).limit(1)) == ImportState.UNDONE


def _order(session: Session, run_id: uuid.UUID) -> _Order:
    found = session.scalars(
        sa.select(SourceRun).where(SourceRun.id == run_id).options(joinedload(SourceRun.source).options(*sources.NAMED))
    ).one()
    source = found.source
    defaults = Defaults(
        source.provider.slug if source.provider else "",
        source.programme.slug if source.programme else "",
        source.create_providers,
        dict(source.mapping),
    )
    headers = {} if found.is_test else _validators(session, source)
    return _Order(found.id, source.id, source.url, source.kind, source.automatic, found.is_test, defaults, headers)


def _validators(session: Session, source: Source) -> dict[str, str]:
    """Return headers that ask only for something newer – if the last run left nothing to do and the source was not edited since."""
    wanted = (
        sa.select(SourceRun)
        .where(SourceRun.source_id == source.id, SourceRun.outcome != SourceOutcome.RUNNING)
        .options(joinedload(SourceRun.import_run))
        .order_by(SourceRun.started_at.desc())
        .limit(1)
    )
    last = session.scalar(wanted)
    if last is None or last.source_version != source.version or _taken_back(session, source.id):
        return {}
    settled = last.outcome == SourceOutcome.UNCHANGED and last.import_run is None
    applied = last.import_run is not None and last.import_run.state == ImportState.APPLIED
    if not settled and not (applied and not last.counts.get(RowKind.WRONG.value)):
        return {}
    return {
        name: value for name, value in (("If-None-Match", last.etag), ("If-Modified-Since", last.modified)) if value
    }


# --- noting


def _take_in(session: Session, actor: Actor, order: _Order, feed: Feed, answer: Answer) -> uuid.UUID:
    source = sources.get(session, actor, order.source_id)
    found = session.get_one(SourceRun, order.run_id)
    if feed.headings:
        _set(session, source.id, headings=list(feed.headings))
    imported = imports.take_in(session, actor, source, feed.sheet, feed.mapping, about=answer.url)
    found.import_id = imported.id
    found.notes = [{"message": note.message, "params": dict(note.params)} for note in feed.notes[:MOST_NOTES]]
    _note_answer(found, answer)
    session.flush()
    return imported.id


def _note_answer(found: SourceRun, answer: Answer) -> None:
    found.status, found.size = answer.status, len(answer.body)
    found.etag, found.modified = _kept(answer, "etag", 300), _kept(answer, "last-modified", 100)


def _kept(answer: Answer, name: str, most: int) -> str:
    """Return a header that will be sent back, "" if it is none that can be."""
    value = answer.headers.get(name, "")
    return value if len(value) <= most and value.isascii() and value.isprintable() else ""


def _set(session: Session, source_id: uuid.UUID, **values: Any) -> None:
    """Note something at a source that is no edit: its version stays, so that nobody's form becomes stale."""
    session.execute(
        sa.update(Source).where(Source.id == source_id).values(**values, updated_at=Source.updated_at),
        execution_options={"synchronize_session": False},
    )


def _conclude(database: Database, run_id: uuid.UUID, import_id: uuid.UUID) -> None:
    """Note what came of the import; one that says nothing new is not kept."""
    with database.read() as session:
        imported = session.get_one(ImportRun, import_id)
        counts, state = dict(imported.counts), imported.state
        selected = sum(imports.selected(session, imported).values()) if state == ImportState.CHECKED else 0
        problem = Text(imported.problem["message"], imported.problem["params"]) if imported.problem else None
    if state == ImportState.APPLIED:
        _finish(database, run_id, SourceOutcome.APPLIED, counts=counts)
    elif state != ImportState.CHECKED:
        _finish(database, run_id, SourceOutcome.FAILED, problem or Text(FAILED_TEXT), counts=counts)
        _forget(database, import_id)
    elif problem is not None:
        _finish(database, run_id, SourceOutcome.WAITING, problem, counts=counts)
    else:
        _finish(database, run_id, SourceOutcome.WAITING if selected else SourceOutcome.UNCHANGED, counts=counts)
        if not any(counts.get(kind.value) for kind in RowKind if kind != RowKind.UNCHANGED):
            _forget(database, import_id)


def _forget(database: Database, import_id: uuid.UUID) -> None:
    with database.write() as session:
        imports.forget(session, session.get_one(ImportRun, import_id))


def _finish(
    database: Database, run_id: uuid.UUID, outcome: SourceOutcome, problem: Text | None = None,
    *, counts: Mapping[str, Any] | None = None, answer: Answer | None = None,
) -> None:  # fmt: skip
    """Close a run and say when the source is looked at next; a test changes nothing about that."""
    with database.write() as session:
        found = session.get_one(SourceRun, run_id)
        source = session.get_one(Source, found.source_id)
        now = utcnow()
        found.outcome, found.finished_at, found.counts = outcome, now, dict(counts or {})
        if problem is not None:
            found.problem = {"message": problem.message, "params": dict(problem.params)}
        if answer is not None:
            _note_answer(found, answer)
            if answer.status == 304:
                _keep_validators(session, found)
        if not found.is_test:
            failures = source.failures + 1 if outcome == SourceOutcome.FAILED else 0
            _set(session, source.id, failures=failures, due_at=_next(source, failures, now))


def _keep_validators(session: Session, found: SourceRun) -> None:
    """Take over what the run before knew, where a 304 does not repeat it."""
    before = session.scalar(
        sa.select(SourceRun)
        .where(SourceRun.source_id == found.source_id, SourceRun.id != found.id)
        .order_by(SourceRun.started_at.desc())
        .limit(1)
    )
    if before is not None:
        found.etag, found.modified = found.etag or before.etag, found.modified or before.modified


def _next(source: Source, failures: int, now: datetime) -> datetime | None:
    pause = source.interval.pause
    if pause is None or not source.enabled:
        return None
    return now + (min(pause, RETRY * 2 ** min(failures - 1, 10)) if failures else pause)


# --- the worker


def run_due(database: Database, settings: Settings, index: SearchIndex, *, at_once: int = AT_ONCE) -> int:
    """Look at a few sources whose time has come and return how many."""
    _give_up_interrupted(database)
    with database.read() as session:
        wanted = sa.select(Source.id, Source.name, Source.due_at).where(Source.enabled, Source.due_at <= utcnow())
        due = session.execute(wanted.order_by(Source.due_at, Source.id).limit(at_once)).all()
    done = 0
    for source_id, name, since in due:
        try:
            run(database, settings, index, replace(SYSTEM, label=f"Quelle {name}"), source_id, due=since)
            done += 1
        except Conflict:  # somebody is at it from a page, or another worker was first
            continue
        except DBAPIError:
            log.warning("database not available, source stays due", source=str(source_id), exc_info=True)
    return done


def _give_up_interrupted(database: Database) -> None:
    old = sa.select(SourceRun.id).where(
        SourceRun.outcome == SourceOutcome.RUNNING, SourceRun.started_at <= utcnow() - INTERRUPTED
    )
    with database.claim("interrupted sources") as mine:
        if not mine:
            return
        with database.read() as session:
            ids = list(session.scalars(old))
        for run_id in ids:
            _finish(database, run_id, SourceOutcome.FAILED, Text(N_("Der Lauf wurde unterbrochen.")))


def prune(session: Session) -> int:
    """Delete reports that are older than a year, but never the newest of a source; return their number."""
    newest = sa.select(sa.func.max(SourceRun.started_at)).group_by(SourceRun.source_id)
    old = sa.delete(SourceRun).where(SourceRun.started_at < utcnow() - KEPT_FOR, SourceRun.started_at.not_in(newest))
    return session.execute(old).rowcount  # type: ignore[attr-defined, no-any-return]
