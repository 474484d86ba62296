"""Runs migrations on the engine that catalogue.schema hands over."""

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
    with context.begin_transaction():
        context.run_migrations()


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        # batch changes rebuild tables: with foreign keys on, ON DELETE CASCADE would empty their children
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    with connection.begin():
        _run(connection)
        if engine.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"The migration would break references: {broken[:5]}")
    connection.invalidate()  # the pragma must not stay on a pooled connection
