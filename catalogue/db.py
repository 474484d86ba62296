"""The database: engine with its hooks, the declarative base, and the only maker of write transactions besides the request hook."""

import errno
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from catalogue.settings import SettingsError

__all__ = [
    "Base",
    "DBAPIError",
    "Database",
    "IntegrityError",
    "Session",
    "StaleDataError",
    "UTCDateTime",
    "is_busy",
    "is_failing",
    "is_full",
    "is_read_only",
    "local_day",
    "utcnow",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_SECONDS = 10
JOT_MILLISECONDS = 50
CONNECT_SECONDS = 5
APPLICATION = "catalogue"  # what PostgreSQL lists our connections under
# SQLSTATE of PostgreSQL: connection lost, deadlock, no connection left, waited too long for a lock, shutting down or starting
PASSING = ("08", "40", "533", "55P03", "57P")


_HERE = ZoneInfo("Europe/Berlin")


def utcnow() -> datetime:
    """Return the current time with zone UTC."""
    return datetime.now(UTC)


def local_day() -> date:
    """Return the current day where the network lives: what people mean by "today", also between midnight there and in UTC."""
    return utcnow().astimezone(_HERE).date()


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database (SQLite would drop the zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without zone cannot be stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(orm.DeclarativeBase):
    """Base of all mapped classes."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UTCDateTime(),
        uuid.UUID: sa.Uuid(),
        str: sa.String(),
        list[str]: sa.JSON().with_variant(JSONB(), "postgresql"),
        dict[str, Any]: sa.JSON().with_variant(JSONB(), "postgresql"),
    }


class Database:
    """One engine with the hooks that make SQLite safe for several writers; sessions are made here only."""

    def __init__(self, url: str) -> None:
        parsed = _checked(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        arguments: dict[str, Any] = (
            {"connect_args": {"timeout": BUSY_SECONDS}}
            if self.is_sqlite
            else {"pool_pre_ping": True, "connect_args": _unless_given(parsed)}
        )
        # errors must not repeat what people typed: they end in logs
        self.engine = sa.create_engine(parsed, pool_size=10, max_overflow=10, hide_parameters=True, **arguments)
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self.engine, "connect", _prepare_postgres)
        self._writing = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        self._jotting = self.engine.execution_options(sqlite_begin="IMMEDIATE", sqlite_patience=JOT_MILLISECONDS)

    def session(self, *, write: bool = False) -> Session:
        """Return a new session; one for writing takes SQLite's write lock with its first statement."""
        engine = self._writing if write else self.engine
        return Session(engine, expire_on_commit=False, info={"database": self})

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session, commit at the end, roll back on any exception."""
        with self.session(write=True) as session:
            yield session
            session.commit()

    @contextmanager
    def jot(self) -> Iterator[Session]:
        """Like :meth:`write`, for what may as well be missed while a page is read: on SQLite it hardly waits for other writers."""
        with Session(self._jotting, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that is never committed."""
        with self.session() as session:
            yield session

    def is_writable(self, patience: int = 250) -> bool:
        """Whether it takes changes. On SQLite the write lock is asked for and given back; raises if others hold it for *patience* ms."""
        options = {"sqlite_begin": "IMMEDIATE", "sqlite_patience": patience}
        with self.engine.connect().execution_options(**options) as connection:
            if not self.is_sqlite:  # "on" on a standby, too
                return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
            try:
                connection.exec_driver_sql("PRAGMA user_version")  # whatever comes first, begins
            except OperationalError as error:
                if is_read_only(error):
                    return False
                raise
            return True

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Give True to the one process of all machines that asks for *name* first; it lets go at the end, or when it is killed.

        SQLite is for one machine: there everybody gets True, and files keep processes apart.
        """
        if self.is_sqlite:
            yield True
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_claim_key(name)))))
            try:
                yield mine
            finally:
                if mine:
                    with suppress(DBAPIError):  # a broken connection has let go already
                        connection.execute(sa.select(sa.func.pg_advisory_unlock(_claim_key(name))))

    def is_claimed(self, name: str) -> bool:
        """Whether a process on any machine holds *name*; always False on SQLite."""
        if self.is_sqlite:
            return False
        with self.engine.connect() as connection:
            return bool(connection.scalar(_HELD, {"key": _claim_key(name)}))

    def connections(self) -> tuple[int, int]:
        """Return how many connections of this process are used and how many wait for use."""
        pool = self.engine.pool
        return (pool.checkedout(), pool.checkedin()) if isinstance(pool, sa.pool.QueuePool) else (0, 0)

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


_HELD = sa.text("""SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid::bigint << 32) | objid::bigint = :key)""")


def _claim_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _checked(url: str) -> sa.URL:
    """Return the address of a database that the catalogue works with; raise SettingsError without telling its password."""
    try:
        parsed = sa.make_url(url)
        backend, _ = parsed.get_backend_name(), parsed.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        backend = ""
    except ImportError as error:
        raise SettingsError(f"CATALOGUE_DATABASE needs the package {error.name}; see docs/settings.md.") from error
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(
            "CATALOGUE_DATABASE must look like postgresql://user:password@host/name (or sqlite:///path)."
        )
    return parsed


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # isolation_level None: the begin hook below speaks; otherwise WAL and foreign_keys would be ignored.
    # synchronous FULL: what was acknowledged is on the disk; NORMAL would forget it when the power fails
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _unless_given(url: sa.URL) -> dict[str, Any]:
    """Return what a connection to PostgreSQL is opened with, as far as its address does not say otherwise."""
    wanted = {"connect_timeout": CONNECT_SECONDS, "application_name": APPLICATION}
    return {name: value for name, value in wanted.items() if name not in url.query}


def _prepare_postgres(connection: Any, _record: object) -> None:
    # who waits for a lock of others is told after a while, as on SQLite; without this it waits for ever
    connection.autocommit = True  # a rollback would take the setting back
    connection.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.autocommit = False


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    mode, patience = options.get("sqlite_begin", "DEFERRED"), options.get("sqlite_patience", BUSY_SECONDS * 1000)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
    connection.exec_driver_sql(f"BEGIN {mode}")


def is_busy(error: BaseException) -> bool:
    """Whether *error* means that the database is locked or unreachable for now, so that trying again later makes sense."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or (getattr(error.orig, "sqlstate", None) or "").startswith(PASSING):
        return True
    words = ("locked", "busy", "connection", "timeout", "starting up")
    return isinstance(error, OperationalError) and any(word in str(error.orig).lower() for word in words)


def is_read_only(error: BaseException) -> bool:
    """Whether *error* means that the database can be read but not changed: a full disk, a file or a standby that nobody may write to."""
    if not isinstance(error, DBAPIError):
        return False
    text = str(error.orig).lower()
    return any(
        words in text
        for words in ("readonly database", "read-only transaction", "is full", "no space left", "during recovery")
    )


def is_full(error: BaseException) -> bool:
    """Whether *error* means that there is no room left on the disk, be it the database's or ours."""
    if isinstance(error, DBAPIError):
        text = str(error.orig).lower()
        return "disk is full" in text or "no space left" in text
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_failing(error: BaseException) -> bool:
    """Whether *error* means that the database's disk does not do what it should."""
    words = ("disk i/o error", "unable to open database file")
    return isinstance(error, DBAPIError) and any(word in str(error.orig).lower() for word in words)
