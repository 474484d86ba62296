"""The work that an import asked for – check, apply, undo – in the background of a page or in front of a terminal."""

import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from catalogue.db import Database, DBAPIError, is_busy
from catalogue.models import ImportRun, ImportState
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import import_apply, import_check, import_progress
from catalogue.services.errors import Conflict, Invalid, Refused
from catalogue.services.import_progress import Progress, Report
from catalogue.services.imports import BUSY
from catalogue.services.permissions import Actor
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["progress", "run", "start"]

PATIENCE = 50  # tries
log = structlog.get_logger(__name__)


def start(
    database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID
) -> threading.Thread:
    """Work in a thread of its own; progress can be read with :func:`progress`."""
    thread = threading.Thread(
        target=_run_quietly, args=(database, settings, index, actor, run_id), name="import", daemon=True
    )
    thread.start()
    return thread


def _run_quietly(database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID) -> None:
    structlog.contextvars.bind_contextvars(
        job="import", job_id=run_id.hex[:12]
    )  # a thread of its own begins without any
    try:
        run(database, settings, index, actor, run_id, import_progress.reporter(settings, run_id))
    except (
        Exception
    ):  # nobody waits for this thread; what happened is in the log and, if it could be written, in the run
        log.exception("import failed")


def run(
    database: Database, settings: Settings, index: SearchIndex, actor: Actor, run_id: uuid.UUID, report: Report
) -> ImportState:
    """Do what the run is waiting for, unless somebody is at it, and return the state it has reached. Failures are noted in the run."""
    with import_progress.claim(settings, run_id) as here, database.claim(_name(run_id)) as mine:
        if here and mine:
            with _considerate():
                _work(database, actor, run_id, report)
    with database.read() as session:
        state = session.get_one(ImportRun, run_id).state
    if settings.inline_indexing and state in (ImportState.APPLIED, ImportState.UNDONE):
        _index(database, index)
    return state


def progress(database: Database, settings: Settings, run_id: uuid.UUID) -> Progress:
    """Return how far the work has come; of work on another machine only that somebody is at it."""
    found = import_progress.read(settings, run_id)
    return found if found.running else replace(found, running=database.is_claimed(_name(run_id)))


def _name(run_id: uuid.UUID) -> str:
    return f"import {run_id}"


@contextmanager
def _considerate() -> Iterator[None]:
    """Let threads that answer pages have the processor sooner: otherwise each of their steps waits 5 ms for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _index(database: Database, index: SearchIndex) -> None:
    """Let the index learn everything, also if a page is at it just now and will stop after a few modules."""
    for _ in range(PATIENCE):
        sync.drain_quietly(database, index)
        if not sync.is_waiting(database, index):
            return
        time.sleep(0.2)


def _work(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    with database.read() as session:
        state = session.get_one(ImportRun, run_id).state
    try:
        if state == ImportState.CHECKING:
            import_check.check(database, run_id, report)
        elif state == ImportState.APPLYING:
            _apply(database, actor, run_id, report)
        elif state == ImportState.UNDOING:
            import_apply.undo(database, actor, run_id, report)
    except Refused as refused:
        _give_up(database, run_id, _sentence(refused))
    except Exception as error:
        busy = isinstance(error, DBAPIError) and is_busy(error)
        _give_up(database, run_id, Text(BUSY_TEXT if busy else FAILED_TEXT))
        if not busy:
            raise


BUSY_TEXT = N_("Der Katalog war gerade ausgelastet. Nichts wurde geändert. Versuchen Sie es noch einmal.")
FAILED_TEXT = N_("Es ist ein Fehler passiert. Nichts wurde geändert. Versuchen Sie es noch einmal.")


def _apply(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    """Apply; if the catalogue changed since the check, check again and say so."""
    try:
        import_apply.apply(database, actor, run_id, report)
    except (Conflict, Invalid) as refused:
        with database.write() as session:
            session.get_one(ImportRun, run_id, with_for_update=True).state = ImportState.CHECKING
        import_check.check(database, run_id, report)
        with database.write() as session:
            again = N_(
                "%(reason)s Nichts wurde übernommen. Die Liste ist neu geprüft: Sehen Sie sie noch einmal durch."
            )
            _note(session.get_one(ImportRun, run_id), Text(again, {"reason": str(_sentence(refused))}))


def _sentence(refused: Refused) -> Text:
    return next(iter(refused.fields.values())) if isinstance(refused, Invalid) else refused.text


def _give_up(database: Database, run_id: uuid.UUID, text: Text) -> None:
    """Put the run back to where it was before it was asked, with a sentence."""
    with database.write() as session:
        found = session.get_one(ImportRun, run_id, with_for_update=True)
        found.state = BUSY.get(found.state, found.state)
        _note(found, text)


def _note(found: ImportRun, text: Text) -> None:
    found.problem = {"message": text.message, "params": dict(text.params)}
