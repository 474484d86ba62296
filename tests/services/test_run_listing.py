"""Runs of all modules: what visitors and staff find, filtered and in German order."""

from datetime import date
from typing import Any

import pytest

from catalogue.db import Session
from catalogue.models import Measure, MeasureModule, Module, Run, RunState, Vocabulary, WorkflowState
from catalogue.services import run_listing, run_table
from catalogue.services.errors import NotAllowed, NotFound
from catalogue.services.run_listing import RunQuery
from tests import factories
from tests.conftest import People

DAY = date(2027, 2, 16)


@pytest.fixture
def modules(session: Session) -> dict[str, Module]:
    """Three published modules and a draft, each with one run or two."""
    parent = factories.make_term(session, Vocabulary.TOPIC, "sicherheit")
    child = factories.make_term(session, Vocabulary.TOPIC, "brandschutz", parent_id=parent.id)
    region = factories.make_term(session, Vocabulary.REGION, "thueringen")
    factories.make_term(session, Vocabulary.REGION, "online")
    provider = factories.make_provider(session, "Akademie Nord")
    made = {
        "ägypten": factories.make_module(session, "Ägypten", terms=[child], provider=provider),
        "zelle": factories.make_module(session, "Zelle", terms=[parent]),
        "bau": factories.make_module(session, "Bau"),
        "entwurf": factories.make_module(session, "Entwurf", state=WorkflowState.DRAFT),
    }
    add(session, made["zelle"], booked=12, max_participants=12)
    add(session, made["bau"], online=True, ends_on=date(2027, 2, 20), state=RunState.CANCELLED)
    add(session, made["ägypten"], region=region, booked=3, max_participants=12, place="Jena")
    add(session, made["ägypten"], starts_on=date(2026, 5, 5), state=RunState.HELD)
    add(session, made["entwurf"])
    measure = Measure(slug="m", title="M", sort_title="m", state=WorkflowState.PUBLISHED)
    measure.parts = [MeasureModule(module_id=made["zelle"].id), MeasureModule(module_id=made["entwurf"].id, position=1)]
    session.add(measure)
    session.flush()
    return made


def add(session: Session, module: Module, **values: Any) -> None:
    session.add(Run(module=module, **{"starts_on": DAY} | values))
    session.flush()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RunQuery(), ["Ägypten", "Ägypten", "Bau", "Zelle"]),
        (RunQuery(since=date(2027, 2, 18)), ["Bau"]),  # it goes on until the 20th
        (RunQuery(until=date(2026, 12, 31)), ["Ägypten"]),
        (RunQuery(topic="sicherheit", since=DAY), ["Ägypten", "Zelle"]),  # with the topics below it
        (RunQuery(topic="brandschutz", since=DAY), ["Ägypten"]),
        (RunQuery(topic="gibt-es-nicht"), []),
        (RunQuery(region="thueringen"), ["Ägypten"]),
        (RunQuery(region="online"), ["Bau"]),
        (RunQuery(provider="akademie-nord", since=DAY), ["Ägypten"]),
        (RunQuery(measure="m"), ["Zelle"]),
        (RunQuery(text="jena"), ["Ägypten"]),
        (RunQuery(seats="free"), ["Ägypten"]),
        (RunQuery(seats="full"), ["Zelle"]),
        (RunQuery(state="cancelled"), ["Bau"]),
        (RunQuery(sort="-module", since=DAY), ["Zelle", "Bau", "Ägypten"]),
    ],
)
def test_visitors_find_runs_of_published_modules(
    session: Session, people: People, modules: dict[str, Module], query: RunQuery, expected: list[str]
) -> None:
    found = run_listing.published(session, people.visitor, query)
    assert [run.module.title for run in found.runs] == expected
    assert found.total == len(expected)


def test_staff_find_all_runs_and_only_they(session: Session, people: People, modules: dict[str, Module]) -> None:
    assert run_listing.listing(session, people.curator, RunQuery(text="entwurf")).total == 1
    for sort in run_listing.SORTS:
        assert run_listing.listing(session, people.curator, RunQuery(sort=f"-{sort}", page=9)).pages == 1
    with pytest.raises(NotAllowed):
        run_listing.listing(session, people.member, RunQuery())


def test_only_what_some_run_has_is_offered(session: Session, people: People, modules: dict[str, Module]) -> None:
    offered = run_listing.offered(session, people.visitor, since=DAY)
    assert [term.code for term in offered.topics] == ["brandschutz", "sicherheit"]
    assert [term.code for term in offered.regions] == ["thueringen"]
    assert [provider.slug for provider in offered.providers] == ["akademie-nord"]


def test_a_run_of_a_draft_is_not_there(session: Session, people: People, modules: dict[str, Module]) -> None:
    (run,) = run_listing.listing(session, people.curator, RunQuery(text="entwurf")).runs
    with pytest.raises(NotFound):
        run_listing.one_published(session, people.curator, run.id)


def test_bookings_and_remarks_are_in_the_table_of_staff_only(
    session: Session, people: People, modules: dict[str, Module]
) -> None:
    runs = run_listing.published(session, people.visitor, RunQuery()).runs
    public, staff = (make(runs, "https://x.example") for make in (run_table.public_table, run_table.staff_table))
    assert {"booked", "free", "note"}.isdisjoint(column.key for column in public.columns)
    assert all({"booked", "note"}.isdisjoint(row) for row in public.rows)
    assert [row["free"] for row in staff.rows] == [None, 9, None, 0]
