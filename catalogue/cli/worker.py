"""``catalogue worker``: what runs beside the server."""

import signal
import sys
import threading

import click
import structlog

from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.db import DBAPIError
from catalogue.services import housekeeping, jobs, link_check
from catalogue.services.errors import Conflict

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
        _once(housekeeping.run(database, settings, index))
        return
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    click.echo(f"Working every {seconds} seconds.")
    while not stop.is_set():
        try:
            done = housekeeping.run(database, settings, index)
            if not done.paused:
                jobs.run(database, "link_check", lambda: link_check.run_due(database, settings))
        except DBAPIError:
            log.warning("database not available, trying again")
        except Conflict as refused:
            log.warning("nothing done", reason=str(refused))
        stop.wait(seconds)


def _once(done: housekeeping.Round) -> None:
    if done.paused:
        click.echo("Paused by `catalogue maintenance`: only the index was brought up to date.")
    else:
        click.echo(f"{done.mails} mails sent, {done.pruned} old rows deleted, {done.sources} sources read.")
    if done.failed:
        click.echo(f"catalogue: {', '.join(done.failed)} failed, see the log.", err=True)
        sys.exit(1)
