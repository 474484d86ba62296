"""``catalogue load``: modules from a file."""

import sys
from pathlib import Path

import click

from catalogue.cli.context import open_database, open_index
from catalogue.db import Database
from catalogue.search import sync
from catalogue.services import documents, loading
from catalogue.services.errors import Invalid
from catalogue.services.loading import LoadReport
from catalogue.services.permissions import SYSTEM

__all__ = ["load"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Let the file win over what staff changed by hand.")
def load(file: Path, overwrite: bool) -> None:
    """Load the modules of FILE: our own format (a file or a folder like data/modules) or a list of offers (JSON).

    All or nothing; a second load changes nothing; modules that FILE does not name stay as they are.
    """
    try:
        document = documents.read(file)
        database = open_database()
        with database.write() as session:
            report = loading.load(session, SYSTEM, document, overwrite=overwrite)
    except Invalid as error:
        _explain(error)
        sys.exit(1)
    _tell(report)
    _index(database)
    database.dispose()


def _index(database: Database) -> None:
    """Let the index learn at once, also where there is none yet; the database is right in any case."""
    index = open_index()
    try:
        if index.current():
            sync.drain(database, index)
        else:
            sync.rebuild(database, index)
    except Exception as error:
        click.echo(f"catalogue: Der Suchindex wird später aktualisiert ({type(error).__name__}).", err=True)


def _explain(error: Invalid) -> None:
    for place, text in error.fields.items():
        click.echo(f"catalogue: {place}: {text}" if place else f"catalogue: {text}", err=True)
    click.echo(f"catalogue: Nichts geladen, {len(error.fields)} Fehler.", err=True)


def _tell(report: LoadReport) -> None:
    click.echo(f"Module: {report.new} neu, {report.changed} geändert, {report.unchanged} unverändert.")
    if report.terms:
        click.echo(f"Vokabulare: {report.terms} Begriffe neu.")
    for slug, names in report.kept.items():
        click.echo(f"Von Hand geändert und so gelassen: {slug} ({', '.join(names)}). Mit --overwrite gilt die Datei.")
    if report.unread:
        click.echo(f"Unbekannte Felder, nicht gelesen: {', '.join(report.unread)}.")
