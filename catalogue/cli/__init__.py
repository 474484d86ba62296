"""The ``catalogue`` command: everything an operator does from a terminal, through the same services as the pages."""

import sys
from typing import NoReturn

import click

from catalogue.cli import (
    backup,
    company,
    database,
    doctor,
    export,
    frozen,
    importing,
    load,
    maintenance,
    privacy,
    search,
    serve,
    source,
    user,
    worker,
)
from catalogue.cli.context import database_problem
from catalogue.db import DBAPIError
from catalogue.services.errors import Refused
from catalogue.settings import SettingsError

__all__ = ["main"]


@click.group()
def cli() -> None:
    """Run and look after the catalogue. Settings come from CATALOGUE_* variables, see docs/settings.md."""


for command in (
    serve.serve,
    database.db,
    backup.backup,
    backup.restore,
    company.company,
    doctor.doctor,
    export.export,
    importing.import_,
    load.load,
    maintenance.maintenance,
    privacy.privacy,
    frozen.report,  # with its further commands
    search.search,
    source.source,
    user.user,
    worker.worker,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; a refusal is one sentence and exit code 1, never a trace."""
    try:
        cli(standalone_mode=True)
    except (SettingsError, Refused) as error:
        stop(str(error))
    except DBAPIError as error:
        stop(database_problem(error))


def stop(sentence: str) -> NoReturn:
    """Say why and end with exit code 1."""
    click.echo(f"catalogue: {sentence}", err=True)
    sys.exit(1)
