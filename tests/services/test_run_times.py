"""Times of day are read only where the words state exactly one span."""

from datetime import time

import pytest

from catalogue.services.run_times import daily


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("9 bis 16 Uhr", "9:00", "16:00"),
        ("8:30 bis 15:00 Uhr", "8:30", "15:00"),
        ("täglich von 9.00 Uhr bis 16.30 Uhr", "9:00", "16:30"),
        ("Di und Do, 17–20:15 Uhr", "17:00", "20:15"),
    ],
)
def test_one_span_is_read(text: str, begin: str, end: str) -> None:
    expected = tuple(time(*map(int, clock.split(":"))) for clock in (begin, end))
    assert daily(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "ab 9 Uhr", "ganztägig", "2 bis 3 Tage", "9–12 und 13–16 Uhr", "16 bis 9 Uhr", "9 bis 25 Uhr", "9:70 bis 12 Uhr",
     "1. Tag 9 bis 16 Uhr", "²:00 bis 16 Uhr"],
)  # fmt: skip
def test_anything_else_says_nothing(text: str) -> None:
    assert daily(text) is None
