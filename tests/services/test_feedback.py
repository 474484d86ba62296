"""Feedback: visibility chosen before the text, never widened; changed while new, taken back at any time."""

import pytest
from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import (
    AuditEvent,
    Company,
    Feedback,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
    Module,
)
from catalogue.services import feedback, feedback_desk, recipients
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from catalogue.services.feedback import FeedbackInput
from catalogue.services.feedback_desk import Reply
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import ON_SQLITE, People

WEAK = FeedbackInput(FeedbackKind.WEAKNESS, "Zu wenig Praxis")


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Sicherheit und Batterie")


def test_a_remark_is_for_the_network_office_unless_said_otherwise(
    session: Session, people: People, module: Module
) -> None:
    given = feedback.give(session, people.member, WEAK, module)
    assert (given.visibility, given.state) == (FeedbackVisibility.NETWORK, FeedbackState.NEW)
    assert feedback.of_module(session, people.stranger, module) == []


@pytest.mark.parametrize("text", ["", "   \n", "x" * 4001])
def test_a_remark_needs_a_text_of_possible_length(session: Session, people: People, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        feedback.give(session, people.member, FeedbackInput(FeedbackKind.STRENGTH, text))
    assert list(refused.value.fields) == ["text"]


def test_a_second_press_adds_nothing(session: Session, people: People, module: Module) -> None:
    assert feedback.give(session, people.member, WEAK, module) is feedback.give(session, people.member, WEAK, module)
    assert session.scalar(select(func.count()).select_from(Feedback)) == 1


@pytest.mark.parametrize("visibility", list(FeedbackVisibility))
def test_other_members_read_only_what_is_for_all_members(
    session: Session, people: People, module: Module, visibility: FeedbackVisibility
) -> None:
    feedback.give(session, people.member, FeedbackInput(FeedbackKind.STRENGTH, "Gut", visibility), module)
    seen = feedback.of_module(session, people.stranger, module)
    assert bool(seen) == (visibility == FeedbackVisibility.MEMBERS)
    assert feedback.of_module(session, VISITOR, module) == []


def test_nobody_else_opens_the_remark_of_a_company(session: Session, people: People, module: Module) -> None:
    given = feedback.give(
        session, people.member, FeedbackInput(FeedbackKind.STRENGTH, "Gut", FeedbackVisibility.MEMBERS), module
    )
    assert feedback.get(session, people.company_admin, given.id) is given
    assert feedback.get(session, people.curator, given.id) is given
    with pytest.raises(NotFound):
        feedback.get(session, people.stranger, given.id)
    assert feedback.own_list(session, people.stranger) == []
    assert [one.id for one in feedback.own_list(session, people.company_admin)] == [given.id]


def test_the_giver_may_write_it_differently_until_it_is_seen(session: Session, people: People, module: Module) -> None:
    given = feedback.get(session, people.member, feedback.give(session, people.member, WEAK, module).id)
    seen = given.version
    feedback.update(session, people.member, given, FeedbackInput(FeedbackKind.QUESTION, "Mehr Praxis?"), seen)
    assert (given.kind, given.text) == (FeedbackKind.QUESTION, "Mehr Praxis?")
    with pytest.raises(Stale):
        feedback.update(session, people.member, given, WEAK, seen)
    with pytest.raises(Invalid):
        feedback.update(session, people.member, given, FeedbackInput(FeedbackKind.QUESTION, " "), None)
    feedback_desk.see(session, people.curator, given)
    assert not feedback.may_edit(people.member, given)
    with pytest.raises(Conflict):
        feedback.update(session, people.member, given, WEAK, None)
    assert given.text == "Mehr Praxis?"


def test_who_wrote_it_and_the_companys_admin_take_it_back_at_any_time_and_nothing_stays(
    session: Session, people: People, module: Module
) -> None:
    for who in (people.member, people.company_admin):
        given = feedback.get(session, people.member, feedback.give(session, people.member, WEAK, module).id)
        feedback_desk.decide(session, people.curator, given, Reply(FeedbackState.PLANNED, "Wir sehen es uns an"))
        feedback.withdraw(session, who, given)
        assert session.scalar(select(func.count()).select_from(Feedback)) == 0
        assert session.scalar(select(func.count()).select_from(FeedbackStep)) == 0
    kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "feedback.withdrawn")).all()
    assert len(kept) == 2
    assert "Praxis" not in str([event.details for event in kept])


def test_nobody_else_takes_it_back(session: Session, people: People, module: Module) -> None:
    given = feedback.get(session, people.company_admin, feedback.give(session, people.company_admin, WEAK, module).id)
    for who in (people.member, people.stranger, people.curator, VISITOR):
        assert not feedback.may_change(who, given)
        with pytest.raises(NotAllowed):
            feedback.withdraw(session, who, given)
        with pytest.raises(NotAllowed):
            feedback.update(session, who, given, WEAK, None)


@ON_SQLITE
def test_members_read_nothing_of_companies_that_left_the_network(session: Session, people: People) -> None:
    module = factories.make_module(session)
    company = factories.make_company(session, "Weg GmbH")
    session.add(
        Feedback(
            company_id=company.id, module_id=module.id, kind=FeedbackKind.STRENGTH, text="Gut.",
            visibility=FeedbackVisibility.MEMBERS,
        )
    )  # fmt: skip
    session.flush()
    assert [one.text for one in feedback.of_module(session, people.member, module)] == ["Gut."]
    company.active = False
    session.flush()
    assert feedback.of_module(session, people.member, module) == []


@ON_SQLITE
def test_nobody_of_a_company_that_left_is_written_to(session: Session, people: People) -> None:
    module = factories.make_module(session)
    assert recipients.concerned(session, module.id, [people.company.id])
    session.get_one(Company, people.company.id).active = False
    session.flush()
    assert recipients.concerned(session, module.id, [people.company.id]) == {}
