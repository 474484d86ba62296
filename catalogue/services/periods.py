"""Wanted periods: a year, a half-year or a quarter, written "2027", "2027-H1" or "2027-Q1"; "" leaves it open."""

import re
from datetime import date

__all__ = ["choices", "first_day", "is_period", "last_day"]

_PERIOD = re.compile(r"20\d\d(-H[12]|-Q[1-4])?")
QUARTERS, HALVES, YEARS = 6, 3, 3  # how many of each a form offers


def is_period(text: str) -> bool:
    """Return whether *text* is a period as this catalogue writes it ("" is one, too)."""
    return not text or _PERIOD.fullmatch(text) is not None


def last_day(period: str) -> date | None:
    """Return the last day of *period*, or None for an open one."""
    if not period:
        return None
    year, _, part = period.partition("-")
    month = {"": 12, "H1": 6, "H2": 12, "Q1": 3, "Q2": 6, "Q3": 9, "Q4": 12}[part]
    return date(int(year), month, 30 if month in (6, 9) else 31)


def first_day(period: str) -> date | None:
    """Return the first day of *period*, or None for an open one."""
    last = last_day(period)
    return date(last.year, last.month - {"": 12, "H": 6, "Q": 3}[period[5:6]] + 1, 1) if last else None


def choices(today: date, current: str = "") -> list[str]:
    """Return the periods that a form offers from *today* on: quarters, half-years, years; *current* is always among them."""
    quarter = today.year * 4 + (today.month - 1) // 3
    half = today.year * 2 + (today.month - 1) // 6
    offered = [f"{n // 4}-Q{n % 4 + 1}" for n in range(quarter, quarter + QUARTERS)]
    offered += [f"{n // 2}-H{n % 2 + 1}" for n in range(half, half + HALVES)]
    offered += [str(year) for year in range(today.year, today.year + YEARS)]
    return offered if not current or current in offered else [current, *offered]
