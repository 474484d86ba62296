"""Times of day in the words of a run: "8:30 bis 15:00 Uhr" is 8:30 to 15:00. Nothing is guessed: what says more or less gives none."""

import re
from datetime import time

__all__ = ["daily"]

_TIME = r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:Uhr|h)?"
_RANGE = re.compile(rf"(?<![\w.:]){_TIME}\s*(?:bis|-|–|—)\s*{_TIME}", re.IGNORECASE)
_CLOCK = re.compile(r"\d[:.]\d\d|\bUhr\b|\d\s*h\b", re.IGNORECASE)


def daily(text: str) -> tuple[time, time] | None:
    """Return begin and end if *text* states exactly one span of one day ("täglich 9 bis 16 Uhr"), else None."""
    found = _RANGE.search(text)
    if not found or not _CLOCK.search(text) or re.search(r"\d", text[: found.start()] + text[found.end() :]):
        return None
    first, first_minutes, last, last_minutes = (int(part or 0) for part in found.groups())
    if max(first, last) > 23 or max(first_minutes, last_minutes) > 59:
        return None
    begin, end = time(first, first_minutes), time(last, last_minutes)
    return (begin, end) if begin < end else None
