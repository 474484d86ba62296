"""``catalogue db``: the schema."""

from datetime import UTC, datetime

import click

from catalogue import schema
from catalogue.cli.context import open_database, open_settings
from catalogue.db import Database
from catalogue.services import backup, vocabularies
from catalogue.services.backup_archive import Unusable
from catalogue.services.errors import Refused
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings

__all__ = ["db"]

BEFORE = "before-upgrade"  # folder in the state folder


@click.group()
def db() -> None:
    """Create or change the database schema."""


@db.command()
@click.option("--backup/--no-backup", "wanted", default=True, help="Make a backup first if the schema will change.")
def upgrade(wanted: bool) -> None:
    """Bring the database to the newest schema; creates it if there is none."""
    database, settings = open_database(), open_settings()
    if wanted:
        _back_up(database, settings)
    schema.upgrade(database)
    with database.write() as session:
        vocabularies.load(session, SYSTEM)
    click.echo(f"Database is at revision {schema.current(database)}.")


def _back_up(database: Database, settings: Settings) -> None:
    """Keep the state before a change of the schema; without the programs that PostgreSQL needs for it, say so and go on."""
    revision = schema.current(database)
    if not revision or revision == schema.head(database):
        return
    folder = settings.state / BEFORE
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{revision}.tar.gz"
    try:
        backup.create(database, settings, file)
        backup.prune(folder, backup.DAYS, schema.known_revisions(database))
    except Unusable as error:
        if database.is_sqlite:
            raise
        click.echo(f"No backup was made: {error}", err=True)
        return
    click.echo(f"The state before is in {file}.")


@db.command(context_settings={"ignore_unknown_options": True})  # -1 is a revision
@click.argument("revision")
@click.option("--lose-data", is_flag=True, help="Go back even if what was entered is deleted by it.")
def downgrade(revision: str, lose_data: bool) -> None:
    """Go back to REVISION (or -1 for the one before); refuses if that deletes what was entered."""
    database = open_database()
    try:
        schema.downgrade(database, revision, lose_data=lose_data)
    except schema.DataLoss as loss:
        raise Refused(
            f"Going back would delete {_some(loss.losses)}. Make a backup, then repeat with --lose-data."
        ) from loss
    click.echo(f"Database is at revision {schema.current(database)}.")


def _some(losses: list[str]) -> str:
    more = f" and {len(losses) - 5} more" if len(losses) > 5 else ""
    return ", ".join(losses[:5]) + more
