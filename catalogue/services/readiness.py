"""Whether an installation can serve right now, and how much waits in its queues. Said without secrets, for machines."""

from dataclasses import dataclass

import structlog
from sqlalchemy import func, select

from catalogue import schema
from catalogue.db import Database, DBAPIError, Session, utcnow
from catalogue.models import IndexQueue
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.services import outbox

__all__ = ["Queues", "Readiness", "look", "queues"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Queues:
    """What waits: changes for the index, mails, mails that were given up; and the age of the oldest mail in seconds."""

    index: int
    mails: int
    mails_failed: int
    oldest_mail_seconds: int


@dataclass(frozen=True)
class Readiness:
    """``database``: ok, unreachable. ``schema``: ok, outdated, unknown. ``index``: ok, degraded (the database answers searches)."""

    database: str
    schema: str
    index: str
    queues: Queues | None

    @property
    def can_serve(self) -> bool:
        """Whether pages can be served. A broken index only makes searches simpler, late mails keep nobody from reading."""
        return self.database == "ok" and self.schema == "ok"


def look(database: Database, index: SearchIndex) -> Readiness:
    """Look at database, schema, index and queues; never raises."""
    state = _index_state(index)
    try:
        current = schema.current(database) == schema.head(database)
        if not current:
            return Readiness("ok", "outdated", state, None)
        with database.read() as session:
            return Readiness("ok", "ok", state, queues(session))
    except (DBAPIError, OSError):
        log.warning("not ready: database", exc_info=True)
        return Readiness("unreachable", "unknown", state, None)


def queues(session: Session) -> Queues:
    """Return how much waits."""
    oldest = outbox.oldest_waiting(session)
    return Queues(
        index=session.scalar(select(func.count()).select_from(IndexQueue)) or 0,
        mails=outbox.waiting(session),
        mails_failed=outbox.failed(session),
        oldest_mail_seconds=max(0, int((utcnow() - oldest).total_seconds())) if oldest else 0,
    )


def _index_state(index: SearchIndex) -> str:
    try:
        index.snapshot()
    except (IndexUnusable, OSError):
        return "degraded"
    except Exception:
        log.warning("index cannot be read", exc_info=True)
        return "degraded"
    return "ok"
