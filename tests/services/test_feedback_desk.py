"""What the network office does with remarks: decisions and moderation with reasons, each of which reaches the giver."""

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import (
    AuditEvent,
    Feedback,
    FeedbackAction,
    FeedbackKind,
    FeedbackState,
    FeedbackVisibility,
    Module,
    OutboxMail,
    WorkflowState,
)
from catalogue.services import feedback, feedback_desk
from catalogue.services import people as people_service
from catalogue.services.errors import Conflict, Invalid, NotAllowed, Stale
from catalogue.services.feedback import FeedbackInput
from catalogue.services.feedback_desk import InboxFilters, Move, Reply
from catalogue.services.permissions import VISITOR
from tests import factories
from tests.conftest import ON_SQLITE, People

WEAK = FeedbackInput(FeedbackKind.WEAKNESS, "Zu wenig Praxis", FeedbackVisibility.MEMBERS)


@pytest.fixture
def module(session: Session) -> Module:
    return factories.make_module(session, "Sicherheit und Batterie")


@pytest.fixture
def given(session: Session, people: People, module: Module) -> Feedback:
    return feedback.get(session, people.curator, feedback.give(session, people.member, WEAK, module).id)


def mails(session: Session) -> list[OutboxMail]:
    return list(session.scalars(select(OutboxMail).order_by(OutboxMail.created_at, OutboxMail.id)))


