"""The database and what it tells about index, mails, worker and people."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue import schema
from catalogue.db import Database, DBAPIError, utcnow
from catalogue.logs import describe
from catalogue.models import AuditEvent, NetworkRole, User
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import jobs, outbox, readiness, second_factor
from catalogue.services.finding import Finding, error, ok, warning
from catalogue.settings import Settings

__all__ = ["BACKUP", "content", "reachable"]

WAITING = timedelta(hours=1)
BACKUP, BACKUP_DAYS = "backup", 8
CLOCK = timedelta(minutes=2)


def reachable(database: Database) -> Iterator[Finding]:
    """Look whether it answers, has the schema of this code, and takes changes."""
    try:
        revision = schema.current(database)
        if not readiness.is_current(database):
            yield error(
                f"The schema is at {revision or 'nothing'}, not {schema.head(database)}.", "Run `catalogue db upgrade`."
            )
            return
        yield ok(f"The database answers; its schema is at {revision}.")
        if not database.is_writable(5_000):
            yield error(
                "The database cannot be written.", "Look at rights and room of its folder, or whether it is a standby."
            )
    except (DBAPIError, sa.exc.TimeoutError) as failed:
        yield error(f"The database cannot be reached or is locked: {describe(failed)}.", "Look at CATALOGUE_DATABASE.")


def content(settings: Settings, database: Database, index: SearchIndex) -> Iterator[Finding]:
    """Look at what is in it; only for one that is :func:`reachable` without an error."""
    yield from _sound(database)
    yield from _index(database, index)
    yield from _outbox(settings, database)
    yield from _worker(database)
    yield from _staff(settings, database)
    yield from _backup(settings, database)
    yield from _clock(database)


def _sound(database: Database) -> Iterator[Finding]:
    if not database.is_sqlite:
        yield ok("The database is PostgreSQL.")
        return
    with database.engine.connect() as connection:
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if journal != "wal":
        yield warning(f"The journal mode is {journal}, not wal.", "Put the state folder on a local disk, not on NFS.")
    if damage != "ok" or dangling:
        yield error(
            "The database is damaged.", "Stop the server, keep the files, and `catalogue restore` the newest backup."
        )
    else:
        yield ok("The database file is sound.")


def _index(database: Database, index: SearchIndex) -> Iterator[Finding]:
    with database.read() as session:
        queued = len(sync.lag(session, index).modules)
    differences = sync.check(database, index)
    if differences.unusable:
        yield error(f"The search index cannot be used ({differences.unusable}).", "Run `catalogue search rebuild`.")
    elif differences:
        yield error(
            f"The search index differs in {len(differences.modules)} modules.", "Run `catalogue search rebuild`."
        )
    else:
        yield ok(f"The search index agrees with the database; {queued} changes wait.")


def _outbox(settings: Settings, database: Database) -> Iterator[Finding]:
    with database.read() as session:
        oldest, failed = outbox.oldest_waiting(session), outbox.failed(session)
    if settings.smtp_host and oldest and utcnow() - oldest > WAITING:
        yield error(
            f"A mail has been waiting since {oldest:%Y-%m-%d %H:%M} UTC.", "Look whether `catalogue worker` runs."
        )
    else:
        yield ok("No mail is overdue." if settings.smtp_host or not oldest else "Mails wait in the outbox.")
    if failed:
        yield warning(f"{failed} mails were given up.", "See /admin/outbox: try again or discard.")


def _worker(database: Database) -> Iterator[Finding]:
    with database.read() as session:
        last = jobs.last_successes(session)
        failing = jobs.failing(session)
    seen = last.get(jobs.WORKER)
    if seen is None:
        yield warning(
            "`catalogue worker` never ran.", "Start it as a second service: it sends mails and deletes what timed out."
        )
    elif utcnow() - seen > readiness.WORKER_SILENT:
        yield error(f"`catalogue worker` gave no sign since {seen:%Y-%m-%d %H:%M} UTC.", "Start it.")
    else:
        yield ok("`catalogue worker` runs.")
    for name, kind in failing.items():
        yield error(f"The job {name} fails ({kind}).", "Look for `job failed` in the worker's log.")


def _staff(settings: Settings, database: Database) -> Iterator[Finding]:
    with database.read() as session:
        wanted = sa.select(User).where(User.network_role.is_not(None), User.active.is_(True))
        staff = session.scalars(wanted.options(joinedload(User.membership))).all()
    if not any(person.network_role == NetworkRole.ADMIN for person in staff):
        yield error("There is no network admin.", "Run `catalogue user add ADDRESS --role network-admin`.")
    without = sum(person.second_factor_at is None and second_factor.is_required(settings, person) for person in staff)
    if without:
        yield warning(
            f"{without} of {len(staff)} people of the office have no second factor yet.",
            "They are asked at their next sign-in.",
        )


def _backup(settings: Settings, database: Database) -> Iterator[Finding]:
    with database.read() as session:
        last = jobs.last_successes(session).get(BACKUP)
    if last and utcnow() - last < timedelta(days=BACKUP_DAYS):
        yield ok(f"`catalogue backup` was made on {last:%Y-%m-%d}.")
    elif settings.secure:
        when = f"since {last:%Y-%m-%d}" if last else "yet"
        yield warning(
            f"There is no backup by `catalogue backup` {when}.", "Run it each night, unless you back up another way."
        )


def _clock(database: Database) -> Iterator[Finding]:
    now = utcnow()
    with database.read() as session:
        newest = session.scalar(sa.select(sa.func.max(AuditEvent.at)))
        there = (None if database.is_sqlite else session.scalar(sa.select(sa.func.clock_timestamp()))) or now
    if newest and newest - now > CLOCK:
        yield error(
            "The record holds events from the future: the clock was set back.",
            "Let chrony or systemd-timesyncd set it.",
        )
    elif abs(there - now) > CLOCK:
        yield error(
            "The clocks of this machine and of the database differ by minutes.",
            "Let chrony or systemd-timesyncd set them.",
        )
    else:
        yield ok("The clock goes with the database.")
