"""Accounts: signing in, own data, own password, one-time links."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import AuditEvent, OutboxMail, User, UserSession
from catalogue.services import accounts, links, sessions
from catalogue.services.accounts import ProfileInput
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.settings import Settings
from tests.conftest import People
from tests.factories import PASSWORD

NEW = "vier graue esel lachen"


def mails(session: Session) -> list[OutboxMail]:
    return list(session.scalars(select(OutboxMail)))


def link_in(session: Session) -> str:
    """The token of the link in the newest mail."""
    return mails(session)[-1].text.partition("/password/")[2].split()[0]


def test_the_right_password_admits(session: Session, people: People) -> None:
    who = accounts.candidate(session, " Alice@Muster.EXAMPLE ", "198.51.100.7")
    assert accounts.password_fits(who, PASSWORD)
    user = accounts.admit(session, who, PASSWORD)
    assert user is not None
    assert user.id == people.member_user.id
    assert session.scalars(select(AuditEvent.action)).all() == ["login"]


@pytest.mark.parametrize("email", ["alice@muster.example", "nobody@muster.example"])
def test_a_wrong_password_does_not_fit_whoever_it_is(session: Session, people: People, email: str) -> None:
    who = accounts.candidate(session, email, "198.51.100.7")
    assert not accounts.password_fits(who, "falsch")


def test_a_locked_account_behaves_like_an_unknown_one(session: Session, people: People) -> None:
    session.merge(people.member_user).active = False
    session.flush()
    assert not accounts.password_fits(accounts.candidate(session, "alice@muster.example", ""), PASSWORD)


def test_an_account_that_was_locked_while_the_password_was_checked_is_not_admitted(
    session: Session, people: People
) -> None:
    who = accounts.candidate(session, "alice@muster.example", "")
    session.merge(people.member_user).active = False
    session.flush()
    assert accounts.admit(session, who, PASSWORD) is None


def test_what_was_typed_for_an_unknown_account_is_not_recorded(session: Session) -> None:
    accounts.note_failure(session, accounts.candidate(session, "mein-passwort-123", ""))
    session.flush()
    event = session.scalars(select(AuditEvent)).one()
    assert "passwort" not in f"{event.user_label}{event.thing_label}{event.details}"


def test_people_change_their_own_name_and_language(session: Session, people: People) -> None:
    user = accounts.update_profile(session, people.member, ProfileInput(" Alice Neu ", "en", 1))
    assert (user.name, user.language) == ("Alice Neu", "en")
    with pytest.raises(Conflict):
        accounts.update_profile(session, people.member, ProfileInput("Alice Alt", "de", 1))


def test_changing_the_password_needs_the_current_one_and_ends_other_sign_ins(
    session: Session, settings: Settings, people: People
) -> None:
    user = session.merge(people.member_user)
    here, elsewhere = (sessions.start(session, settings, user) for _ in range(2))
    keep = sessions.resume(session, settings, here)
    assert keep is not None
    with pytest.raises(Invalid):
        accounts.change_password(session, people.member, "falsch", NEW)
    accounts.change_password(session, people.member, PASSWORD, NEW, keep=keep.id)
    assert sessions.resume(session, settings, here) is not None
    assert sessions.resume(session, settings, elsewhere) is None
    assert [mail.to for mail in mails(session)] == ["alice@muster.example"]
    assert NEW not in mails(session)[0].text


def test_a_forgotten_password_is_replaced_through_a_link_that_works_once(
    session: Session, settings: Settings, people: People
) -> None:
    links.request_reset(session, settings, "Alice@muster.example", "198.51.100.7")
    token = link_in(session)
    assert settings.base_url in mails(session)[0].text
    opened = links.open_link(session, token)
    links.use(session, opened)
    accounts.set_password(session, sessions.actor_of(opened.user), opened.user, NEW)
    assert accounts.password_fits(accounts.candidate(session, "alice@muster.example", ""), NEW)
    with pytest.raises(NotFound):
        links.open_link(session, token)


def test_asking_for_an_unknown_account_looks_the_same_and_sends_nothing(session: Session, settings: Settings) -> None:
    links.request_reset(session, settings, "ghost@muster.example", "198.51.100.7")
    assert mails(session) == []


def test_one_account_gets_at_most_five_links_a_day(session: Session, settings: Settings, people: People) -> None:
    for _ in range(8):
        links.request_reset(session, settings, "alice@muster.example", "198.51.100.7")
    assert len(mails(session)) == 5


def test_a_link_ends_after_an_hour_and_when_the_address_changes(
    session: Session, settings: Settings, people: People
) -> None:
    links.request_reset(session, settings, "alice@muster.example", "")
    token = link_in(session)
    with time_machine.travel(utcnow() + timedelta(minutes=61)), pytest.raises(NotFound):
        links.open_link(session, token)
    links.open_link(session, token)
    session.merge(people.member_user).email = "alice.neu@muster.example"
    session.flush()
    with pytest.raises(NotFound):
        links.open_link(session, token)


def test_a_new_password_makes_all_other_links_worthless(session: Session, settings: Settings, people: People) -> None:
    links.request_reset(session, settings, "alice@muster.example", "")
    token = link_in(session)
    accounts.change_password(session, people.member, PASSWORD, NEW)
    with pytest.raises(NotFound):
        links.open_link(session, token)


def test_only_hashes_of_secrets_are_stored(session: Session, settings: Settings, people: People) -> None:
    token = sessions.start(session, settings, session.merge(people.member_user), "198.51.100.77")
    stored = session.scalars(select(UserSession)).one()
    assert token not in (stored.token_hash, str(stored.id))
    assert stored.address == "198.51.100.0"
    assert PASSWORD not in (session.scalars(select(User.password_hash)).first() or "")


def test_ended_sign_ins_and_links_are_deleted_later(session: Session, settings: Settings, people: People) -> None:
    sessions.start(session, settings, session.merge(people.member_user))
    links.request_reset(session, settings, "alice@muster.example", "")
    assert sessions.prune(session, settings) + links.prune(session) == 0
    with time_machine.travel(utcnow() + timedelta(days=3)):
        assert (sessions.prune(session, settings), links.prune(session)) == (1, 1)
