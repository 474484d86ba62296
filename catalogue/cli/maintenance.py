"""``catalogue maintenance``: switches that all nodes follow within seconds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from catalogue.cli.context import open_database
from catalogue.db import utcnow
from catalogue.services import switches
from catalogue.services.permissions import SYSTEM
from catalogue.services.switches import Mode, Plan

__all__ = ["maintenance"]

MODES = {"on": Mode.MAINTENANCE, "read-only": Mode.READ_ONLY, "off": Mode.NORMAL}
BERLIN = ZoneInfo("Europe/Berlin")


class Moment(click.ParamType[datetime]):
    """A time in Berlin: 2026-11-24T20:00, or 20:00 for the next time it is that late."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment in UTC."""
        text, now = str(value), datetime.now(BERLIN)
        try:
            if len(text) <= len("20:00"):
                hours, minutes = map(int, text.split(":"))
                found = now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
                found += timedelta(days=found <= now)
            else:
                found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is not a time like 2026-11-24T20:00 or 20:00.", param, ctx)
        return (found if found.tzinfo else found.replace(tzinfo=BERLIN)).astimezone(UTC)


@click.command()
@click.argument("mode", type=click.Choice([*MODES, "status", "requests-closed", "requests-open"]))
@click.option("--reason", default="", help="One sentence in German for everybody, shown on every page.")
@click.option(
    "--from", "starts_at", type=Moment(), help="Begin then, and say so on every page before (time in Berlin)."
)
@click.option(
    "--until", type=Moment(), help="When it should be over; told to people and programs, nothing ends by itself."
)
def maintenance(mode: str, reason: str, starts_at: datetime | None, until: datetime | None) -> None:
    """Switch maintenance (on), only reading (read-only) or normal operation (off); or new requests for access.

    All nodes follow within two seconds. In maintenance only network admins get in, to read.
    """
    with open_database().write() as session:
        if mode in MODES:
            switches.set_mode(session, SYSTEM, Plan(MODES[mode], reason, starts_at, until))
        elif mode == "requests-closed":
            switches.close_requests(session, SYSTEM, reason)
        elif mode == "requests-open":
            switches.open_requests(session, SYSTEM)
        found = switches.read(session)
    click.echo(
        f"{_told(found.now, utcnow())} Requests for access are {'taken' if found.requests_open else 'not taken'}."
    )
    if found.next:
        click.echo(_told(found.next, utcnow()))


def _told(plan: Plan, now: datetime) -> str:
    when = (
        f" from {plan.starts_at.astimezone(BERLIN):%Y-%m-%d %H:%M}" if plan.starts_at and plan.starts_at > now else ""
    )
    until = f" until {plan.until.astimezone(BERLIN):%Y-%m-%d %H:%M}" if plan.until else ""
    return f"Mode: {plan.mode.value}{when}{until}{f' ({plan.reason})' if plan.reason else ''}."
