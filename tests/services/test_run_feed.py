"""What calendars of other programs read: parsed back with the library, looked at line by line for what a parser forgives."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from catalogue.models import Module, Provider, Run, RunState, Term
from catalogue.services.run_feed import calendar

CHANGED = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
BASE = "https://modulkatalog.example.org"


def run(title: str = "Batterien sicher lagern", **values: Any) -> Run:
    terms = [
        Term(vocabulary="topic", code="a", label_de="Lagerung, Transport"),
        Term(vocabulary="level", label_de="Basis"),
    ]
    module = Module(title=title, slug="lagern", terms=terms, provider=Provider(name="Akademie"), provider_text="")
    given = {
        "starts_on": date(2027, 2, 16), "ends_on": None, "times_text": "", "place": "Erfurt", "online": False, "price_text": "",
        "booking_url": "", "cancel_reason": "", "decide_by": None, "state": RunState.PLANNED, "version": 3,
        "created_at": CHANGED, "updated_at": CHANGED, "note": "GEHEIM", "booked": 7, "max_participants": 12,
    }  # fmt: skip
    return Run(id=uuid.UUID(int=1), module=module, **given | values)


def parsed(*runs: Run) -> list[Event]:
    return Calendar.from_ical(calendar(runs, "Termine", BASE)).events


def test_an_event_says_what_everybody_may_know() -> None:
    (event,) = parsed(run())
    assert event["uid"] == "00000000-0000-0000-0000-000000000001@modulkatalog.example.org"
    assert (event["sequence"], event["status"], event["location"]) == (2, "TENTATIVE", "Erfurt")
    assert event["dtstamp"].dt == CHANGED
    assert event.categories == ["Lagerung, Transport"]
    assert event["url"] == f"{BASE}/modules/lagern"
    assert "Anbieter: Akademie" in event["description"]
    assert "GEHEIM" not in event["description"]
    assert "7" not in event["description"].replace("2027", "")


@pytest.mark.parametrize(
    ("day", "times", "begin", "end"),
    [
        (date(2027, 2, 16), "9 bis 16 Uhr", "2027-02-16T08:00", "2027-02-16T15:00"),  # CET
        (date(2027, 7, 6), "9 bis 16 Uhr", "2027-07-06T07:00", "2027-07-06T14:00"),  # CEST
        (date(2027, 3, 28), "1 bis 4 Uhr", "2027-03-28T00:00", "2027-03-28T02:00"),  # the clock jumps from 2 to 3
        (date(2027, 10, 31), "1 bis 4 Uhr", "2027-10-30T23:00", "2027-10-31T03:00"),  # the clock goes back from 3 to 2
    ],
)
def test_times_are_those_of_berlin_in_summer_and_winter(day: date, times: str, begin: str, end: str) -> None:
    (event,) = parsed(run(starts_on=day, times_text=times))
    assert event["dtstart"].params["TZID"] == "Europe/Berlin"
    assert [one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") for one in (event.start, event.end)] == [begin, end]


def test_days_without_clear_times_are_whole_days_up_to_the_day_after() -> None:
    (event,) = parsed(run(ends_on=date(2027, 2, 18), times_text="9 bis 16 Uhr"))
    assert (event.start, event.end) == (date(2027, 2, 16), date(2027, 2, 19))
    assert "Uhrzeiten: 9 bis 16 Uhr" in event["description"]
    assert b"VTIMEZONE" not in calendar([run()], "x", BASE)


def test_a_cancelled_run_stays_and_says_why() -> None:
    (event,) = parsed(
        run(state=RunState.CANCELLED, cancel_reason="Zu wenige Anmeldungen", booking_url="https://x.example")
    )
    assert (event["status"], event["transp"]) == ("CANCELLED", "TRANSPARENT")
    assert event["summary"] == "Abgesagt: Batterien sicher lagern"
    assert event["description"].startswith("Abgesagt: Zu wenige Anmeldungen")
    assert "x.example" not in event["description"]


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120), st.text(max_size=60))
def test_any_words_come_back_as_they_were_in_lines_of_at_most_75_octets(title: str, place: str) -> None:
    data = calendar([run(title=title + ";,\\ Ä", place="B" + place)], "Termine", BASE)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    (event,) = Calendar.from_ical(data).events
    assert str(event["summary"]) == title + ";,\\ Ä"
