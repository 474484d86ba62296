"""Applies the Alembic migrations that lie inside the package: one process at a time, all steps or none."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from catalogue.db import Database
from catalogue.paths import PACKAGE

__all__ = [
    "DataLoss",
    "alone",
    "config",
    "current",
    "downgrade",
    "head",
    "is_current",
    "known_revisions",
    "migrate",
    "upgrade",
]

LOCK = 7_203_184_516  # any number that no other program takes for an advisory lock in the same PostgreSQL database
NOTHING = ("", "0", "false", "[]", "{}", "null")  # what a column holds that was never filled


class DataLoss(Exception):
    """Going back would delete what was entered; ``losses`` says what, one phrase each."""

    def __init__(self, losses: list[str]) -> None:
        self.losses = losses
        super().__init__("; ".join(losses))


def config(database: Database) -> Config:
    """Return the Alembic configuration for *database*."""
    alembic = Config()
    alembic.set_main_option("script_location", str(PACKAGE / "migrations"))
    alembic.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"
    )
    alembic.attributes["engine"] = database.engine
    return alembic


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keep other processes from changing the schema meanwhile; they wait, on PostgreSQL those of other machines, too.

    The lock ends with the process that holds it, however that ends.
    """
    if not database.is_sqlite:
        # the lock belongs to the connection: no transaction has to stay open meanwhile
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("SET lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
            try:
                yield
            finally:
                connection.invalidate()
        return
    file = Path(database.engine.url.database or "")
    if not file.parent.is_dir():
        database.engine.connect().close()  # fails: the database says in its own words that there is no such folder
    with open(file.with_name("schema.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def upgrade(database: Database) -> None:
    """Migrate to the newest revision in one transaction. Processes that start at once wait for each other."""
    with alone(database):
        migrate(database)


def migrate(database: Database) -> None:
    """Like :func:`upgrade`, for who is :func:`alone` already."""
    command.upgrade(config(database), "head")


def downgrade(database: Database, revision: str, *, lose_data: bool = False) -> None:
    """Go back to *revision*; raise :class:`DataLoss` and change nothing if that deletes what was entered, unless *lose_data*."""
    alembic = config(database)
    if not lose_data:
        alembic.attributes["around"] = _without_loss
    with alone(database):
        command.downgrade(alembic, revision)


@contextmanager
def _without_loss(connection: sa.Connection) -> Iterator[None]:
    """Compare what is filled before and after a migration, inside its transaction."""
    before = _filled(connection)
    yield
    after, losses = _filled(connection), []
    for (table, column), rows in before.items():
        left = after.get((table, column), 0)
        if not column and left < rows:
            losses.append(f"{rows - left} rows of {table}")
        elif column and not left and (table, "") in after:
            losses.append(f"{column} in {rows} rows of {table}")
    if losses:
        raise DataLoss(losses)


def _filled(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Return for each table ("" as column) and each of its columns how many rows hold something; those without are left out."""
    inspector, found = sa.inspect(connection), dict[tuple[str, str], int]()
    for name in set(inspector.get_table_names()) - {"alembic_version"}:
        columns = [column["name"] for column in inspector.get_columns(name)]
        table = sa.table(name, *(sa.column(column) for column in columns))
        held = [sa.func.count(sa.case((_holds(table.c[column]), 1))) for column in columns]
        numbers = connection.execute(sa.select(sa.func.count(), *held).select_from(table)).one()
        found |= {(name, column): number for column, number in zip(["", *columns], numbers, strict=True) if number}
    return found


def _holds(column: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    return column.is_not(None) & sa.cast(column, sa.Text).not_in(NOTHING)


def current(database: Database) -> str:
    """Return the revision of the database, "" if it has none."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def head(database: Database) -> str:
    """Return the newest revision that this code knows."""
    return ScriptDirectory.from_config(config(database)).get_current_head() or ""


def known_revisions(database: Database) -> set[str]:
    """Return all revisions that this code can upgrade from."""
    return {script.revision for script in ScriptDirectory.from_config(config(database)).walk_revisions()}


def is_current(database: Database) -> bool:
    """Return whether the database is at the newest revision."""
    try:
        return current(database) == head(database)
    except sa.exc.SQLAlchemyError:
        return False
