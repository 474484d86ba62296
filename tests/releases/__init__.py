"""Databases of released versions, as ``catalogue backup`` of that version wrote them after ``make run``.

To add one: check the tag out, run its ``catalogue.cli.demo.prepare`` and ``catalogue backup vX.Y.Z.tar.gz``, put the file here.
"""

import json
import sqlite3
import tarfile
import uuid
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command

from catalogue import schema
from catalogue.db import Database

__all__ = ["RELEASES", "Rows", "bring", "rows_of"]

FOLDER = Path(__file__).parent
RELEASES = {"v0.1.0": "40950848e900"}  # revision of its schema
Rows = dict[str, list[dict[str, Any]]]


def bring(release: str, database: Database, folder: Path) -> None:
    """Fill the empty *database* with what the release left, at the revision that it had."""
    file = folder / "catalogue.sqlite3"
    with tarfile.open(FOLDER / f"{release}.tar.gz") as archive:
        content = archive.extractfile("catalogue.sqlite3")
        assert content is not None
        file.write_bytes(content.read())
    if database.is_sqlite:
        assert database.engine.url.database == str(file)
        return
    command.upgrade(schema.config(database), RELEASES[release])
    source = Database(f"sqlite:///{file}")
    _copy(source, database)
    source.dispose()


def _copy(source: Database, target: Database) -> None:
    """Copy all rows as they are; only PostgreSQL knows their types."""
    there = sa.MetaData()
    with source.engine.connect() as reading, target.engine.begin() as writing:
        there.reflect(writing)
        writing.exec_driver_sql("SET LOCAL session_replication_role = replica")  # references in any order
        for table in there.tables.values():
            if table.name == "alembic_version":
                continue
            rows = reading.exec_driver_sql(f'SELECT * FROM "{table.name}"').mappings()  # noqa: S608
            values = [{name: _typed(value, table.c[name].type) for name, value in row.items()} for row in rows]
            if values:
                writing.execute(table.insert(), values)
            if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
                writing.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), coalesce(max(id), 1)) FROM \"{table.name}\""  # noqa: S608
                )


def _typed(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if value is None:
        return None
    if isinstance(kind, sa.Uuid):
        return uuid.UUID(value)
    if isinstance(kind, sa.DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    if isinstance(kind, sa.Boolean):
        return bool(value)
    return json.loads(value) if isinstance(kind, sa.JSON) else value


def rows_of(database: Database) -> Rows:
    """All rows of all tables, in an order of their own, as the database holds them."""
    there = sa.MetaData()
    with database.engine.connect() as connection:
        there.reflect(connection)
        return {
            name: sorted((dict(row) for row in connection.execute(sa.select(table)).mappings()), key=repr)
            for name, table in there.tables.items()
            if name != "alembic_version"
        }


def sound(file: Path) -> bool:
    """Whether SQLite has nothing to complain about."""
    with closing(sqlite3.connect(file)) as connection:
        pages = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return pages and connection.execute("PRAGMA foreign_key_check").fetchone() is None
