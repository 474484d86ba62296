"""``catalogue doctor``: is this installation well?"""

import sys

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.services import health

__all__ = ["doctor"]


@click.command()
def doctor() -> None:
    """Look at settings, state folder, database, index and mails. Exit code 1 if something is wrong, 0 with warnings only."""
    found = health.examine(open_settings(), open_database(), open_index())
    for one in found:
        click.echo(f"{one.level:8} {one.text}")
    if any(one.level == "error" for one in found):
        sys.exit(1)
