"""Published durations become minutes only where they state or define them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.services import durations


@pytest.mark.parametrize(
    ("text", "minutes", "classes"),
    [
        ("4 UE (halber Tag)", 180, ("bis-4-ue",)),
        ("6 Stunden", 360, ("bis-1-tag",)),
        ("8 UE", 360, ("bis-1-tag",)),
        ("12 UE (8 Theorie + 4 Praxis)", 540, ("2-3-tage",)),
        ("24 UE (3 Tage)", 1080, ("2-3-tage",)),
        ("48 UE (5 Tage)", 2160, ("bis-1-woche",)),
        ("ca. 27 Stunden", 1620, ("bis-1-woche",)),
        ("150 Stunden (5 ECTS)", 9000, ("bis-1-monat",)),
        ("90 Minuten", 90, ("bis-4-ue",)),
        ("1,5 Std.", 90, ("bis-4-ue",)),
        ("halber Tag", None, ("bis-4-ue",)),
        ("1 Tag (9:30–17:00 Uhr)", None, ("bis-1-tag",)),
        ("1 Tag (auch 2 Tage)", None, ("bis-1-tag", "2-3-tage")),
        ("3 Tage", None, ("2-3-tage",)),
        ("3 Tage (24 UE)", 1080, ("2-3-tage",)),
        ("1 Woche", None, ("bis-1-woche",)),
        ("2 Wochen", None, ("bis-1-monat",)),
        ("4 Wochen online + 3 Tage", None, ("bis-1-monat",)),
        ("10 Wochen", None, ("laenger",)),
        ("4 Semester", None, ("laenger",)),
        ("16 Stunden (eigensicher) bzw. 40 Stunden (nicht eigensicher)", None, ("2-3-tage", "bis-1-woche")),
        ("7,5 Credits", None, ()),
        ("4 Module", None, ()),
        ("", None, ()),
    ],
)
def test_minutes_and_class_of_a_published_duration(text: str, minutes: int | None, classes: tuple[str, ...]) -> None:
    assert durations.minutes(text) == minutes
    assert durations.classes(text) == classes


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("12 UE (8 Theorie + 4 Praxis)", (8, 4)),
        ("32 UE Theorie und 16 UE Praxis", (32, 16)),
        ("Theorieteil 8 UE, Praxisteil 4 UE", (8, 4)),
        ("48 UE (3 Tage Theorie + 2 Tage Praxis)", None),
        ("Theorie live online, Praxis im eigenen Betrieb", None),
    ],
)
def test_theory_and_practice_are_read_where_they_are_stated_in_units(text: str, units: tuple[int, int] | None) -> None:
    assert durations.units(text) == units


@given(st.integers(1, 999))
def test_a_unit_is_45_minutes_and_an_hour_60(number: int) -> None:
    assert durations.minutes(f"{number} UE") == number * 45
    assert durations.minutes(f"{number} Stunden") == number * 60


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_more_minutes_never_fall_into_a_shorter_class(first: int, second: int) -> None:
    order = [*(code for code, _, _ in durations.LIMITS), durations.LONGEST]
    short, long = sorted((first, second))
    (shorter,) = durations.classes(f"{short} Minuten")
    (longer,) = durations.classes(f"{long} Minuten")
    assert order.index(shorter) <= order.index(longer)


@given(st.text(max_size=80))
def test_no_text_is_an_error(text: str) -> None:
    durations.minutes(text), durations.classes(text), durations.units(text)
