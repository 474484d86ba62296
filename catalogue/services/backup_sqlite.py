"""SQLite in a backup: copied while others write, checked as a file, exchanged by one rename."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from catalogue.db import Database
from catalogue.services.backup_archive import SQLITE_FILE, Manifest, Unusable

__all__ = ["check", "copy", "holds_something", "live_file", "swap"]


def live_file(database: Database) -> Path:
    """Return where the database lies."""
    return Path(database.engine.url.database or "")


def holds_something(database: Database) -> bool:
    """Whether there is a database to lose."""
    return live_file(database).exists()


def copy(database: Database, folder: Path) -> tuple[str, dict[str, int], dict[str, str]]:
    """Copy by SQLite's backup API, consistent although others write; return revision, rows by table, and versions."""
    source, target = live_file(database), folder / SQLITE_FILE
    if not source.exists():
        raise Unusable(f"There is no database in {source.parent} to back up.")
    try:
        with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")
            return _revision(writing), _rows(writing), {"SQLite": sqlite3.sqlite_version}
    except sqlite3.Error as error:
        raise Unusable(f"The database cannot be copied: {error}. `catalogue doctor` says more.") from error


def _revision(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a name of its own schema
        for (name,) in sorted(names.fetchall())
    }


def check(path: Path, manifest: Manifest) -> None:
    """Raise :class:`Unusable` if the copy is not sound: pages, references, revision, number of rows."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            wrong = connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            wrong = wrong or connection.execute("PRAGMA foreign_key_check").fetchone() is not None
            wrong = wrong or _revision(connection) != manifest.revision
            wrong = wrong or bool(manifest.tables) and _rows(connection) != manifest.tables
    except (sqlite3.Error, TypeError) as error:
        raise Unusable("The database in this backup is damaged.") from error
    if wrong:
        raise Unusable("The database in this backup is damaged.")


def swap(database: Database, prepared: Path, aside: Path) -> None:
    """Put *prepared* in the place of the database by one rename and keep the old one in the folder *aside*.

    Whenever this is killed, either the old or the new database is there, whole.
    """
    live = live_file(database)
    with closing(sqlite3.connect(prepared)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    _sync(prepared)
    if live.exists():
        aside.mkdir(mode=0o700)
        _close_log(live, aside)
        try:
            os.link(live, aside / live.name)
        except OSError:  # a file system without links
            shutil.copy2(live, aside / live.name)
    os.replace(prepared, live)
    _sync(live.parent)


def _close_log(live: Path, aside: Path) -> None:
    """Bring the write-ahead log into the file, which only works if nobody else has it open; a damaged one goes aside."""
    try:
        with closing(sqlite3.connect(live, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            aside.rmdir()
            raise Unusable("The catalogue is running: stop `catalogue serve` and `catalogue worker` first.") from error
        _move_log(live, aside)
    except sqlite3.DatabaseError:
        _move_log(live, aside)


def _move_log(live: Path, aside: Path) -> None:
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{live}{ending}", aside / f"{live.name}{ending}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
