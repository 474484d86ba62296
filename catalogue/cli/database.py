"""``catalogue db``: the schema."""

import click

from catalogue import schema
from catalogue.cli.context import open_database, open_settings
from catalogue.services import vocabularies
from catalogue.services.permissions import SYSTEM

__all__ = ["db"]


@click.group()
def db() -> None:
    """Create or change the database schema."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema; creates it if there is none."""
    database = open_database()
    schema.upgrade(database, open_settings().state)
    with database.write() as session:
        vocabularies.load(session, SYSTEM)
    click.echo(f"Database is at revision {schema.current(database)}.")


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Go back to REVISION (or -1 for the one before)."""
    schema.downgrade(open_database(), revision)
