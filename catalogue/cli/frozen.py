"""``catalogue report freeze|list|check|export``: frozen reports without a browser."""

import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from catalogue.cli.context import open_database, open_settings
from catalogue.cli.output import write_file
from catalogue.cli.report import DAY, filtered, report
from catalogue.db import Session
from catalogue.models import FrozenReport
from catalogue.services import frozen_reports, pdf_pages, report_files, report_recount, report_workbook
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.permissions import SYSTEM

__all__ = ["check", "export", "freeze", "listing", "report"]

FORMATS = ("xlsx", "zip", "json", "pdf")


@report.command()
@click.option("--title", required=True, help="For example: Bericht zur Klausur 2026.")
@click.option("--purpose", default="", help="Stands above the figures.")
@click.option("--as-of", type=DAY, help="End of this day in Berlin; default: now.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As for `report interest`.")
def freeze(title: str, purpose: str, as_of: datetime | None, filters: tuple[str, ...]) -> None:
    """Freeze the figures and print the report's id."""
    query = replace(filtered(filters), as_of=as_of.date() if as_of else None)
    with open_database().write() as session:
        made = frozen_reports.freeze(session, SYSTEM, FreezeInput(title, purpose, query), open_settings().k_anonymity)
        click.echo(made.id)


@report.command("list")
@click.option("--archived", is_flag=True, help="Those in the archive.")
def listing(archived: bool) -> None:
    """List frozen reports, the newest day first."""
    with open_database().read() as session:
        page, pages = 1, 1
        while page <= pages:
            found = frozen_reports.listed(session, SYSTEM, archived=archived, page=page)
            for one in found.reports:
                figures = f"{one.summary['companies']} companies, {one.summary['people']} people"
                click.echo(f"{one.id}  {one.as_of}  {figures}  {''.join(s for s in one.title if s.isprintable())}")
            page, pages = page + 1, found.pages


@report.command()
@click.argument("report_id", type=click.UUID)
def check(report_id: uuid.UUID) -> None:
    """Count a report again from the event log; exit code 1 if figures differ or it was altered."""
    with open_database().read() as session:
        found = report_recount.recount(session, SYSTEM, frozen_reports.get(session, SYSTEM, report_id))
    for reason in found.reasons:
        click.echo(str(reason))
    for one in found.differences:
        click.echo(f"{one.table} {one.label}: {one.figure} {one.then}, now {one.now}")
    if not found.intact:
        click.echo("The report was altered after it was frozen.")
    if not found.same or not found.intact:
        raise SystemExit(1)
    click.echo("All figures are the same.")


@report.command()
@click.argument("report_id", type=click.UUID)
@click.option("--format", type=click.Choice(FORMATS), help="Default: what the file's name ends with, else xlsx.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File.")
def export(report_id: uuid.UUID, format: str | None, output: Path) -> None:
    """Write a report into a file: workbook with charts, CSV files, JSON or PDF."""
    ending = output.suffix.removeprefix(".")
    chosen = format or (ending if ending in FORMATS else "xlsx")
    with open_database().write() as session:
        found = frozen_reports.get(session, SYSTEM, report_id)
        frozen_reports.note(session, SYSTEM, found, "report.export", what="report", format=chosen)
        content = _content(session, found, chosen)
    write_file(output, content)
    click.echo(f"{len(content)} bytes written to {output}.", err=True)


def _content(session: Session, found: FrozenReport, format: str) -> bytes:
    if format == "zip":
        return report_files.zip_bytes(found)
    if format == "json":
        return report_files.json_bytes(found)
    previous = frozen_reports.previous(session, SYSTEM, found)
    if format == "xlsx":
        return report_workbook.xlsx_bytes(found, previous)
    from catalogue.app import create_app
    from catalogue.web.planning.report_files import printed

    with create_app(open_settings()).test_request_context():
        return pdf_pages.pdf(printed(found, previous, embedded=True))
