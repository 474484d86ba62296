"""``catalogue worker``: what runs beside the server."""

import signal
import threading

import click
import structlog

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.db import DBAPIError
from catalogue.services import housekeeping, link_check, source_runs

__all__ = ["worker"]

log = structlog.get_logger(__name__)


@click.command()
@click.option("--once", is_flag=True, help="Do one round and stop.")
@click.option("--seconds", default=20, show_default=True, help="Pause between rounds.")
def worker(once: bool, seconds: int) -> None:
    """Send mails, bring the index up to date, delete what timed out, import from sources that are due.

    Without --once also look at links. Stops cleanly on SIGTERM.
    """
    settings, database, index = open_settings(), open_database(), open_index()
    if once:
        done = housekeeping.run(database, settings, index)
        imported = source_runs.run_due(database, settings, index)
        click.echo(f"{done.mails} mails sent, {done.pruned} old rows deleted, {imported} sources read.")
        return
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    click.echo(f"Working every {seconds} seconds.")
    while not stop.is_set():
        try:
            housekeeping.run(database, settings, index)
            source_runs.run_due(database, settings, index)
            link_check.run_due(database, settings)
        except DBAPIError:
            log.warning("database not available, trying again", exc_info=True)
        stop.wait(seconds)
