"""Wanted periods: a year, a half-year or a quarter, written "2027", "2027-H1" or "2027-Q1"; "" leaves it open."""

import re
from datetime import date
from functools import lru_cache

__all__ = ["choices", "covering", "first_day", "is_period", "last_day", "quarter_of", "quarters", "quarters_from"]

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


def quarter_of(day: date) -> str:
    """Return the quarter that *day* lies in."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def covering(day: date) -> tuple[str, ...]:
    """Return all periods that *day* lies in: the open one, its year, half-year and quarter."""
    return "", str(day.year), f"{day.year}-H{1 if day.month <= 6 else 2}", quarter_of(day)


@lru_cache(maxsize=1000)
def quarters(period: str) -> tuple[str, ...]:
    """Return the quarters that *period* consists of: four, two or one; none for an open one."""
    year, _, part = period.partition("-")
    numbers = {"": (1, 2, 3, 4), "H1": (1, 2), "H2": (3, 4)}.get(part) or (int(part[1:]),)
    return tuple(f"{year}-Q{number}" for number in numbers) if period else ()


def quarters_from(today: date, number: int) -> list[str]:
    """Return the *number* quarters that begin after *today*."""
    now = today.year * 4 + (today.month - 1) // 3
    return [f"{n // 4}-Q{n % 4 + 1}" for n in range(now + 1, now + 1 + number)]


def choices(today: date, current: str = "") -> list[str]:
    """Return the periods that a form offers from *today* on: quarters, half-years, years; *current* is always among them."""
    quarter = today.year * 4 + (today.month - 1) // 3
    half = today.year * 2 + (today.month - 1) // 6
    offered = [f"{n // 4}-Q{n % 4 + 1}" for n in range(quarter, quarter + QUARTERS)]
    offered += [f"{n // 2}-H{n % 2 + 1}" for n in range(half, half + HALVES)]
    offered += [str(year) for year in range(today.year, today.year + YEARS)]
    return offered if not current or current in offered else [current, *offered]
