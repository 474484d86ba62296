"""``catalogue backup`` and ``catalogue restore``."""

from pathlib import Path

import click

from catalogue import schema
from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.search import sync
from catalogue.services import backup as backups
from catalogue.services import jobs
from catalogue.services import restore as restores
from catalogue.services.backup_archive import Manifest

__all__ = ["backup", "restore"]

FILE = click.Path(path_type=Path)


class _FileOrCommand(click.Group):
    """A group whose first word may also be a file: ``backup FILE`` is ``backup create FILE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the usual command in front where none is named."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_FileOrCommand)
def backup() -> None:
    """Back up, check backups, delete old ones: `catalogue backup FILE` writes database and uploads to FILE (a .tar.gz).

    The catalogue may run. The index is not in it (it can be made again), nor is the secret key (keep it elsewhere).
    """


@backup.command()
@click.argument("file", type=FILE)
def create(file: Path) -> None:
    """Write database and uploads to FILE while the catalogue runs."""
    database = open_database()
    _say(file, *backups.create(database, open_settings(), file))
    jobs.note(database, "backup")  # `catalogue doctor` says when the last one was made


@backup.command()
@click.argument("file", type=FILE)
def verify(file: Path) -> None:
    """Read all of FILE, check every checksum, open its database and count its rows."""
    _say(file, *backups.verify(file, schema.known_revisions(open_database())))


@backup.command()
@click.argument("folder", type=FILE)
@click.option(
    "--days", default=backups.DAYS, show_default=True, type=click.IntRange(1), help="Keep those that are younger."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def prune(folder: Path, days: int, dry_run: bool) -> None:
    """Delete backups in FOLDER that are older than some days, but never the newest good one."""
    revisions = schema.known_revisions(open_database())
    found = backups.prune(folder, days, revisions, (lambda _path: None) if dry_run else Path.unlink)
    for path in found.deleted:
        click.echo(f"{'would delete' if dry_run else 'deleted'} {path}")
    for path in found.unreadable:
        click.echo(f"no backup, or damaged: {path}", err=True)
    click.echo(f"{len(found.deleted)} old backups, {len(found.kept)} kept.")


def _say(file: Path, made: Manifest, sha256: str) -> None:
    programs = ", ".join(f"{name} {version}" for name, version in made.made_with.items()) or made.database
    rows = f", {sum(made.tables.values())} rows in {len(made.tables)} tables" if made.tables else ""
    click.echo(f"{file}: good, made {made.created_at} by {made.catalogue} with {programs}, schema {made.revision}.")
    click.echo(f"{len(made.files)} files{rows}. SHA-256 of its manifest: {sha256}")


@click.command()
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Keep what is there aside and put the backup in its place.")
def restore(file: Path, replace: bool) -> None:
    """Bring the installation back to what FILE holds. Stop the catalogue first."""
    database, settings = open_database(), open_settings()
    done = restores.restore(settings, database, file, replace=replace)
    sync.rebuild(database, open_index())
    click.echo(f"Restored the state of {done.manifest.created_at}; everybody has to sign in again.")
    if done.erased:
        click.echo(f"{done.erased} accounts that were deleted after the backup were deleted again.")
    if done.aside:
        click.echo(f"The old state is kept in {done.aside}; delete it when nothing is missed.")
    if not done.same_key:
        click.echo(
            "The secret key is another one: second factors and links in mails stop working."
            " Put the old one into CATALOGUE_SECRET_KEY_FALLBACKS."
        )
