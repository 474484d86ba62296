"""Whether an installation can serve right now, and how much waits in its queues. Said without secrets, for machines.

The table in docs/operation.md says what each value means; fault tests hold it.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import sqlalchemy as sa
import structlog

from catalogue import schema
from catalogue.db import Database, DBAPIError, Session, is_busy, utcnow
from catalogue.models import OutboxMail
from catalogue.search import sync
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.services import jobs, outbox, switches
from catalogue.services.deadlines import Bounded
from catalogue.services.switches import Mode
from catalogue.settings import Settings

__all__ = [
    "DISK_FULL",
    "DISK_LOW",
    "MAIL_LATE",
    "WORKER_SILENT",
    "Queues",
    "Readiness",
    "disk_state",
    "is_current",
    "look",
    "queues",
]

SECONDS = 2.0  # for all questions to the database together
BEHIND = timedelta(minutes=1)
MAIL_LATE = timedelta(hours=1)
WORKER_SILENT = timedelta(minutes=15)  # a round may be long: an import, a hundred slow links
DISK_LOW, DISK_FULL = 256 * 2**20, 16 * 2**20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Queues:
    """What waits: modules that this index has to learn, mails, mails that were given up; and the ages of the oldest in seconds."""

    index: int
    oldest_change_seconds: int
    mails: int
    mails_failed: int
    oldest_mail_seconds: int


@dataclass(frozen=True)
class Readiness:
    """One word for each part; the words are those of the table in docs/operation.md."""

    database: str
    schema: str
    index: str
    disk: str
    mails: str
    worker: str
    mode: str
    queues: Queues | None

    @property
    def status(self) -> str:
        """``unavailable`` if no page can be served, ``degraded`` if people notice something, else ``ok``."""
        if self.database not in ("ok", "busy", "read-only") or self.schema != "ok":
            return "unavailable"
        noticed = (self.database, self.index, self.mails) != ("ok", "ok", "ok") or self.disk == "full"
        return "degraded" if noticed or self.mode != Mode.NORMAL else "ok"


@dataclass(frozen=True)
class _Answers:
    """What only the database knows."""

    database: str
    schema: str
    queues: Queues | None = None
    mails_given_up: int = 0
    worker_seen: datetime | None = None
    mode: str = Mode.NORMAL.value


_patience: WeakKeyDictionary[Database, Bounded[_Answers]] = WeakKeyDictionary()


def look(settings: Settings, database: Database, index: SearchIndex) -> Readiness:
    """Look at everything that readiness depends on; never raises, and returns in time even if the database hangs."""
    try:
        answers = _bounded(database)(lambda: _ask(database, index), SECONDS) or _Answers("timeout", "unknown")
    except (DBAPIError, sa.exc.TimeoutError, OSError) as error:
        log.warning("not ready: database", error=type(error).__name__)
        answers = _Answers("unreachable", "unknown")
    waiting = answers.queues
    seen = answers.worker_seen
    return Readiness(
        database=answers.database,
        schema=answers.schema,
        index=_index_state(index, waiting),
        disk=disk_state(settings),
        mails="late" if settings.smtp_host and _is_late(answers) else "ok",
        worker="ok" if answers.queues is None or (seen and utcnow() - seen < WORKER_SILENT) else "silent",
        mode=answers.mode,
        queues=waiting,
    )


def _is_late(answers: _Answers) -> bool:
    oldest = answers.queues.oldest_mail_seconds if answers.queues else 0
    return oldest > MAIL_LATE.total_seconds() or answers.mails_given_up > 0


def _bounded(database: Database) -> Bounded[_Answers]:
    return _patience.setdefault(database, Bounded())


def _ask(database: Database, index: SearchIndex) -> _Answers:
    revision = schema.current(database)
    if revision != _head():
        known = not revision or revision in _revisions()
        return _Answers("ok", "outdated" if known else "newer")
    with database.read() as session:
        given_up = OutboxMail.failed_at > utcnow() - timedelta(days=1)
        return _Answers(
            database=_writing(database),
            schema="ok",
            queues=queues(session, index),
            mails_given_up=session.scalar(sa.select(sa.func.count()).where(given_up)) or 0,
            worker_seen=jobs.last_successes(session).get(jobs.WORKER),
            mode=switches.read(session).mode.value,
        )


def _writing(database: Database) -> str:
    try:
        return "ok" if database.is_writable() else "read-only"
    except DBAPIError as error:
        if is_busy(error):
            return "busy"
        raise


def is_current(database: Database) -> bool:
    """Whether the database has exactly the schema that this code knows."""
    return schema.current(database) == _head()


def queues(session: Session, index: SearchIndex) -> Queues:
    """Return how much waits."""
    behind = sync.lag(session, index)
    return Queues(
        index=len(behind.modules),
        oldest_change_seconds=_age(behind.since),
        mails=outbox.waiting(session),
        mails_failed=outbox.failed(session),
        oldest_mail_seconds=_age(outbox.oldest_waiting(session)),
    )


def _age(since: datetime | None) -> int:
    return max(0, int((utcnow() - since).total_seconds())) if since else 0


def _index_state(index: SearchIndex, waiting: Queues | None) -> str:
    try:
        index.snapshot()
    except (IndexUnusable, OSError):
        return "degraded"
    except Exception:
        log.warning("index cannot be read", exc_info=True)
        return "degraded"
    return "behind" if waiting and waiting.oldest_change_seconds > BEHIND.total_seconds() else "ok"


def disk_state(settings: Settings) -> str:
    """Return how much room the folders have into which the catalogue writes: ok, low, full."""
    free = min(map(_free, {settings.state, Path(tempfile.gettempdir())}))
    return "full" if free < DISK_FULL else "low" if free < DISK_LOW else "ok"


def _free(folder: Path) -> int:
    """Return the bytes that can still be written, 0 if no further file can be made or the folder is gone."""
    try:
        found = os.statvfs(folder)
        return shutil.disk_usage(folder).free if found.f_favail or not found.f_files else 0
    except OSError:
        return 0


# reading the folder of migrations takes a hundred times longer than asking the database


@lru_cache
def _head() -> str:
    return schema.head(_nowhere())


@lru_cache
def _revisions() -> set[str]:
    return schema.known_revisions(_nowhere())


def _nowhere() -> Database:
    """The migrations lie in the package; the database whose configuration Alembic wants is never opened."""
    return Database("sqlite:///never-opened")
