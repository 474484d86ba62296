"""``catalogue doctor``: is this installation well?"""

import json
import sys
from dataclasses import asdict

import click

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.services import health

__all__ = ["doctor"]


@click.command()
@click.option("--send-test", metavar="ADDRESS", default="", help="Also hand a mail to ADDRESS over to the mail server.")
@click.option("--json", "as_json", is_flag=True, help="For a machine: a list of objects with level, text and advice.")
def doctor(send_test: str, as_json: bool) -> None:
    """Look at settings, machine, mail server, database, index, worker and people, and say what to do.

    Exit code 0 if all is well or there are only warnings, 1 if something is wrong.
    """
    found = health.examine(open_settings(), open_database(), open_index(), send_to=send_test)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        for one in found:
            click.echo(f"{one.level:8} {one.text} {one.advice}".rstrip())
    if any(one.level == "error" for one in found):
        sys.exit(1)
