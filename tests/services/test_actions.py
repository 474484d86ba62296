"""Actions: who does what until when; late ones are named, dropped ones say why."""

from datetime import timedelta

import pytest

from catalogue.db import Session
from catalogue.models import ActionState, DecisionKind, Wish
from catalogue.services import actions, decisions
from catalogue.services import reports as clock
from catalogue.services.actions import ActionInput, ActionQuery
from catalogue.services.decisions import DecisionInput
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from tests import factories
from tests.conftest import People

OPEN, STARTED, DONE, DROPPED = ActionState
DAY = timedelta(days=1)


def test_only_staff_see_and_change_them(session: Session, people: People) -> None:
    action = actions.create(session, people.curator, ActionInput("Anbieter fragen"))
    for refused in (
        lambda: actions.create(session, people.member, ActionInput("x")),
        lambda: actions.get(session, people.member, action.id),
        lambda: actions.listing(session, people.member, ActionQuery()),
        lambda: actions.update(session, people.company_admin, action, ActionInput("x"), action.version),
    ):
        with pytest.raises(NotAllowed):
            refused()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("title", ActionInput(" \n ")),
        ("title", ActionInput("x" * 301)),
        ("note", ActionInput("x", note="x" * 4001)),
        ("note", ActionInput("x", state=DROPPED)),
        ("responsible", ActionInput("x", responsible="x" * 201)),
    ],
)
def test_values_outside_the_rules_are_named(session: Session, people: People, field: str, given: ActionInput) -> None:
    with pytest.raises(Invalid) as refused:
        actions.create(session, people.curator, given)
    assert list(refused.value.fields) == [field]


def test_an_action_belongs_to_one_thing_that_exists(session: Session, people: People) -> None:
    module = factories.make_module(session)
    decision = decisions.decide(session, people.curator, module, DecisionInput(DecisionKind.ADAPT))
    wish = Wish(company_id=people.company.id, title="Lagern")
    session.add(wish)
    session.flush()
    with pytest.raises(Invalid):
        actions.create(session, people.curator, ActionInput("x", decision_id=decision.id, wish_id=wish.id))
    with pytest.raises(NotFound):
        actions.create(session, people.curator, ActionInput("x", decision_id=wish.id))
    made = actions.create(session, people.curator, ActionInput("Gliederung kürzen", decision_id=decision.id))
    assert actions.of_decision(session, people.curator, decision) == [made]
    assert actions.create(session, people.curator, ActionInput("x", wish_id=wish.id)).wish_id == wish.id


def test_late_is_what_is_running_after_its_day(session: Session, people: People) -> None:
    on = clock.today()
    for title, due, state in (
        ("gestern", on - DAY, OPEN),
        ("gestern begonnen", on - DAY, STARTED),
        ("gestern erledigt", on - DAY, DONE),
        ("heute", on, OPEN),
        ("irgendwann", None, OPEN),
    ):
        actions.create(session, people.curator, ActionInput(title, due_on=due, state=state, responsible="AK"))

    def titles(**values: object) -> list[str]:
        return [one.title for one in actions.listing(session, people.curator, ActionQuery(**values)).actions]  # type: ignore[arg-type]

    assert actions.count_late(session, people.curator) == 2
    assert sorted(titles(late=True)) == ["gestern", "gestern begonnen"]
    assert titles()[2:] == ["heute", "irgendwann"]  # no day comes last
    assert titles(states=(DONE,)) == ["gestern erledigt"]
    assert len(titles(states=())) == 5
    assert titles(responsible="niemand") == []
    found = actions.listing(session, people.curator, ActionQuery(states=()), everything=True)
    assert [row["late"] for row in actions.table(found).rows].count("ja") == 2


def test_changes_are_kept_apart_and_an_end_is_dated_once(session: Session, people: People) -> None:
    action = actions.create(session, people.curator, ActionInput("Anbieter fragen"))
    read = action.version
    actions.update(session, people.curator, action, ActionInput("Anbieter fragen", state=DONE, note="hat Platz"), read)
    ended = action.ended_at
    assert ended
    with pytest.raises(Stale):
        actions.update(session, people.admin, action, ActionInput("anders"), read)
    actions.update(session, people.curator, action, ActionInput("x", state=DONE), action.version)
    assert action.ended_at == ended
    actions.update(session, people.curator, action, ActionInput("x", state=STARTED), action.version)
    assert action.ended_at is None
