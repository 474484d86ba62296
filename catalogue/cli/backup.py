"""``catalogue backup`` and ``catalogue restore``."""

from pathlib import Path

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.search import sync
from catalogue.services import backup as backups

__all__ = ["backup", "restore"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write database and uploads to FILE (a .tar.gz) while the catalogue runs. The index is not in it: it can be made again."""
    made = backups.create(open_database(), open_settings(), file)
    click.echo(f"{file}: {len(made.files)} files, schema {made.revision}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Move what is in the state folder aside first.")
def restore(file: Path, force: bool) -> None:
    """Bring the state folder back to what FILE holds. Stop the catalogue first."""
    database = open_database()
    made = backups.restore(open_settings(), database, file, force=force)
    sync.rebuild(database, open_index())
    click.echo(f"Restored the state of {made.created_at}; everybody has to sign in again.")
