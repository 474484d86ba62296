"""When somebody leaves: what is the company's stays, open tasks go to the successor, private things to nobody."""

import pytest
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import (
    AuditEvent,
    Bookmark,
    CompanyRole,
    Demand,
    Feedback,
    FeedbackKind,
    FeedbackState,
    Membership,
    NetworkRole,
    OutboxMail,
    User,
    Wish,
    WishState,
)
from catalogue.services import departures, tokens, users
from catalogue.services import people as colleagues
from catalogue.services.errors import Conflict, Invalid, NotAllowed
from catalogue.services.permissions import Actor
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People


@pytest.fixture
def alice(session: Session, people: People) -> Membership:
    """Alice with a demand, an open and a fulfilled wish, an open and an answered remark, a bookmark and a token."""
    module, company, user = factories.make_module(session), people.company.id, people.member_user.id
    remark = {"company_id": company, "user_id": user, "kind": FeedbackKind.QUESTION, "text": "?"}
    session.add_all(
        [
            Demand(company_id=company, module_id=module.id, updated_by_id=user),
            Wish(company_id=company, user_id=user, title="offen"),
            Wish(company_id=company, user_id=user, title="erfüllt", state=WishState.FULFILLED),
            Feedback(**remark),
            Feedback(**remark, state=FeedbackState.DONE),
            Bookmark(user_id=user, module_id=module.id),
        ]
    )
    session.flush()
    tokens.create(session, people.member, "Auswertung")
    return member_of(session, people.company_admin, user)


def member_of(session: Session, actor: Actor, user_id: object) -> Membership:
    return colleagues.get(session, actor, user_id)  # type: ignore[arg-type]


def test_the_preview_says_what_stays_and_moves_and_leaving_does_it(
    session: Session, people: People, alice: Membership
) -> None:
    found = departures.preview(session, people.company_admin, alice)
    assert (found.demands, found.wishes, found.feedback) == (1, 2, 2)
    assert (found.open_wishes, found.open_feedback, found.bookmarks, found.is_last_admin) == (1, 1, 1, False)
    departures.leave(session, people.company_admin, alice, people.company_admin_user.id)
    session.expire_all()
    owners = {wish.title: wish.user_id for wish in session.scalars(select(Wish))}
    assert owners == {"offen": people.company_admin_user.id, "erfüllt": people.member_user.id}
    assert set(session.scalars(select(Wish.company_id))) == {people.company.id}
    assert session.scalars(select(Demand.updated_by_id)).one() == people.member_user.id
    assert session.scalars(select(Bookmark.user_id)).one() == people.member_user.id
    assert tokens.listed(session, people.member) == []
    assert {"member.handed_over", "member.removed"} <= set(session.scalars(select(AuditEvent.action)))
    mail = session.scalars(select(OutboxMail)).one()
    assert mail.to == "anton@muster.example"
    assert "2" in mail.text


def test_without_a_successor_everything_stays_where_it_is(session: Session, people: People, alice: Membership) -> None:
    departures.leave(session, people.company_admin, alice, None)
    session.expire_all()
    assert set(session.scalars(select(Wish.user_id))) == {people.member_user.id}
    assert session.scalars(select(OutboxMail)).all() == []


def test_the_last_admin_needs_a_successor_of_the_company(session: Session, people: People) -> None:
    last = member_of(session, people.company_admin, people.company_admin_user.id)
    for nobody in (None, people.stranger_user.id, people.company_admin_user.id):
        with pytest.raises(Invalid):
            departures.leave(session, people.company_admin, last, nobody)
    departures.leave(session, people.company_admin, last, people.member_user.id)
    heir = session.scalars(select(Membership).where(Membership.user_id == people.member_user.id)).one()
    assert heir.role == "admin"


def test_a_locked_admin_does_not_count_as_one_who_is_left(session: Session, people: People) -> None:
    second = factories.make_user(session, company=session.merge(people.company), role=CompanyRole.ADMIN)
    member = member_of(session, people.company_admin, second.id)
    colleagues.deactivate(session, people.company_admin, member)
    last = member_of(session, people.company_admin, people.company_admin_user.id)
    with pytest.raises(Conflict):
        colleagues.remove(session, people.company_admin, last)


def test_companies_cannot_lock_people_of_the_network_office(session: Session, people: People) -> None:
    users.set_network_role(session, people.admin, session.get_one(User, people.member_user.id), NetworkRole.CURATOR)
    member = member_of(session, people.company_admin, people.member_user.id)
    with pytest.raises(NotAllowed):
        colleagues.deactivate(session, people.company_admin, member)


def test_reviews_go_to_another_person_of_the_office(session: Session, settings: Settings, people: People) -> None:
    module = factories.make_module(session, reviewer_id=people.curator_user.id)
    clara, nora = (session.get_one(User, one.id) for one in (people.curator_user, people.admin_user))
    alice = session.get_one(User, people.member_user.id)
    assert departures.reviews(session, people.admin, clara).total == 1
    with pytest.raises(Invalid):
        departures.hand_over_reviews(session, people.admin, clara, alice)
    departures.hand_over_reviews(session, people.admin, clara, nora)
    session.refresh(module)
    assert module.reviewer_id == nora.id
    with pytest.raises(NotAllowed):
        departures.hand_over_reviews(session, people.curator, nora, clara)
