"""Invitations: who may invite whom, and what a link is worth."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from catalogue.db import Session, utcnow
from catalogue.models import AuditEvent, Company, CompanyRole, Invitation, NetworkRole, OutboxMail
from catalogue.services import accounts, invitations, sessions
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound
from catalogue.services.invitations import InvitationInput
from catalogue.services.permissions import Actor
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

PASSWORD = "vier graue esel lachen"


@pytest.fixture
def company(session: Session, people: People) -> Company:
    return session.get_one(Company, people.company.id)


def invite(
    session: Session, settings: Settings, actor: Actor, company: Company, email: str = "neu@muster.example"
) -> str:
    """Invite and return the token of the link in the mail."""
    invitations.invite(session, settings, actor, company, InvitationInput(email, "Neu", "member"))
    return newest_link(session)


def newest_link(session: Session) -> str:
    text = session.scalars(select(OutboxMail.text).order_by(OutboxMail.created_at.desc())).first() or ""
    return text.partition("/invitations/")[2].split()[0]


def test_an_invited_person_sets_name_and_password_and_belongs_to_the_company(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = invitations.opened(session, invite(session, settings, people.company_admin, company))
    user = invitations.accept_as_new(session, found, "Nina Neu", PASSWORD)
    actor = sessions.actor_of(user)
    assert (actor.company_id, actor.company_role) == (company.id, CompanyRole.MEMBER)
    assert accounts.password_fits(accounts.candidate(session, "neu@muster.example", ""), PASSWORD)
    actions = set(session.scalars(select(AuditEvent.action)))
    assert {"invitation.sent", "invitation.accepted", "password.set"} <= actions


def test_an_invitation_works_once(session: Session, settings: Settings, people: People, company: Company) -> None:
    token = invite(session, settings, people.company_admin, company)
    invitations.accept_as_new(session, invitations.opened(session, token), "Nina", PASSWORD)
    with pytest.raises(Conflict, match="schon angenommen"):
        invitations.opened(session, token)


def test_an_invitation_ends_with_time_and_when_revoked(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    token = invite(session, settings, people.company_admin, company)
    later = utcnow() + timedelta(days=settings.invitation_days, minutes=1)
    with time_machine.travel(later), pytest.raises(Conflict, match="abgelaufen"):
        invitations.opened(session, token)
    invitations.revoke(session, people.company_admin, invitations.opened(session, token))
    with pytest.raises(Conflict, match="zurückgezogen"):
        invitations.opened(session, token)
    with pytest.raises(NotFound):
        invitations.opened(session, token + "x")


def test_sending_again_replaces_the_link(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    old = invite(session, settings, people.company_admin, company)
    invitations.resend(session, settings, people.company_admin, invitations.opened(session, old))
    with pytest.raises(NotFound):
        invitations.opened(session, old)
    assert len(invitations.pending(session, people.company_admin, company)) == 1


def test_a_second_invitation_of_one_address_replaces_the_first(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    invite(session, settings, people.company_admin, company)
    invite(session, settings, people.company_admin, company)
    assert len(invitations.pending(session, people.company_admin, company)) == 1


@pytest.mark.parametrize("who", ["visitor", "member", "stranger", "curator"])
def test_others_cannot_invite(session: Session, settings: Settings, people: People, company: Company, who: str) -> None:
    with pytest.raises(NotAllowed):
        invite(session, settings, getattr(people, who), company)
    assert session.scalars(select(Invitation)).all() == []


def test_an_admin_of_another_company_does_not_learn_of_an_invitation(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    made = invitations.opened(session, invite(session, settings, people.company_admin, company))
    with pytest.raises(NotFound):
        invitations.get(session, people.stranger, made.id)


def test_only_network_admins_invite_staff(session: Session, settings: Settings, people: People) -> None:
    wanted = InvitationInput("neu@netz.example", role=NetworkRole.CURATOR.value)
    for actor in (people.curator, people.company_admin):
        with pytest.raises(NotAllowed):
            invitations.invite_staff(session, settings, actor, wanted)
    invitations.invite_staff(session, settings, people.admin, wanted)
    user = invitations.accept_as_new(session, invitations.opened(session, newest_link(session)), "Neu", PASSWORD)
    assert user.network_role == NetworkRole.CURATOR


def test_a_company_role_does_not_make_staff(session: Session, settings: Settings, people: People) -> None:
    with pytest.raises(Invalid):
        invitations.invite_staff(session, settings, people.admin, InvitationInput("x@y.example", role="member"))


def test_company_admins_invite_only_addresses_of_their_domains(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    company.email_domains = ["muster.example"]
    invite(session, settings, people.company_admin, company, "neu@muster.example")
    with pytest.raises(Invalid, match="@muster.example"):
        invite(session, settings, people.company_admin, company, "neu@anderswo.example")
    invite(session, settings, people.admin, company, "neu@anderswo.example")


@pytest.mark.parametrize(
    "email", ["", "kein-at", "a@", "@b.de", "a b@c.de", "a@b.de\nBcc: x@y.de", "ä@b.de", "a@b..", "x" * 250 + "@b.de"]
)
def test_what_cannot_be_an_address_is_refused(
    session: Session, settings: Settings, people: People, company: Company, email: str
) -> None:
    with pytest.raises(Invalid):
        invite(session, settings, people.company_admin, company, email)


def test_a_link_never_replaces_the_password_of_an_existing_account(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    factories.make_user(session, "frei@muster.example", name="Frei")
    found = invitations.opened(session, invite(session, settings, people.company_admin, company, "frei@muster.example"))
    with pytest.raises(Conflict):
        invitations.accept_as_new(session, found, "Frei", PASSWORD)
    user = accounts.by_email(session, "frei@muster.example")
    assert user is not None
    invitations.accept_as_user(session, sessions.actor_of(user), found)
    assert sessions.actor_of(user).company_id == company.id


def test_an_invitation_is_for_the_invited_address_only(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = invitations.opened(session, invite(session, settings, people.company_admin, company))
    with pytest.raises(Conflict):
        invitations.accept_as_user(session, people.stranger, found)


def test_nobody_is_moved_out_of_another_company(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = invitations.opened(session, invite(session, settings, people.admin, company, "bob@beispiel.example"))
    with pytest.raises(Conflict):
        invitations.accept_as_user(session, people.stranger, found)


def test_an_invitation_into_a_company_that_was_switched_off_does_not_work(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    token = invite(session, settings, people.company_admin, company)
    company.active = False
    session.flush()
    with pytest.raises(Conflict):
        invitations.opened(session, token)
