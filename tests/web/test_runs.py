"""The calendar: list, month, files."""

from datetime import date

import pytest
import time_machine
from flask.testing import FlaskClient
from icalendar import Calendar

from catalogue.db import Database
from catalogue.models import Measure, MeasureModule, Run, RunState, Vocabulary, WorkflowState
from tests import factories

ON = "2027-02-01T12:00:00+01:00"


@pytest.fixture
def runs(database: Database) -> dict[str, Run]:
    """A run of each of two modules, one of a draft, one that is over."""
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        first = factories.make_module(session, "Sicher lagern", terms=[topic])
        other = factories.make_module(session, "Zellen bauen")
        draft = factories.make_module(session, "Geheimer Entwurf", state=WorkflowState.DRAFT)
        made = {
            "first": Run(module=first, starts_on=date(2027, 2, 16), place="Erfurt", booked=11, max_participants=12),
            "long": Run(module=other, starts_on=date(2027, 2, 25), ends_on=date(2027, 3, 3), state=RunState.CANCELLED,
                        cancel_reason="Krank"),
            "over": Run(module=other, starts_on=date(2027, 1, 5)),
            "draft": Run(module=draft, starts_on=date(2027, 2, 17)),
        }  # fmt: skip
        measure = Measure(slug="weg", title="Weg", sort_title="weg", state=WorkflowState.PUBLISHED)
        measure.parts = [MeasureModule(module=first), MeasureModule(module=draft, position=1)]
        session.add_all([*made.values(), measure])
        session.flush()
        return made


@time_machine.travel(ON, tick=False)
def test_the_list_shows_what_comes_by_months(client: FlaskClient, runs: dict[str, Run]) -> None:
    page = client.get("/runs").get_data(as_text=True).split("<main")[1]
    assert "2 kommende Termine" in page
    assert page.index("Februar 2027") < page.index("Di <b>16.02.2027") < page.index("Grund der Absage:")
    assert "Geheimer Entwurf" not in page
    assert "Plätze frei" in page
    assert ">11" not in page  # how many are booked is for staff
    assert "12" not in page.split("Di <b>16.02.2027")[1].split("ics")[0].split("href")[0]
    filtered = client.get("/runs?topic=sicherheit").get_data(as_text=True)
    assert "1 kommender Termin" in filtered
    assert "/runs.ics?topic=sicherheit" in filtered


@time_machine.travel(ON, tick=False)
def test_a_month_shows_each_run_on_each_of_its_days(client: FlaskClient, runs: dict[str, Run]) -> None:
    february = client.get("/runs?view=month").get_data(as_text=True)
    assert "Februar 2027" in february
    assert february.count("geht weiter") == 3  # 26, 27, 28
    march = client.get("/runs?view=month&month=2027-03").get_data(as_text=True)
    assert march.count('class="slot off"') == 1
    assert march.count("geht weiter") == 2
    assert "month=2027-02" in march


@time_machine.travel("2026-11-22T12:00:00+01:00", tick=False)
def test_the_calendar_opens_on_the_first_month_that_shows_something(client: FlaskClient, runs: dict[str, Run]) -> None:
    assert "Januar 2027</h" in client.get("/runs?view=month").get_data(as_text=True)
    assert "Februar 2027</h" in client.get("/runs?view=month&topic=sicherheit").get_data(as_text=True)
    assert "November 2026</h" in client.get("/runs?view=month&topic=recht").get_data(as_text=True)
    assert "Dezember 2026</h" in client.get("/runs?view=month&month=2026-12").get_data(as_text=True)


@pytest.mark.parametrize("query", ["view=month&month=x", "view=month&month=0000-13", "view=month&month=9999-99", "view=x&page=-1",
                                   "view=month&month=2099-12", "view=month&month=1990-01", "topic=%27&region=x&provider=" + "y" * 500])  # fmt: skip
def test_odd_addresses_are_no_errors(client: FlaskClient, query: str) -> None:
    assert client.get(f"/runs?{query}").status_code == 200
    assert client.get(f"/runs.ics?{query}").status_code == 200


@time_machine.travel(ON, tick=False)
def test_calendars_hold_published_runs_of_all_or_of_one_thing(client: FlaskClient, runs: dict[str, Run]) -> None:
    def uids(path: str) -> set[str]:
        answer = client.get(path)
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        return {event["uid"].partition("@")[0] for event in Calendar.from_ical(answer.get_data()).events}

    first, long, over = (str(runs[name].id) for name in ("first", "long", "over"))
    assert uids("/runs.ics") == {first, long, over}
    assert uids("/runs.ics?topic=sicherheit") == {first}
    assert uids("/modules/zellen-bauen/runs.ics") == {long, over}
    assert uids("/measures/weg/runs.ics") == {first}
    assert uids(f"/runs/{long}.ics") == {long}
    for gone in (f"/runs/{runs['draft'].id}.ics", "/modules/geheimer-entwurf/runs.ics", "/measures/x/runs.ics"):
        assert client.get(gone).status_code == 404, gone


@time_machine.travel(ON, tick=False)
def test_the_list_can_be_taken_as_a_table(client: FlaskClient, runs: dict[str, Run]) -> None:
    text = client.get("/runs.csv").get_data(as_text=True)
    assert "Sicher lagern" in text
    assert "Belegte Plätze" not in text
    assert client.get("/runs.xlsx").get_data()[:2] == b"PK"
    assert client.get("/runs.pdf").status_code == 404
