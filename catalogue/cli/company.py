"""``catalogue company``: member companies."""

from dataclasses import replace
from typing import Any

import click

from catalogue.cli.context import open_database
from catalogue.models import SizeClass
from catalogue.services import companies, vocabularies
from catalogue.services.companies import CompanyInput
from catalogue.services.permissions import SYSTEM

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
