"""``catalogue import``: lists of modules from a terminal, through the same steps as the page."""

import json
import sys
import uuid
from pathlib import Path

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.db import Database
from catalogue.models import ImportRun, ImportState, RowKind
from catalogue.services import import_jobs, imports
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.module_columns import BY_KEY
from catalogue.services.permissions import SYSTEM
from catalogue.services.spreadsheets import Sheet, open_sheet
from catalogue.texts import Text

__all__ = ["import_"]

SHOWN = 20  # wrong rows that are printed


@click.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option(
    "--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON: heading → field, for example {"Kurs": "title"}. Without: guessed, or as last time.',
)  # fmt: skip
@click.option("--source", default="", help="Where the list comes from; default: from the file's name.")
@click.option("--create-providers", is_flag=True, help="Add providers that the catalogue does not know.")
@click.option("--undo", "run_id", type=click.UUID, help="Take the import with this id back.")
def import_(
    file: Path | None,
    dry_run: bool,
    mapping: Path | None,
    source: str,
    create_providers: bool,
    run_id: uuid.UUID | None,
) -> None:
    """Import the modules of FILE (XLSX or CSV) all at once, or undo an import. Rows with errors are left out and named."""
    database = open_database()
    if run_id is not None:
        with database.write() as session:
            imports.ask_undo(session, SYSTEM, run_id)
        _say_undone(_work(database, run_id, "Undoing"))
        return
    if file is None:
        raise click.UsageError("Name a FILE, or an import to --undo.")
    sheet = open_sheet(file.name, file.read_bytes())
    with database.write() as session:
        run = imports.upload(session, SYSTEM, file.name, sheet, source)
        keys = _keys(sheet, mapping) if mapping else run.mapping
        imports.assign(session, SYSTEM, run.id, keys, create_providers=create_providers)
    run = _work(database, run.id, "Checking")
    _say_found(database, run)
    if dry_run or run.state != ImportState.CHECKED:
        with database.write() as session:
            imports.discard(session, SYSTEM, run.id)
        return
    _apply(database, run)


def _apply(database: Database, run: ImportRun) -> None:
    try:
        with database.write() as session:
            imports.ask_apply(session, SYSTEM, run.id)
    except Conflict:  # nothing is selected
        with database.write() as session:
            imports.discard(session, SYSTEM, run.id)
        click.echo("Nothing to apply.")
        return
    run = _work(database, run.id, "Applying")
    if run.state != ImportState.APPLIED:
        click.echo(f"catalogue: {_problem(run)}", err=True)
        sys.exit(1)
    click.echo(f"{run.counts['applied']} modules imported. Undo: catalogue import --undo {run.id}")


def _keys(sheet: Sheet, mapping: Path) -> list[str]:
    """Return the key for each heading as the JSON file says."""
    try:
        wanted = json.loads(mapping.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{mapping} is not JSON: {error}") from error
    if not isinstance(wanted, dict) or not all(isinstance(key, str) for key in wanted.values()):
        raise click.UsageError(f"{mapping} must be an object of headings and fields.")
    if unknown := sorted((set(wanted) - set(sheet.headings)) | (set(wanted.values()) - set(BY_KEY) - {""})):
        raise click.UsageError(f"{mapping}: not in the list or not a field: {', '.join(unknown)}")
    return [wanted.get(heading, "") for heading in sheet.headings]


def _work(database: Database, run_id: uuid.UUID, label: str) -> ImportRun:
    """Do what the run waits for, with a bar on a terminal."""
    with click.progressbar(length=100, label=label, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.update(int(100 * done / max(total, 1)) - bar.pos)

        import_jobs.run(database, open_settings(), open_index(), SYSTEM, run_id, report)
    with database.read() as session:
        run = imports.get(session, SYSTEM, run_id)
    if run.state == ImportState.UPLOADED:
        raise Invalid("file", _problem(run))
    return run


def _problem(run: ImportRun) -> str:
    return str(Text(run.problem.get("message", ""), run.problem.get("params", {})))


def _say_found(database: Database, run: ImportRun) -> None:
    click.echo(", ".join(f"{run.counts[kind.value]} {kind.value}" for kind in RowKind))
    with database.read() as session:
        for row in imports.rows(session, SYSTEM, run, RowKind.WRONG).rows[:SHOWN]:
            for error in row.errors:
                click.echo(f"{error['cell']}: {Text(error['message'], error['params'])}", err=True)


def _say_undone(run: ImportRun) -> None:
    if run.state != ImportState.UNDONE:
        click.echo(f"catalogue: {_problem(run)}", err=True)
        sys.exit(1)
    click.echo("The import is undone.")
    for title in run.conflicts:
        click.echo(f"Edited since, left alone: {title}", err=True)
