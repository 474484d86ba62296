"""Work that is done again and again: one job's failure is noted and leaves the others alone."""

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import select

from catalogue.db import Database, DBAPIError, Session, is_busy, utcnow
from catalogue.models import Job

__all__ = ["WORKER", "failing", "last_successes", "note", "run"]

WORKER = "worker"  # the sign of life of ``catalogue worker``
T = TypeVar("T")
log = structlog.get_logger(__name__)


def run(database: Database, name: str, work: Callable[[], T]) -> T | None:
    """Do *work*, note how it ended and return what it returned, None if it failed. An unreachable database is raised: nothing would work."""
    with structlog.contextvars.bound_contextvars(job=name, job_id=secrets.token_hex(6)):
        begun = time.perf_counter()
        try:
            done = work()
        except Exception as error:
            log.exception("job failed", seconds=round(time.perf_counter() - begun, 3))
            if isinstance(error, DBAPIError) and is_busy(error):
                raise
            note(database, name, type(error).__name__)
            return None
        note(database, name)
        log.debug("job done", seconds=round(time.perf_counter() - begun, 3))
        return done


def note(database: Database, name: str, error: str = "") -> None:
    """Note that the job *name* succeeded now, or failed with this kind of *error*. Best effort: a lost note is made anew next time."""
    try:
        with database.write() as session:
            job = session.get(Job, name)
            if job is None:
                session.add(job := Job(name=name))
            if error:
                job.failed_at, job.error = utcnow(), error[:100]
            else:
                job.succeeded_at, job.error = utcnow(), ""
    except DBAPIError:
        log.warning("job not noted", job=name)


def last_successes(session: Session) -> dict[str, datetime]:
    """Return when each job succeeded last."""
    rows = session.execute(select(Job.name, Job.succeeded_at).where(Job.succeeded_at.is_not(None)))
    return {name: at for name, at in rows if at}


def failing(session: Session) -> dict[str, str]:
    """Return the kind of error of each job whose last run failed."""
    return {job.name: job.error for job in session.scalars(select(Job).where(Job.error != ""))}
