"""Months of a calendar: named in the address, drawn as weeks from Monday to Sunday."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import format_date
from werkzeug.datastructures import MultiDict

from catalogue.models import Run

__all__ = ["Day", "Month", "by_month", "month_name", "month_of", "weekday", "weeks"]

YEARS = range(1990, 2100)


@dataclass(frozen=True)
class Month:
    """A month by its first day."""

    first: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.next - timedelta(days=1)

    @property
    def next(self) -> date:
        """The first day of the month after it."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def previous(self) -> date:
        """The first day of the month before it."""
        return (self.first - timedelta(days=1)).replace(day=1)


def month_of(args: MultiDict[str, str], today: date) -> Month:
    """Return the month that ``month=2027-02`` names, else the one of *today*."""
    year, _, month = args.get("month", "").partition("-")
    if not (year.isdecimal() and month.isdecimal() and len(year) == 4 and len(month) == 2):
        return Month(today.replace(day=1))
    if int(year) not in YEARS or not 1 <= int(month) <= 12:
        return Month(today.replace(day=1))
    return Month(date(int(year), int(month), 1))


@dataclass(frozen=True)
class Day:
    """One day of the grid with the runs that take place on it."""

    date: date
    inside: bool  # whether it belongs to the month that is shown
    today: bool
    begin: tuple[Run, ...]
    go_on: tuple[Run, ...]  # began on an earlier day of the month that is shown


def weeks(month: Month, runs: Sequence[Run], today: date) -> list[list[Day]]:
    """Return the weeks of *month* with *runs* on each of their days."""
    days = calendar.Calendar().monthdatescalendar(month.first.year, month.first.month)
    return [[_day(one, month, runs, today) for one in week] for week in days]


def _day(day: date, month: Month, runs: Sequence[Run], today: date) -> Day:
    inside = month.first <= day <= month.last
    on = [run for run in runs if inside and run.starts_on <= day <= run.last_day]
    begin = tuple(run for run in on if day == max(run.starts_on, month.first))
    return Day(day, inside, day == today, begin, tuple(run for run in on if run not in begin))


def by_month(runs: Sequence[Run], since: date) -> list[tuple[date, list[Run]]]:
    """Return *runs*, sorted by day, under the first day of their month; those that began before *since* under its month."""
    found: dict[date, list[Run]] = {}
    for run in runs:
        found.setdefault(max(run.starts_on, since).replace(day=1), []).append(run)
    return list(found.items())


def month_name(day: date) -> str:
    """ "Februar 2027"."""
    return str(format_date(day, "LLLL yyyy"))


def weekday(day: date) -> str:
    """ "Di"."""
    return str(format_date(day, "EEE")).rstrip(".")