def test_only_staff_read_the_inbox_decide_and_moderate(session: Session, people: People, given: Feedback) -> None:
    for actor in (people.member, people.company_admin, people.stranger, VISITOR):
        for verb in (
            lambda: feedback_desk.inbox(session, actor, InboxFilters()),  # noqa: B023
            lambda: feedback_desk.see(session, actor, given),  # noqa: B023
            lambda: feedback_desk.decide(session, actor, given, Reply(FeedbackState.DONE, "Ja")),  # noqa: B023
            lambda: feedback_desk.hide(session, actor, given, "Werbung"),  # noqa: B023
            lambda: feedback_desk.show_again(session, actor, given),  # noqa: B023
            lambda: feedback_desk.move(session, actor, given, Move(FeedbackKind.QUESTION, reason="x")),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                verb()
    with pytest.raises(NotAllowed):
        feedback.give(session, people.curator, WEAK)


def test_the_inbox_counts_and_filters(session: Session, people: People, given: Feedback) -> None:
    feedback.give(session, people.stranger, FeedbackInput(FeedbackKind.QUESTION, "Wann wieder?"))
    feedback_desk.see(session, people.curator, given)
    box = feedback_desk.inbox(session, people.curator, InboxFilters(states=(FeedbackState.SEEN,)))
    assert [one.text for one in box.items] == ["Zu wenig Praxis"]
    assert (box.total, box.counts[FeedbackState.NEW], box.counts[FeedbackState.SEEN]) == (1, 1, 1)
    box = feedback_desk.inbox(session, people.curator, InboxFilters(kinds=(FeedbackKind.QUESTION,), page=99))
    assert (box.total, box.page, box.items[0].company.name) == (1, 1, "Beispiel GmbH")
    assert feedback_desk.inbox(session, people.curator, InboxFilters(hidden=True)).total == 0


def test_each_decision_reaches_the_giver_once_with_its_answer(
    session: Session, people: People, given: Feedback
) -> None:
    feedback_desk.see(session, people.curator, given)
    feedback_desk.see(session, people.curator, given)
    assert mails(session) == [], "that it was looked at shows the page"
    for state, answer in ((FeedbackState.PLANNED, "Ab 2027 mit Übungen"), (FeedbackState.DONE, "Im Plan 2027")):
        feedback_desk.decide(session, people.curator, given, Reply(state, answer, given.version))
    assert [mail.to for mail in mails(session)] == ["alice@muster.example"] * 2
    assert "geplant" in mails(session)[0].text
    assert "Ab 2027 mit Übungen" in mails(session)[0].text
    assert all("Zu wenig Praxis" not in mail.text + mail.subject for mail in mails(session))
    assert [(step.action, step.text) for step in given.steps] == [
        (FeedbackAction.SEEN, ""),
        (FeedbackAction.PLANNED, "Ab 2027 mit Übungen"),
        (FeedbackAction.DONE, "Im Plan 2027"),
    ]
    assert (given.state, given.answer, given.answered_by_id) == (
        FeedbackState.DONE, "Im Plan 2027", people.curator.user_id
    )  # fmt: skip


def test_an_answer_does_not_need_a_decision_a_decision_needs_an_answer(
    session: Session, people: People, given: Feedback
) -> None:
    for state in (FeedbackState.PLANNED, FeedbackState.DONE, FeedbackState.DECLINED, FeedbackState.NEW):
        with pytest.raises(Invalid):
            feedback_desk.decide(session, people.curator, given, Reply(state, " "))
    feedback_desk.decide(session, people.curator, given, Reply(FeedbackState.SEEN, "Danke, wir fragen nach."))
    assert given.state == FeedbackState.SEEN
    assert "Danke, wir fragen nach." in mails(session)[0].text


def test_a_question_that_is_done_is_called_answered(session: Session, people: People) -> None:
    asked = feedback.give(session, people.member, FeedbackInput(FeedbackKind.QUESTION, "Wann?"))
    asked = feedback.get(session, people.curator, asked.id)
    feedback_desk.decide(session, people.curator, asked, Reply(FeedbackState.DONE, "Im Mai"))
    assert asked.state_label == "beantwortet"


def test_two_decisions_at_once_do_not_overwrite_each_other(session: Session, people: People, given: Feedback) -> None:
    seen = given.version
    feedback_desk.decide(session, people.curator, given, Reply(FeedbackState.PLANNED, "Erste", seen))
    with pytest.raises(Stale):
        feedback_desk.decide(session, people.admin, given, Reply(FeedbackState.DECLINED, "Zweite", seen))
    assert given.answer == "Erste"


def test_what_is_hidden_is_read_by_no_member_and_comes_back_as_it_was(
    session: Session, people: People, module: Module, given: Feedback
) -> None:
    assert len(feedback.of_module(session, people.stranger, module)) == 1
    with pytest.raises(Invalid):
        feedback_desk.hide(session, people.curator, given, " ")
    feedback_desk.hide(session, people.curator, given, "Nennt eine Person", given.version)
    assert feedback.of_module(session, people.stranger, module) == []
    assert feedback_desk.inbox(session, people.curator, InboxFilters(hidden=True)).total == 1
    assert "Nennt eine Person" in mails(session)[-1].text
    with pytest.raises(Conflict):
        feedback_desk.hide(session, people.curator, given, "noch einmal")
    feedback_desk.show_again(session, people.curator, given)
    assert given.visibility == FeedbackVisibility.MEMBERS
    assert len(feedback.of_module(session, people.stranger, module)) == 1
    actions = set(session.scalars(select(AuditEvent.action)))
    assert {"feedback.hidden", "feedback.shown"} <= actions
    assert [step.action.value for step in given.steps] == ["hidden", "shown"]


@pytest.mark.parametrize("visibility", [FeedbackVisibility.NETWORK, FeedbackVisibility.PROVIDER])
def test_what_members_never_read_is_never_widened_by_moderation(
    session: Session, people: People, visibility: FeedbackVisibility
) -> None:
    narrow = feedback.give(session, people.member, FeedbackInput(FeedbackKind.THREAT, "Vertraulich", visibility))
    narrow = feedback.get(session, people.curator, narrow.id)
    for verb in (
        lambda: feedback_desk.hide(session, people.curator, narrow, "Grund"),
        lambda: feedback_desk.show_again(session, people.curator, narrow),
    ):
        with pytest.raises(Conflict):
            verb()
    assert narrow.visibility == visibility


def test_a_remark_moves_where_it_belongs_and_the_giver_reads_why(
    session: Session, people: People, module: Module, given: Feedback
) -> None:
    other = factories.make_module(session, "Brandschutz")
    to = Move(FeedbackKind.OPPORTUNITY, other.slug, "Betrifft den Brandschutz", given.version)
    feedback_desk.move(session, people.curator, given, to)
    assert (given.kind, given.module_id, given.state) == (FeedbackKind.OPPORTUNITY, other.id, FeedbackState.SEEN)
    said = mails(session)[-1].text
    assert "Schwäche, Modul „Sicherheit und Batterie“" in said
    assert "Betrifft den Brandschutz" in said
    feedback_desk.move(session, people.curator, given, Move(FeedbackKind.OPPORTUNITY, "", "Gilt allgemein"))
    assert given.module_id is None
    for wrong in (Move(FeedbackKind.OPPORTUNITY, "", "wie bisher"), Move(FeedbackKind.THREAT, "gibt-es-nicht", "x")):
        with pytest.raises(Invalid):
            feedback_desk.move(session, people.curator, given, wrong)


@ON_SQLITE
def test_a_remark_about_a_module_that_is_archived_now_can_get_another_kind(
    session: Session, people: People, module: Module, given: Feedback
) -> None:
    module.state = WorkflowState.ARCHIVED
    feedback_desk.move(session, people.curator, given, Move(FeedbackKind.THREAT, module.slug, "Eher ein Risiko"))
    assert (given.kind, given.module_id) == (FeedbackKind.THREAT, module.id)


def test_when_the_giver_has_left_the_companys_admins_hear_of_it(
    session: Session, people: People, given: Feedback
) -> None:
    member = people_service.get(session, people.company_admin, people.member_user.id)
    people_service.remove(session, people.company_admin, member)
    feedback_desk.decide(session, people.curator, given, Reply(FeedbackState.DECLINED, "Leider nein"))
    told = [mail.to for mail in mails(session) if "Leider nein" in mail.text]
    assert told == [people.company_admin_user.email]
