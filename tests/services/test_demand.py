"""What a company says about a module: one record, every change kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from catalogue.db import Database, Session, local_day, utcnow
from catalogue.models import (
    Confidentiality,
    Demand,
    DemandEvent,
    DemandSource,
    Module,
    Purpose,
    Relevance,
    Vocabulary,
    WorkflowState,
)
from catalogue.services import demand, demand_rules
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import People

FULL = DemandInput(
    Relevance.SHOULD, (Purpose.TRAINING, Purpose.BUSINESS), 6, "2027-Q1", "", "Erfurt", "zwei Schichten", Confidentiality.ANONYMOUS
)  # fmt: skip


@pytest.fixture
def module(database: Database) -> Module:
    with database.write() as session:
        return factories.make_module(session, "Sicherheit und Batterie")


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(DemandEvent.action).order_by(DemandEvent.id)))


def test_one_click_says_relevant_and_nothing_more(session: Session, people: People, module: Module) -> None:
    said = demand.mark_relevant(session, people.member, module)
    assert (said.relevance, said.people, said.purposes) == (Relevance.OPEN, None, [])
    assert said.confidentiality == Confidentiality.NETWORK
    assert actions(session) == ["marked"]


def test_a_second_click_keeps_what_a_colleague_said(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    said = demand.mark_relevant(session, people.company_admin, module)
    assert (said.people, said.relevance) == (6, Relevance.SHOULD)
    assert actions(session) == ["marked"]


def test_not_relevant_becomes_relevant_by_one_click(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, DemandInput(Relevance.NONE, note="passt nicht"))
    said = demand.mark_relevant(session, people.member, module)
    assert (said.relevance, said.note) == (Relevance.OPEN, "passt nicht")


def test_colleagues_share_one_record_and_see_who_changed_it(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    demand.mark(session, people.company_admin, module, DemandInput(Relevance.MUST, people=8))
    assert session.scalar(select(func.count()).select_from(Demand)) == 1
    found = demand.own(session, people.member, [module.id])[module.id]
    assert (found.people, found.updated_by.name) == (8, "Anton Muster")
    assert [(e.action, e.user_label) for e in demand.history(session, people.member, module)] == [
        ("changed", "Anton Muster"),
        ("marked", "Alice Muster"),
    ]


def test_every_event_holds_all_that_was_said(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    snapshot = session.scalars(select(DemandEvent)).one().snapshot
    assert snapshot == {
        "relevance": "should", "purposes": ["training", "business"], "people": 6, "period": "2027-Q1", "format": "",
        "place": "Erfurt", "note": "zwei Schichten", "confidentiality": "anonymous", "source": "self", "source_date": None,
        "confirmed_at": None, "withdrawn": False,
    }  # fmt: skip


def test_the_same_words_again_change_nothing(session: Session, people: People, module: Module) -> None:
    first = demand.mark(session, people.member, module, FULL)
    version = first.version
    demand.mark(session, people.company_admin, module, FULL)
    assert (first.version, actions(session)) == (version, ["marked"])


def test_withdrawing_keeps_the_record_and_leaves_all_lists(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    demand.withdraw(session, people.member, module)
    demand.withdraw(session, people.member, module)
    assert demand.own(session, people.member, [module.id]) == {}
    assert demand.own_list(session, people.member) == []
    assert demand.find(session, people.member, module) is None
    assert actions(session) == ["marked", "withdrawn"]
    assert demand.history(session, people.member, module)[0].snapshot["withdrawn"] is True


def test_marking_after_withdrawing_starts_afresh(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    demand.withdraw(session, people.member, module)
    said = demand.mark_relevant(session, people.member, module)
    assert (said.relevance, said.people, said.confidentiality) == (Relevance.OPEN, None, Confidentiality.NETWORK)
    assert actions(session) == ["marked", "withdrawn", "marked"]


def test_undo_brings_back_what_was_said_before(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    demand.withdraw(session, people.member, module)
    said = demand.undo(session, people.member, module)
    assert (said.people, said.withdrawn_at, said.confidentiality) == (6, None, Confidentiality.ANONYMOUS)
    assert actions(session) == ["marked", "withdrawn", "restored"]


def test_undoing_the_first_mark_withdraws_it(session: Session, people: People, module: Module) -> None:
    demand.mark_relevant(session, people.member, module)
    assert demand.undo(session, people.member, module).withdrawn_at is not None


def test_undo_does_not_take_back_a_colleagues_later_change(session: Session, people: People, module: Module) -> None:
    mine = demand.mark_relevant(session, people.member, module).version
    demand.mark(session, people.company_admin, module, FULL)
    with pytest.raises(Conflict):
        demand.undo(session, people.member, module, version=mine)
    assert demand.own(session, people.member, [module.id])[module.id].people == 6


def test_an_edit_from_an_old_form_is_refused(session: Session, people: People, module: Module) -> None:
    seen = demand.mark(session, people.member, module, FULL).version
    demand.mark(session, people.company_admin, module, DemandInput(people=9, version=seen))
    with pytest.raises(Conflict):
        demand.mark(session, people.member, module, DemandInput(people=2, version=seen))


def test_a_form_filled_before_anything_was_said_is_refused_too(
    session: Session, people: People, module: Module
) -> None:
    demand.mark(session, people.company_admin, module, FULL)
    with pytest.raises(Conflict):
        demand.mark(session, people.member, module, DemandInput(people=2, version=0))


@pytest.mark.parametrize(
    ("field", "input"),
    [
        ("people", DemandInput(people=0)),
        ("people", DemandInput(people=100_001)),
        ("people", DemandInput(people=-3)),
        ("period", DemandInput(period="2027-Q5")),
        ("period", DemandInput(period="Frühjahr")),
        ("period", DemandInput(period="2027-H1\n")),
        ("format", DemandInput(format_code="gibt-es-nicht")),
        ("place", DemandInput(place="x" * 201)),
        ("note", DemandInput(note="x" * 4001)),
    ],
)
def test_values_outside_the_rules_are_named(
    session: Session, people: People, module: Module, field: str, input: DemandInput
) -> None:
    with pytest.raises(Invalid) as refused:
        demand.mark(session, people.member, module, input)
    assert list(refused.value.fields) == [field]
    assert session.scalar(select(func.count()).select_from(Demand)) == 0


@pytest.mark.parametrize("period", ["", "2027", "2027-H1", "2027-H2", "2027-Q1", "2027-Q4"])
def test_all_ways_to_write_a_period_are_taken(session: Session, people: People, module: Module, period: str) -> None:
    assert demand.mark(session, people.member, module, DemandInput(period=period)).period == period


def test_formats_come_from_the_vocabulary(session: Session, people: People, module: Module) -> None:
    factories.make_term(session, Vocabulary.FORMAT, "online", "Online")
    assert (
        demand.mark(session, people.member, module, DemandInput(people=100_000, format_code="online")).format_code
        == "online"
    )


@pytest.mark.parametrize("state", [state for state in WorkflowState if state != WorkflowState.PUBLISHED])
def test_only_published_modules_can_be_newly_marked(session: Session, people: People, state: WorkflowState) -> None:
    hidden = factories.make_module(session, "Alt", state=state)
    with pytest.raises(Conflict):
        demand.mark_relevant(session, people.member, hidden)
    with pytest.raises(NotFound):
        demand.subject(session, people.member, hidden.slug)


def test_archived_modules_keep_their_demand(session: Session, people: People, module: Module) -> None:
    module = session.merge(module, load=False)
    demand.mark(session, people.member, module, FULL)
    module.state = WorkflowState.ARCHIVED
    session.flush()
    assert demand.subject(session, people.member, module.slug) is module
    assert demand.mark(session, people.member, module, DemandInput(people=2)).people == 2
    demand.withdraw(session, people.member, module)
    with pytest.raises(Conflict):
        demand.mark_relevant(session, people.member, module)
    with pytest.raises(NotFound):
        demand.subject(session, people.stranger, module.slug)


def test_after_midnight_in_berlin_today_is_no_day_of_the_future() -> None:
    with time_machine.travel("2026-11-22T23:30:00Z", tick=False):
        demand_rules.check_source(OnBehalf("muster", DemandSource.VISIT, date(2026, 11, 23)))
        with pytest.raises(Invalid):
            demand_rules.check_source(OnBehalf("muster", DemandSource.VISIT, date(2026, 11, 24)))


def test_staff_enter_on_behalf_and_the_company_confirms(session: Session, people: People, module: Module) -> None:
    yesterday = local_day() - timedelta(days=1)
    told = OnBehalf(people.company.slug, DemandSource.CALL, yesterday)
    said = demand.mark(session, people.curator, module, FULL, on_behalf=told)
    assert (said.company_id, said.source, said.source_date) == (people.company.id, DemandSource.CALL, yesterday)
    assert demand.needs_confirmation(said)
    demand.confirm(session, people.member, module)
    assert not demand.needs_confirmation(said)
    assert said.source == DemandSource.CALL
    assert actions(session) == ["marked", "confirmed"]


def test_a_change_by_the_company_makes_it_its_own_words(session: Session, people: People, module: Module) -> None:
    told = OnBehalf(people.company.slug, DemandSource.VISIT, local_day())
    demand.mark(session, people.curator, module, FULL, on_behalf=told)
    said = demand.mark(session, people.member, module, FULL)
    assert (said.source, said.source_date, demand.needs_confirmation(said)) == (DemandSource.SELF, None, False)


@pytest.mark.parametrize(
    ("field", "source", "days"),
    [("source_date", DemandSource.CALL, 1), ("source_date", DemandSource.CALL, None), ("source", DemandSource.SELF, 0)],
)
def test_on_behalf_needs_a_source_and_a_day_that_is_not_in_the_future(
    session: Session, people: People, module: Module, field: str, source: DemandSource, days: int | None
) -> None:
    day = None if days is None else local_day() + timedelta(days=days)
    with pytest.raises(Invalid) as refused:
        demand.mark(session, people.curator, module, FULL, on_behalf=OnBehalf(people.company.slug, source, day))
    assert list(refused.value.fields) == [field]


def test_only_staff_act_for_others(session: Session, people: People, module: Module) -> None:
    told = OnBehalf(people.other_company.slug, DemandSource.CALL, local_day())
    for actor in (people.member, people.company_admin, VISITOR):
        with pytest.raises(NotAllowed):
            demand.mark(session, actor, module, FULL, on_behalf=told)
    with pytest.raises(NotAllowed):
        demand.mark(session, VISITOR, module, FULL)
    with pytest.raises(Invalid):
        demand.mark(session, people.curator, module, FULL)
    with pytest.raises(NotAllowed):
        demand.find(session, people.member, module, company=people.other_company.slug)


def test_members_never_meet_the_records_of_others(session: Session, people: People, module: Module) -> None:
    demand.mark(session, people.member, module, FULL)
    assert demand.own(session, people.stranger, [module.id]) == {}
    assert demand.own_list(session, people.stranger) == []
    for verb in (demand.withdraw, demand.undo, demand.confirm, demand.history):
        with pytest.raises(NotFound):
            verb(session, people.stranger, module)


def test_after_twelve_months_it_is_asked_for_again(session: Session, people: People, module: Module) -> None:
    said = demand.mark(session, people.member, module, FULL)
    today = said.updated_at.date()
    assert not demand.is_outdated(said, today + timedelta(days=365))
    assert demand.is_outdated(said, today + timedelta(days=366))
    said.updated_at = utcnow() - timedelta(days=400)
    session.flush()
    assert demand.confirm_outdated(session, people.member) == 1
    assert not demand.is_outdated(said)


def test_saving_an_old_record_unchanged_confirms_it(session: Session, people: People, module: Module) -> None:
    said = demand.mark(session, people.member, module, FULL)
    said.updated_at = utcnow() - timedelta(days=400)
    session.flush()
    demand.mark(session, people.member, module, FULL)
    assert actions(session) == ["marked", "confirmed"]


def test_six_colleagues_pressing_at_once_leave_one_record(database: Database, people: People, module: Module) -> None:
    actors = [people.member, people.company_admin] * 3

    def press(number: int) -> None:
        with database.write() as session:
            demand.mark_relevant(session, actors[number], session.get_one(Module, module.id))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(press, range(6)))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Demand)) == 1
        assert actions(session) == ["marked"]


def test_six_threads_changing_one_record_lose_nothing(database: Database, people: People, module: Module) -> None:
    def change(number: int) -> None:
        for step in range(5):
            with database.write() as session:
                found = session.get_one(Module, module.id)
                if (number + step) % 2:
                    demand.mark(session, people.member, found, DemandInput(people=1 + number * 5 + step))
                else:
                    demand.mark_relevant(session, people.company_admin, found)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(6)))
    with database.read() as session:
        record = session.scalars(select(Demand)).one()
        last = session.scalars(select(DemandEvent).order_by(DemandEvent.id.desc())).first()
        assert record.people == last.snapshot["people"]
        # 15 marks with 15 different numbers: each is an event; one more if a click came first
        assert sorted(
            {e.snapshot["people"] for e in session.scalars(select(DemandEvent)) if e.snapshot["people"]}
        ) == sorted(1 + number * 5 + step for number in range(6) for step in range(5) if (number + step) % 2)
        assert record.version == len(actions(session))
