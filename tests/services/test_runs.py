"""Runs: added, changed, copied, cancelled without vanishing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from catalogue.db import Session
from catalogue.models import Run, RunState, Vocabulary
from catalogue.services import runs, thing_history
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.runs import RunInput
from tests import factories
from tests.conftest import People

DAY = date(2027, 2, 16)
GIVEN = RunInput(starts_on=DAY, ends_on=date(2027, 2, 17), place="Erfurt", min_participants=4, max_participants=10)


def test_a_run_is_added_changed_and_cancelled_with_a_reason_but_stays(session: Session, people: People) -> None:
    module = factories.make_module(session)
    factories.make_term(session, Vocabulary.REGION, "thueringen")
    run = runs.add(session, people.curator, module, replace(GIVEN, region="thueringen"))
    runs.update(session, people.curator, module, run, replace(runs.input_of(run), place="Ilmenau"), run.version)
    with pytest.raises(Invalid):
        runs.cancel(session, people.curator, module, run, " ", run.version)
    runs.cancel(session, people.curator, module, run, "Zu wenige Anmeldungen", run.version)
    found = runs.of_module(session, module)
    assert [(one.place, one.state, one.region and one.region.code, one.cancel_reason) for one in found] == [
        ("Ilmenau", RunState.CANCELLED, "thueringen", "Zu wenige Anmeldungen")
    ]
    history = thing_history.entries(session, people.curator, "run.edit", [run.id])
    assert [(entry.action, [(one.field, one.before, one.after) for one in entry.changes]) for entry in history] == [
        ("run.cancel", [("state", "planned", "cancelled"), ("cancel_reason", "", "Zu wenige Anmeldungen")]),
        ("run.change", [("place", "Erfurt", "Ilmenau")]),
        ("run.add", []),
    ]
    back = replace(runs.input_of(run), state=RunState.PLANNED)
    assert runs.update(session, people.curator, module, run, back, run.version).cancel_reason == ""


def test_a_copy_keeps_all_but_the_outcome_and_falls_on_the_same_days_of_the_week(
    session: Session, people: People
) -> None:
    module = factories.make_module(session)
    given = replace(GIVEN, decide_by=date(2027, 1, 29), booked=3, state=RunState.HELD)
    run = runs.add(session, people.curator, module, given)
    assert runs.copy_of(run, 6) == replace(
        GIVEN, starts_on=date(2027, 3, 30), ends_on=date(2027, 3, 31), decide_by=date(2027, 3, 12)
    )
    assert runs.weeks_until(run, date(2027, 1, 1)) == 4
    assert runs.weeks_until(run, date(2027, 4, 6)) == 8  # seven weeks later would be today
    assert runs.copy_of(run, 10**6).starts_on is None


def test_free_seats_are_known_only_if_capacity_and_bookings_are() -> None:
    assert Run(max_participants=10, booked=7).free_seats == 3
    assert Run(max_participants=10).free_seats is None
    assert Run(booked=7).free_seats is None
    assert Run(state=RunState.FULL).free_seats == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"starts_on": None}, "starts_on"),
        ({"ends_on": date(2027, 2, 15)}, "ends_on"),
        ({"decide_by": date(2027, 3, 1)}, "decide_by"),
        ({"starts_on": date(1000, 1, 1)}, "starts_on"),
        ({"starts_on": date(9999, 1, 1), "ends_on": None}, "starts_on"),
        ({"min_participants": 11}, "max_participants"),
        ({"booked": 11}, "booked"),
        ({"state": RunState.CANCELLED}, "cancel_reason"),
        ({"booking_url": "data:text/html,x"}, "booking_url"),
        ({"region": "unbekannt"}, "region"),
        ({"place": "x" * 201}, "place"),
    ],
)
def test_a_broken_rule_is_named_at_its_field(
    session: Session, people: People, values: dict[str, Any], field: str
) -> None:
    module = factories.make_module(session)
    with pytest.raises(Invalid) as refused:
        runs.add(session, people.curator, module, replace(GIVEN, **values))
    assert list(refused.value.fields) == [field]
    assert session.query(Run).count() == 0


def test_a_run_is_found_at_its_own_module_only(session: Session, people: People) -> None:
    run = runs.add(session, people.curator, factories.make_module(session), GIVEN)
    with pytest.raises(NotFound):
        runs.get(session, factories.make_module(session), run.id)


def test_stale_edits_and_other_people_are_refused(session: Session, people: People) -> None:
    module = factories.make_module(session)
    run = runs.add(session, people.curator, module, GIVEN)
    with pytest.raises(Stale):
        runs.update(session, people.curator, module, run, GIVEN, run.version + 1)
    for actor in (people.visitor, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            runs.add(session, actor, module, GIVEN)
        with pytest.raises(NotAllowed):
            runs.update(session, actor, module, run, GIVEN, run.version)
        with pytest.raises(NotAllowed):
            runs.cancel(session, actor, module, run, "Krank")
