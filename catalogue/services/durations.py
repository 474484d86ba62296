"""Published durations: minutes where the text states or defines them, a duration class where it says at least days or weeks.

1 UE is 45 minutes and 1 hour 60 by definition. A day or a credit has no fixed number of minutes, so none is made up.
"""

import re

__all__ = ["classes", "minutes", "units"]

MINUTES = {"ue": 45, "ustd": 45, "unterrichtseinheit": 45, "unterrichtsstunde": 45, "stunde": 60, "std": 60, "h": 60, "minute": 1, "min": 1}  # fmt: skip
DAYS = {"tag": 1, "woche": 7, "monat": 30, "semester": 182, "jahr": 365}
_NUMBER = r"(?<![\d.,:])(\d{1,4}(?:,\d+)?)\s*"
_EXACT = re.compile(
    _NUMBER + r"(UE|UStd|Unterrichtseinheit|Unterrichtsstunde|Stunde|Std|h|Minute|Min)(?:en|n)?\b\.?", re.I
)
_CALENDAR = re.compile(_NUMBER + r"(Tag|Woche|Monat|Semester|Jahr)(?:en|n|e)?\b", re.I)
_SPLIT = (
    re.compile(r"(\d+)\s*(?:UE\s*)?Theorie\b.{0,20}?(\d+)\s*(?:UE\s*)?Praxis\b", re.I | re.S),
    re.compile(r"Theorieteil\s*(\d+)\s*UE.{0,20}?Praxisteil\s*(\d+)\s*UE", re.I | re.S),
)
# up to so many minutes, up to so many days: the classes of data/vocabularies/duration.csv
LIMITS = (
    ("bis-4-ue", 180, 0.5), ("bis-1-tag", 480, 1), ("2-3-tage", 1440, 3), ("bis-1-woche", 2400, 7), ("bis-1-monat", 9600, 31),
)  # fmt: skip
LONGEST = "laenger"


def minutes(text: str) -> int | None:
    """Return the minutes that *text* states: "6 Stunden" 360, "48 UE (5 Tage)" 2160, "5 Tage" None.

    Several lengths of equal rank are variants, so there is no single number: "16 Stunden bzw. 40 Stunden" is None. What
    stands in brackets only explains and is left out if the rest states a number.
    """
    outside = re.sub(r"\([^)]*\)", " ", text)
    found = _stated(outside) or _stated(text)
    return found[0] if len(set(found)) == 1 and found[0] > 0 else None


def _stated(text: str) -> list[int]:
    return [round(_number(count) * MINUTES[unit.lower()]) for count, unit in _EXACT.findall(text)]


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def classes(text: str) -> tuple[str, ...]:
    """Return the codes of the duration classes that *text* falls into, one for each variant it names; () if it says too little."""
    if (total := minutes(text)) is not None:
        return (_by_minutes(total),)
    if stated := _stated(text):
        return tuple(dict.fromkeys(_by_minutes(total) for total in stated if total > 0))
    found = [_number(count) * DAYS[unit.lower()] for count, unit in _CALENDAR.findall(text)]
    if not found:
        return ("bis-4-ue",) if re.search(r"\bhalber Tag\b|\bhalbtägig\b", text, re.I) else ()
    if "+" in text or " und " in text:
        found = [sum(found)]
    return tuple(dict.fromkeys(_by_days(days) for days in found if days > 0))


def _by_minutes(total: int) -> str:
    return next((code for code, most, _ in LIMITS if total <= most), LONGEST)


def _by_days(days: float) -> str:
    return next((code for code, _, most in LIMITS if days <= most), LONGEST)


def units(*texts: str) -> tuple[int, int] | None:
    """Return the units of theory and practice that *texts* state ("8 Theorie + 4 Praxis"), None if they do not."""
    for text in texts:
        for pattern in _SPLIT:
            if found := pattern.search(text):
                return int(found[1]), int(found[2])
    return None
