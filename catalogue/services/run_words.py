"""A run in the words of a mail."""

from datetime import date

from catalogue.models import Run
from catalogue.texts import N_

__all__ = ["day", "described", "where"]


def day(value: date) -> str:
    """Return a day as people write it: 16.02.2027."""
    return f"{value:%d.%m.%Y}"


def where(run: Run) -> str:
    """Return its place, "online", or that none is known."""
    return run.place or (N_("online") if run.online else N_("Ort ohne Angabe"))


def described(run: Run) -> str:
    """Return day, times and place in one line."""
    days = day(run.starts_on) if run.last_day == run.starts_on else f"{day(run.starts_on)} bis {day(run.last_day)}"
    return ", ".join(part for part in (days, run.times_text, where(run)) if part)
