"""What is done again and again in the background: mails, index, things that ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalogue.db import Database
from catalogue.search import changes, sync
from catalogue.search.index import SearchIndex
from catalogue.services import (
    digests,
    erased,
    jobs,
    kept_files,
    mail,
    person_copies,
    readiness,
    retention,
    run_news,
    schedules,
    sent_forms,
    source_runs,
    switches,
)
from catalogue.services.errors import Conflict
from catalogue.services.switches import Mode
from catalogue.settings import Settings

__all__ = ["Round", "run"]


@dataclass(frozen=True)
class Round:
    """What one round did. ``paused``: the catalogue is switched to reading or maintenance, only the index was brought up to date."""

    mails: int = 0
    pruned: int = 0
    sources: int = 0
    paused: bool = False
    failed: tuple[str, ...] = ()


def run(database: Database, settings: Settings, index: SearchIndex) -> Round:
    """Do one round. Safe to repeat, to interrupt, and to run beside another one. A job that fails leaves the others alone.

    Raises Conflict if the database has another schema than this code, as between an upgrade of the one and the other.
    """
    if not readiness.is_current(database):
        raise Conflict(
            "The database has another schema than this code: run `catalogue db upgrade`, or upgrade the code."
        )
    jobs.note(database, jobs.WORKER)
    work: dict[str, Callable[[], Any]] = {"index": lambda: sync.drain(database, index)}
    paused = switches.current(database).mode != Mode.NORMAL
    if not paused:
        work |= {
            "schedules": lambda: _schedules(database, index),
            "digests": lambda: digests.send_due(database, settings, index),
            "run_news": lambda: run_news.send_due(database, settings),
            "mail": lambda: mail.deliver(database, settings),
            "sources": lambda: source_runs.run_due(database, settings, index),
            "copies": lambda: person_copies.make_due(database, settings),
            "pruning": lambda: _prune(database, settings),
            "deletions": lambda: erased.remember(database, settings),
        }
    done = {name: jobs.run(database, name, job) for name, job in work.items()}
    failed = tuple(name for name, result in done.items() if result is None)
    return Round(done.get("mail") or 0, done.get("pruning") or 0, done.get("sources") or 0, paused, failed)


def _schedules(database: Database, index: SearchIndex) -> int:
    done = schedules.run_due(database)
    if done:
        sync.drain_quietly(database, index)
    return done


def _prune(database: Database, settings: Settings) -> int:
    with database.write() as session:
        over = changes.prune(session) + sent_forms.prune(session)  # what all indexes have read, and nobody sends again
    return over + kept_files.prune(settings) + sum(retention.run(database, settings).values())
