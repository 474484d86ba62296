"""``catalogue export``: whole lists as files."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.cli.output import write
from catalogue.cli.report import DAY, filtered
from catalogue.search import sync
from catalogue.search.results import Query
from catalogue.services import (
    audit,
    company_lists,
    module_table,
    report_choices,
    report_tables,
    reports,
    run_listing,
    run_table,
)
from catalogue.services.companies import CompanyQuery
from catalogue.services.permissions import SYSTEM
from catalogue.services.run_listing import RunQuery

__all__ = ["export"]

FORMAT = click.option(
    "--format", type=click.Choice(["csv", "xlsx", "text"]), default="csv", show_default=True, help="Form."
)
OUTPUT = click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; default: standard output."
)


@click.group()
def export() -> None:
    """Write whole lists as files that spreadsheets open."""


@export.command()
@FORMAT
@OUTPUT
def modules(format: str, output: Path | None) -> None:
    """All published modules."""
    database, index = open_database(), open_index()
    sync.drain_quietly(database, index)
    with database.write() as session:
        table = module_table.of_query(session, SYSTEM, index, Query(), open_settings().base_url)
        audit.record(session, SYSTEM, "modules.export", format=format, lines=len(table.rows))
    database.dispose()
    write(table, format, output)


@export.command("companies")
@FORMAT
@OUTPUT
def companies_(format: str, output: Path | None) -> None:
    """All companies, to edit and to read in again with `catalogue company import`; with the network office's notes."""
    database = open_database()
    with database.write() as session:
        table = company_lists.table(session, SYSTEM, CompanyQuery())
        audit.record(session, SYSTEM, "companies.exported", format=format, rows=len(table.rows))
    database.dispose()
    write(table, format, output)


@export.command()
@click.option("--past", is_flag=True, help="Those that are over, too.")
@FORMAT
@OUTPUT
def runs(past: bool, format: str, output: Path | None) -> None:
    """The runs of all modules with seats and remarks: for the network office only."""
    database = open_database()
    with database.write() as session:
        query = RunQuery(since=None if past else reports.today())
        found = run_listing.listing(session, SYSTEM, query, everything=True)
        table = run_table.staff_table(found.runs, open_settings().base_url)
        audit.record(session, SYSTEM, "runs.export", format=format, lines=len(table.rows))
    database.dispose()
    write(table, format, output)


@export.command()
@click.option("--as-of", type=DAY, help="End of this day in Berlin; default: now.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=VALUE",
    help="As in the planning page's address; can be repeated.",
)
@FORMAT
@OUTPUT
def demand(as_of: datetime | None, filters: tuple[str, ...], format: str, output: Path | None) -> None:
    """What the companies said, with names: for the network office only."""
    query = replace(filtered(filters), as_of=as_of.date() if as_of else None)
    database = open_database()
    with database.write() as session:
        rows = reports.rows_behind(session, SYSTEM, query)
        day = (query.as_of or reports.today()).strftime("%d.%m.%Y")
        notes = report_choices.described(session, SYSTEM, query, day)
        reports.note(session, SYSTEM, query, "report.export", what="rows", format=format, lines=len(rows))
    database.dispose()
    write(report_tables.behind_table(rows, notes), format, output)
