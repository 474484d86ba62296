"""``catalogue company``: member companies."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from catalogue.cli.context import open_database
from catalogue.models import RowKind, SizeClass
from catalogue.services import companies, company_imports, vocabularies
from catalogue.services.companies import CompanyInput
from catalogue.services.company_lists import Plan
from catalogue.services.permissions import SYSTEM
from catalogue.services.spreadsheets import open_sheet

__all__ = ["company"]


@click.group()
def company() -> None:
    """Member companies of the network."""


@company.command()
@click.argument("slug")
@click.option("--name", help="Name as it is shown; needed for a new company.")
@click.option("--sector", help="Code of the vocabulary sector.")
@click.option("--region", help="Code of the vocabulary region.")
@click.option("--size", type=click.Choice([size.value for size in SizeClass]), help="Size class by employees.")
@click.option("--place", help="Town.")
@click.option("--website", help="Address with https://.")
@click.option("--network", help="Network the company belongs to.")
@click.option("--domain", "email_domains", multiple=True, help="Domain of the company's addresses; can be repeated.")
@click.option("--active/--inactive", default=None, help="Switch the company on or off.")
def add(slug: str, size: str | None, **given: str | bool | tuple[str, ...] | None) -> None:
    """Add the company SLUG, or change what is given of an existing one."""
    with open_database().write() as session:
        vocabularies.load(session, SYSTEM)  # so that sector and region are known on an empty state, too
        changes: dict[str, Any] = {name: value for name, value in given.items() if value not in (None, ())}
        if size is not None:
            changes["size_class"] = SizeClass(size)
        found = companies.by_slug(session, SYSTEM, slug)
        if found is None:
            companies.create(session, SYSTEM, replace(CompanyInput(""), **changes), slug)
        else:
            values = replace(companies.values_of(found), **changes)
            companies.update(session, SYSTEM, found, values, None)
    click.echo(f"Company {slug} {'changed' if found else 'added'}.")


@company.command("list")
def list_() -> None:
    """List all companies: slug, name, people, state."""
    with open_database().read() as session:
        for one in companies.find_all(session, SYSTEM):
            click.echo(f"{one.slug}\t{one.name}\t{len(one.memberships)}\t{'active' if one.active else 'inactive'}")


@company.command("import")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--undo", "import_id", type=click.UUID, help="Take the import with this id back.")
def import_(file: Path | None, dry_run: bool, import_id: uuid.UUID | None) -> None:
    """Import the companies of FILE (XLSX or CSV) all at once, or undo an import. Rows with errors are left out and named."""
    if import_id is not None:
        _undo(import_id)
    elif file is None:
        raise click.UsageError("Name a FILE, or an import to --undo.")
    else:
        _import(file, dry_run)


def _import(file: Path, dry_run: bool) -> None:
    sheet = open_sheet(file.name, file.read_bytes())
    with open_database().write() as session:
        vocabularies.load(session, SYSTEM)
        run = company_imports.upload(session, SYSTEM, file.name, sheet)
        plan = company_imports.plan_of(session, SYSTEM, run)
        _say(plan)
        number = len(plan.of(RowKind.NEW)) + len(plan.of(RowKind.CHANGED))
        if dry_run or not number:
            company_imports.discard(session, SYSTEM, run)
            return
        company_imports.apply(session, SYSTEM, run, None)
    click.echo(f"{number} companies imported. Undo: catalogue company import --undo {run.id}")


def _say(plan: Plan) -> None:
    kinds = (RowKind.NEW, RowKind.CHANGED, RowKind.UNCHANGED, RowKind.WRONG)
    click.echo(", ".join(f"{len(plan.of(kind))} {kind.value}" for kind in kinds))
    for row in plan.of(RowKind.WRONG):
        for cell, text in row.errors:
            click.echo(f"{cell}: {text}", err=True)


def _undo(import_id: uuid.UUID) -> None:
    with open_database().write() as session:
        kept = company_imports.undo(session, SYSTEM, company_imports.get(session, SYSTEM, import_id))
    click.echo("The import is undone.")
    for name in kept:
        click.echo(f"Changed or used since, left alone: {name}", err=True)
