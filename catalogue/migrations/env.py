"""Runs migrations on the engine that catalogue.schema hands over, all steps in one transaction."""

from contextlib import nullcontext
from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Connection

import catalogue.models  # noqa: F401 - fills the metadata
from catalogue.db import Base, UTCDateTime


def _render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Write plain types into migrations, so that they never depend on today's code."""
    if kind == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
    )
    around = context.config.attributes.get("around") or (
        lambda _connection: nullcontext()
    )  # looks at the data before and after
    with context.begin_transaction(), around(connection):
        context.run_migrations()


# the write lock from the first statement: two migrations never read the same revision
engine = context.config.attributes["engine"].execution_options(sqlite_begin="IMMEDIATE")
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        # batch changes rebuild tables: with foreign keys on, ON DELETE CASCADE would empty their children
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    with connection.begin():
        _run(connection)
        if engine.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"The migration would break references: {broken[:5]}")
    connection.invalidate()  # the pragma must not stay on a pooled connection
