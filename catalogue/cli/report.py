"""``catalogue report``: figures for planning."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from catalogue.cli.context import open_database
from catalogue.cli.output import write
from catalogue.search.results import FACETS
from catalogue.services import report_choices, report_tables, reports
from catalogue.services.permissions import SYSTEM
from catalogue.services.report_query import By, ReportQuery, ReportSort

__all__ = ["report"]

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def report() -> None:
    """Figures for planning, as on the page "Planung"."""


@report.command()
@click.option("--by", type=click.Choice([by.value for by in By]), default="module", show_default=True, help="Rows.")
@click.option("--as-of", type=DAY, help="End of this day in Berlin; default: now.")
@click.option("--sort", type=click.Choice(["label", "companies", "people"]), help="Order of the rows.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME=VALUE",
    help="As in the page's address, for example topic=sicherheit; can be repeated.",
)
@click.option("--format", type=click.Choice(["text", "csv", "xlsx"]), default="text", show_default=True, help="Form.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; default: standard output.")
def interest(
    by: str, as_of: datetime | None, sort: str | None, filters: tuple[str, ...], format: str, output: Path | None
) -> None:
    """Which companies want what, for how many people."""
    query = replace(filtered(filters), by=By(by), as_of=as_of.date() if as_of else None, sort=ReportSort(sort or ""))
    database = open_database()
    with database.write() as session:
        found = reports.interest(session, SYSTEM, query)
        notes = report_choices.described(session, SYSTEM, query, found.as_of.strftime("%d.%m.%Y"))
        reports.note(session, SYSTEM, query, "report.export", what="interest", format=format)
    database.dispose()
    write(report_tables.interest_table(found, notes), format, output)


def filtered(pairs: tuple[str, ...]) -> ReportQuery:
    """Return the query that ``name=value`` pairs ask; a wrong name is an error of usage."""
    values: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not value or name not in (*FACETS, *report_choices.STATEMENT_FACETS):
            known = ", ".join((*FACETS, *report_choices.STATEMENT_FACETS))
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE with one of {known}.", param_hint="--filter")
        values[name].append(value)
    said: dict[str, Any] = {
        field: tuple(values[name]) for name, field in report_choices.STATEMENT_FACETS.items() if name in values
    }
    return ReportQuery(filters={name: tuple(found) for name, found in values.items() if name in FACETS}, **said)
