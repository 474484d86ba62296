"""Applies the Alembic migrations that lie inside the package."""

import fcntl
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from catalogue.db import Database
from catalogue.paths import PACKAGE

__all__ = ["config", "current", "downgrade", "head", "is_current", "known_revisions", "upgrade"]


def config(database: Database) -> Config:
    """Return the Alembic configuration for *database*."""
    alembic = Config()
    alembic.set_main_option("script_location", str(PACKAGE / "migrations"))
    alembic.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(rev)s_%%(slug)s"
    )
    alembic.attributes["engine"] = database.engine
    return alembic


def upgrade(database: Database, state: Path | None = None) -> None:
    """Migrate to the newest revision. Two processes that start at once wait for each other (lock in *state*)."""
    if state is None:
        command.upgrade(config(database), "head")
        return
    with open(state / "schema.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command.upgrade(config(database), "head")


def downgrade(database: Database, revision: str) -> None:
    """Go back to *revision*."""
    command.downgrade(config(database), revision)


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
