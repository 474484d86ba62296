"""Runs for people's own calendars (iCalendar, RFC 5545). Only what everybody may know: nothing of demand, bookings or remarks.

A calendar of one company says besides what that company answered about each run (:func:`calendar_of_company`).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vText

from catalogue.models import CommitmentState, Run, RunCommitment, RunState, Vocabulary
from catalogue.services.run_times import daily

__all__ = ["MEDIA_TYPE", "calendar", "calendar_of_company"]

MEDIA_TYPE = "text/calendar; charset=utf-8"
BERLIN = ZoneInfo("Europe/Berlin")
# the rule that the European Union has followed since 1996 (directive 2000/84/EC)
ZONE = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")  # not allowed in texts (RFC 5545, 3.3.11); line feeds are escaped
STATUS = {RunState.PLANNED: "TENTATIVE", RunState.CANCELLED: "CANCELLED"}  # all others: CONFIRMED
REFRESH = timedelta(hours=12)


def calendar(runs: Iterable[Run], name: str, base_url: str) -> bytes:
    """Return *runs* (with region, module, the module's terms and provider) as a calendar called *name*.

    *base_url* is the catalogue's public address: its host makes the UIDs, which stay the same as long as the host does.
    """
    return _calendar([_event(run, base_url.rstrip("/")) for run in runs], name)


def calendar_of_company(planned: Iterable[tuple[Run, RunCommitment | None]], name: str, base_url: str) -> bytes:
    """Return the runs of one company as :func:`calendar` does, each with what the company answered about it.

    The events have UIDs of their own: whoever subscribes to both calendars sees both. Only where the company comes is time taken.
    """
    return _calendar([_own_event(run, said, base_url.rstrip("/")) for run, said in planned], name)


def _calendar(events: Sequence[Event], name: str) -> bytes:
    found = Calendar()
    found.add("version", "2.0")
    found.add("prodid", "-//BatterieMD//Modulkatalog//DE")
    found.add("method", "PUBLISH")
    found.add("name", name)
    found.add("x-wr-calname", name)
    found.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    if any(isinstance(event.start, datetime) for event in events):
        found.add_component(Timezone.from_ical(ZONE))
    for event in events:
        found.add_component(event)
    return bytes(found.to_ical())


def _event(run: Run, base_url: str) -> Event:
    module, url = run.module, f"{base_url}/modules/{run.module.slug}"
    event = Event()
    event.add("uid", f"{run.id}@{urlsplit(base_url).hostname or 'modulkatalog'}")
    event.add("sequence", run.version - 1)
    event.add("dtstamp", run.updated_at)
    event.add("created", run.created_at)
    event.add("last-modified", run.updated_at)
    _add_days(event, run)
    cancelled = run.state == RunState.CANCELLED
    event.add("summary", f"Abgesagt: {module.title}" if cancelled else module.title)
    event.add("status", STATUS.get(run.state, "CONFIRMED"))
    event.add("transp", "TRANSPARENT" if cancelled else "OPAQUE")
    if place := run.place or ("online" if run.online else ""):
        event.add("location", place)
    if topics := [term.label() for term in module.terms_of(Vocabulary.TOPIC)]:
        event.add("categories", topics)
    event.add("url", url)
    event.add("description", _description(run, url))
    for name in ("summary", "location", "description"):
        if name in event:
            event[name] = vText(CONTROL.sub("", str(event[name])))
    return event


def _own_event(run: Run, said: RunCommitment | None, base_url: str) -> Event:
    event = _event(run, base_url)
    event["uid"] = vText(f"company-{event['uid']}")
    comes = said is not None and said.state == CommitmentState.COMING
    event["transp"] = vText("OPAQUE" if comes and run.state != RunState.CANCELLED else "TRANSPARENT")
    if said is not None:
        changed = max(run.updated_at, said.updated_at)
        for key, value in (
            ("sequence", run.version - 1 + said.version),
            ("dtstamp", changed),
            ("last-modified", changed),
        ):
            del event[key]
            event.add(key, value)
    event["description"] = vText(f"Ihr Unternehmen: {_answer(said)}\n{event['description']}")
    return event


def _answer(said: RunCommitment | None) -> str:
    if said is None:
        return "Modul vorgemerkt"
    people = "" if said.people is None else f", {said.people} {'Person' if said.people == 1 else 'Personen'}"
    return f"{said.state.label}{people}"


def _add_days(event: Event, run: Run) -> None:
    """Times of day if there is one day and its words state them; else whole days, the end being the day after (RFC 5545, 3.6.1)."""
    times = daily(run.times_text)
    if times and run.last_day == run.starts_on:
        for name, clock in zip(("dtstart", "dtend"), times, strict=True):
            event.add(name, _at(run, clock))
        return
    event.add("dtstart", run.starts_on)
    event.add("dtend", run.last_day + timedelta(days=1))


def _at(run: Run, clock: time) -> datetime:
    return datetime.combine(run.starts_on, clock, BERLIN)


def _description(run: Run, url: str) -> str:
    provider = run.module.provider.name if run.module.provider else run.module.provider_text
    lines = [
        f"Abgesagt: {run.cancel_reason}" if run.state == RunState.CANCELLED and run.cancel_reason else "",
        f"Stand: {run.state.label}",
        f"Anbieter: {provider}" if provider else "",
        f"Uhrzeiten: {run.times_text}" if run.times_text else "",
        "Auch online" if run.online and run.place else "",
        f"Entscheidung bis {run.decide_by:%d.%m.%Y}" if run.decide_by and run.state == RunState.PLANNED else "",
        f"Kosten: {run.price_text}" if run.price_text else "",
        f"Anmeldung: {run.booking_url}" if run.booking_url and run.state != RunState.CANCELLED else "",
        url,
    ]
    return "\n".join(line for line in lines if line)
