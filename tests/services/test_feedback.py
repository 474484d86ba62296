"""Feedback: visibility chosen before the text, never widened; answers reach the giver."""

import pytest
from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Feedback, FeedbackKind, FeedbackState, FeedbackVisibility, Module, OutboxMail
from catalogue.services import feedback
from catalogue.services.errors import Invalid, NotAllowed, NotFound, Stale
from catalogue.services.feedback import FeedbackInput, InboxFilters
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import People

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


def test_only_staff_read_the_inbox_and_answer(session: Session, people: People, module: Module) -> None:
    given = feedback.give(session, people.member, WEAK, module)
    for verb in (
        lambda: feedback.inbox(session, people.member, InboxFilters()),
        lambda: feedback.read(session, people.member, given),
        lambda: feedback.answer(session, people.member, given, "Nein"),
        lambda: feedback.close(session, people.member, given),
        lambda: feedback.give(session, people.curator, WEAK, module),
        lambda: feedback.give(session, VISITOR, WEAK, module),
    ):
        with pytest.raises(NotAllowed):
            verb()


def test_the_inbox_counts_and_filters(session: Session, people: People, module: Module) -> None:
    weak = feedback.give(session, people.member, WEAK, module)
    feedback.give(session, people.stranger, FeedbackInput(FeedbackKind.QUESTION, "Wann wieder?"))
    feedback.read(session, people.curator, weak)
    box = feedback.inbox(session, people.curator, InboxFilters(states=(FeedbackState.READ,)))
    assert [one.text for one in box.items] == ["Zu wenig Praxis"]
    assert (box.total, box.counts[FeedbackState.NEW], box.counts[FeedbackState.READ]) == (1, 1, 1)
    box = feedback.inbox(session, people.curator, InboxFilters(kinds=(FeedbackKind.QUESTION,), page=99))
    assert (box.total, box.page, box.items[0].company.name) == (1, 1, "Beispiel GmbH")


def test_an_answer_reaches_the_giver_by_mail_once(session: Session, people: People, module: Module) -> None:
    given = feedback.get(session, people.curator, feedback.give(session, people.member, WEAK, module).id)
    feedback.answer(session, people.curator, given, "Ab 2027 mit Übungen", version=given.version)
    mail = session.scalars(select(OutboxMail)).one()
    assert mail.to == "alice@muster.example"
    assert "Ab 2027 mit Übungen" in mail.text
    assert "Zu wenig Praxis" not in mail.text
    assert (given.state, given.answered_by_id) == (FeedbackState.ANSWERED, people.curator.user_id)


def test_two_answers_at_once_do_not_overwrite_each_other(session: Session, people: People, module: Module) -> None:
    given = feedback.get(session, people.curator, feedback.give(session, people.member, WEAK, module).id)
    seen = given.version
    feedback.answer(session, people.curator, given, "Erste", version=seen)
    with pytest.raises(Stale):
        feedback.answer(session, people.admin, given, "Zweite", version=seen)
    with pytest.raises(Invalid):
        feedback.answer(session, people.admin, given, " ")
    assert given.answer == "Erste"
    feedback.close(session, people.admin, given)
    assert given.state == FeedbackState.CLOSED
