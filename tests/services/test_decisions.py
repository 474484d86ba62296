"""Decisions: one holds per module, the past stays, nobody overwrites another, what was taken back gives way to the one before."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import AuditEvent, Decision, DecisionKind, DecisionState, Module
from catalogue.services import decision_listing, decisions
from catalogue.services import reports as clock
from catalogue.services.decision_listing import DecisionQuery
from catalogue.services.decisions import DecisionInput
from catalogue.services.errors import Conflict, Invalid, NotAllowed, Stale
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import People

CARRY_OUT, ADAPT, WATCH, DROP = DecisionKind
OPEN, DONE, SUPERSEDED, WITHDRAWN = DecisionState


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Sicher lagern")


def decide(
    session: Session, people: People, module: Module, kind: DecisionKind = CARRY_OUT, **values: object
) -> Decision:
    return decisions.decide(session, people.curator, module, DecisionInput(kind, **values))  # type: ignore[arg-type]


def test_only_staff_decide_and_read(session: Session, people: People, module: Module) -> None:
    decision = decide(session, people, module)
    for actor in (VISITOR, people.member, people.company_admin):
        with pytest.raises(NotAllowed):
            decisions.decide(session, actor, module, DecisionInput(DROP))
        with pytest.raises(NotAllowed):
            decisions.get(session, actor, decision.id)
        with pytest.raises(NotAllowed):
            decisions.withdraw(session, actor, decision, "nein")
        with pytest.raises(NotAllowed):
            decision_listing.listing(session, actor, DecisionQuery())


def test_a_new_decision_takes_the_place_of_the_one_before(session: Session, people: People, module: Module) -> None:
    first = decide(session, people, module, WATCH)
    second = decide(session, people, module, CARRY_OUT)
    assert (first.state, first.superseded_by_id, first.holds) == (SUPERSEDED, second.id, False)
    assert (second.state, second.decided_on, second.decided_by) == (OPEN, clock.today(), people.curator.label)
    assert decisions.current(session, people.curator, module) is second
    assert set(decisions.of_module(session, people.curator, module.id)) == {first, second}


def test_what_was_taken_back_gives_way_to_the_one_before(session: Session, people: People, module: Module) -> None:
    first = decide(session, people, module, WATCH)
    decisions.finish(session, people.curator, first, "beobachtet")
    second = decide(session, people, module)
    with pytest.raises(Invalid) as refused:
        decisions.withdraw(session, people.curator, second, "  ")
    assert list(refused.value.fields) == ["end_reason"]
    assert decisions.withdraw(session, people.curator, second, "Irrtum") is first
    assert (second.state, second.end_reason, first.state, first.holds) == (WITHDRAWN, "Irrtum", DONE, True)
    with pytest.raises(Conflict):
        decisions.withdraw(session, people.curator, second, "nochmal")
    with pytest.raises(Conflict):
        decisions.update(session, people.curator, second, DecisionInput(DROP), second.version)


def test_who_read_an_older_state_must_look_again(session: Session, people: People, module: Module) -> None:
    first = decisions.decide(session, people.curator, module, DecisionInput(WATCH), "")
    with pytest.raises(Stale) as stale:
        decisions.decide(session, people.admin, module, DecisionInput(DROP), "")
    assert stale.value.current is first
    decisions.decide(session, people.admin, module, DecisionInput(DROP), first.id)
    other = decide(session, people, factories.make_module(session))
    version = other.version
    decisions.update(session, people.curator, other, DecisionInput(ADAPT, "Wird kürzer."), version)
    for late in (
        lambda: decisions.update(session, people.admin, other, DecisionInput(DROP), version),
        lambda: decisions.finish(session, people.admin, other, "", version),
        lambda: decisions.withdraw(session, people.admin, other, "weg", version),
    ):
        with pytest.raises(Stale):
            late()
    assert (other.kind, other.answer) == (ADAPT, "Wird kürzer.")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("kind", DecisionInput("vielleicht")),  # type: ignore[arg-type]
        ("answer", DecisionInput(DROP, "x" * 4001)),
        ("answer", DecisionInput(DROP, public=True)),
        ("reason", DecisionInput(DROP, reason="x" * 4001)),
        ("source", DecisionInput(DROP, source="x" * 201)),
        ("responsible", DecisionInput(DROP, responsible="x" * 201)),
        ("decided_on", DecisionInput(DROP, decided_on=date(2200, 1, 1))),
        ("due_on", DecisionInput(DROP, decided_on=date(2026, 2, 1), due_on=date(2026, 1, 31))),
    ],
)
def test_values_outside_the_rules_are_named(
    session: Session, people: People, module: Module, field: str, given: DecisionInput
) -> None:
    with pytest.raises(Invalid) as refused:
        decisions.decide(session, people.curator, module, given)
    assert list(refused.value.fields) == [field]
    assert session.scalars(select(Decision)).all() == []


def test_responsible_is_somebody_of_the_office_or_a_name(session: Session, people: People, module: Module) -> None:
    with pytest.raises(Invalid) as refused:
        decide(session, people, module, responsible_id=people.member_user.id)
    assert list(refused.value.fields) == ["responsible_id"]
    assert decide(session, people, module, responsible="  Arbeitskreis\nBildung ").responsible == "Arbeitskreis Bildung"
    assert decide(session, people, module, responsible_id=people.admin_user.id).responsible == people.admin_user.name


def test_companies_read_it_from_the_first_sentence_on(session: Session, people: People, module: Module) -> None:
    decision = decide(session, people, module)
    assert decision.published_at is None
    said = DecisionInput(CARRY_OUT, "Zwei Termine 2027.")
    decisions.update(session, people.curator, decision, said, decision.version)
    since = decision.published_at
    assert since is not None
    decisions.update(
        session, people.curator, decision, DecisionInput(CARRY_OUT, "Drei Termine 2027."), decision.version
    )
    assert decision.published_at == since
    decisions.update(session, people.curator, decision, DecisionInput(CARRY_OUT), decision.version)
    assert decision.published_at is None


def test_done_can_be_taken_back(session: Session, people: People, module: Module) -> None:
    decision = decide(session, people, module)
    decisions.finish(session, people.curator, decision, " 12 Personen waren dabei ")
    assert (decision.state, decision.done_note) == (DONE, "12 Personen waren dabei")
    decisions.reopen(session, people.curator, decision)
    assert (decision.state, decision.done_at, decision.done_note) == (OPEN, None, "")
    with pytest.raises(Conflict):
        decisions.reopen(session, people.curator, decision)


def test_every_step_is_in_the_record(session: Session, people: People, module: Module) -> None:
    decision = decide(session, people, module, reason="zu teuer")
    decisions.update(session, people.curator, decision, DecisionInput(DROP, "Kein Bedarf mehr."), decision.version)
    decisions.finish(session, people.curator, decision, "")
    decisions.reopen(session, people.curator, decision)
    decisions.withdraw(session, people.curator, decision, "Irrtum")
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.action.removeprefix("decision.") for event in events] == [
        "made", "changed", "done", "reopened", "withdrawn",
    ]  # fmt: skip
    assert {event.thing_label for event in events} == {"Sicher lagern"}
    assert {"field": "kind", "before": "carry_out", "after": "drop"} in events[1].details["changes"]


def test_the_list_is_filtered_and_says_what_is_late(session: Session, people: People) -> None:
    on, day = clock.today(), timedelta(days=1)
    topic = factories.make_term(session, factories.Vocabulary.TOPIC, "recht", "Recht")
    one, two, three = (factories.make_module(session, title) for title in ("Eins", "Zwei", "Drei"))
    three.terms = [topic]
    past = {"decided_on": on - 9 * day}
    decide(session, people, one, due_on=on - day, responsible="AK Bildung", **past)
    decide(session, people, two, DROP, due_on=on, answer="Es gibt ein anderes Modul.", **past)
    done = decide(session, people, three, responsible_id=people.curator_user.id, due_on=on - day, **past)
    decisions.finish(session, people.curator, done, "")

    def titles(**values: object) -> list[str]:
        found = decision_listing.listing(session, people.curator, DecisionQuery(**values))  # type: ignore[arg-type]
        return [decision.module.title for decision in found.decisions]

    assert titles() == ["Eins", "Zwei"]  # what is due first comes first
    assert titles(state="all", kind="drop") == ["Zwei"]
    assert titles(state="done") == ["Drei"]
    assert titles(late=True, state="done") == ["Eins"]  # what is done is never late
    assert titles(untold=True) == ["Eins"]
    assert titles(state="all", responsible=str(people.curator_user.id)) == ["Drei"]
    assert titles(responsible="AK Bildung") == ["Eins"]
    assert titles(state="all", topic="recht") == ["Drei"]
    assert decision_listing.count_late(session, people.curator) == 1
    every = decision_listing.listing(session, people.curator, DecisionQuery(state="all"), everything=True)
    rows = decision_listing.table(every).rows
    assert {(row["module"], row["late"]) for row in rows} == {("Eins", "ja"), ("Zwei", ""), ("Drei", "")}


def test_what_held_on_a_day_is_known_later(session: Session, people: People, module: Module) -> None:
    on, day = clock.today(), timedelta(days=1)
    first = decide(session, people, module, WATCH, decided_on=on - 20 * day)
    second = decide(session, people, module, DROP, decided_on=on - 5 * day)
    first.ended_at = second.created_at = second.created_at - 5 * day
    session.flush()

    def kind(before: int | None) -> DecisionKind | None:
        as_of = on - before * day if before is not None else None
        found = decision_listing.standings(session, people.curator, as_of).get(module.slug)
        return found.kind if found else None

    assert [kind(before) for before in (21, 20, 6, 5, None)] == [None, WATCH, WATCH, DROP, DROP]
