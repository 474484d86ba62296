"""``catalogue source``: importing from addresses on the web, through the same steps as the page and the worker."""

import sys

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.db import Database
from catalogue.models import RowKind, SourceOutcome, SourceRun
from catalogue.services import imports, source_runs, sources
from catalogue.services.permissions import SYSTEM
from catalogue.texts import Text

__all__ = ["source"]

SHOWN = 20  # wrong rows that are printed


@click.group()
def source() -> None:
    """Addresses from which modules are imported. They are entered on the page /curation/sources."""


@source.command("list")
@click.option("--failed", is_flag=True, help="Only those that could not be read the last time.")
def list_(failed: bool) -> None:
    """List all sources with what came of their last run."""
    database = open_database()
    with database.read() as session:
        for one in sources.listing(session, SYSTEM, "failed" if failed else ""):
            last = f"{one.last.outcome.value} {one.last.started_at:%Y-%m-%d %H:%M}" if one.last else "never run"
            state = one.source.interval.value if one.source.enabled else "off"
            click.echo(f"{one.source.name}\t{one.source.kind.value}\t{state}\t{last}\t{one.source.url}")
    database.dispose()


@source.command()
@click.argument("name")
def test(name: str) -> None:
    """Read the source NAME and say what would change; nothing is taken over."""
    database = open_database()
    run = _run(database, name, test=True)
    if run.import_run is not None:
        _say_wrong(database, run)
        with database.write() as session:
            imports.discard(session, SYSTEM, run.import_run.id)
    database.dispose()


@source.command()
@click.argument("name")
def run(name: str) -> None:
    """Read the source NAME now, as the worker does when its time has come."""
    database = open_database()
    done = _run(database, name, test=False)
    if done.import_run is not None:
        _say_wrong(database, done)
    if done.outcome == SourceOutcome.APPLIED and done.import_run is not None:
        click.echo(f"Taken over. Undo: catalogue import --undo {done.import_run.id}")
    elif done.outcome == SourceOutcome.WAITING:
        click.echo("Waits for somebody to look at it under /curation/sources.")
    database.dispose()


def _run(database: Database, name: str, *, test: bool) -> SourceRun:
    """Run, print what came of it, and end with exit code 1 if it failed."""
    with database.read() as session:
        source_id = sources.named(session, SYSTEM, name).id
    done = source_runs.run(database, open_settings(), open_index(), SYSTEM, source_id, test=test)
    if done.problem:
        click.echo(f"catalogue: {Text(done.problem['message'], done.problem['params'])}", err=True)
    if done.outcome == SourceOutcome.FAILED:
        sys.exit(1)
    if done.status == 304:
        click.echo("Not modified since the last run.")
    else:
        click.echo(", ".join(f"{done.counts.get(kind.value, 0)} {kind.value}" for kind in RowKind))
    for note in done.notes:
        click.echo(str(Text(note["message"], note["params"])), err=True)
    return done


def _say_wrong(database: Database, done: SourceRun) -> None:
    with database.read() as session:
        imported = imports.get(session, SYSTEM, done.import_run.id) if done.import_run else None
        for row in imports.rows(session, SYSTEM, imported, RowKind.WRONG).rows[:SHOWN] if imported else []:
            for error in row.errors:
                click.echo(f"{error['cell']}: {Text(error['message'], error['params'])}", err=True)
