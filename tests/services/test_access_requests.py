"""Asking for membership: nothing is revealed, the address is proved first, the right people decide."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from catalogue.db import Session, utcnow
from catalogue.models import AuditEvent, Company, CompanyRole, Invitation, LoginAttempt, OutboxMail, User
from catalogue.services import access_requests, email_domains, invitations, sessions
from catalogue.services.access_requests import AccessInput
from catalogue.services.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

NEW = "neu@muster.example"


@pytest.fixture
def company(session: Session, people: People) -> Company:
    """Muster AG with its domain."""
    found = session.get_one(Company, people.company.id)
    found.email_domains = ["muster.example"]
    session.flush()
    return found


def mails(session: Session, to: str = "") -> list[OutboxMail]:
    session.expire_all()
    rows = session.scalars(select(OutboxMail).order_by(OutboxMail.created_at))
    return [mail for mail in rows if to in ("", mail.to)]


def ask(session: Session, settings: Settings, email: str = NEW, company: str = "Muster") -> str:
    """Ask and return the token of the mail, "" if it holds none."""
    access_requests.ask(session, settings, AccessInput("Nina Neu", email, company), "192.0.2.7")
    return mails(session, email)[-1].text.partition("/access/")[2].split("\n")[0]


def proved(session: Session, settings: Settings, email: str = NEW, company: str = "Muster") -> Invitation:
    return access_requests.confirm(session, settings, ask(session, settings, email, company))


def test_the_admins_of_the_domains_company_let_in_and_the_person_makes_an_account(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = proved(session, settings)
    assert found.company_id == company.id
    assert [mail.to for mail in mails(session)] == [NEW, "anton@muster.example"]
    assert access_requests.of_company(session, people.company_admin, company) == [found]
    assert access_requests.find(session, people.admin).total == access_requests.count_for_office(session) == 0
    access_requests.approve(
        session, settings, people.company_admin, access_requests.get(session, people.company_admin, found.id)
    )
    token = mails(session, NEW)[-1].text.partition("/invitations/")[2].split()[0]
    user = invitations.accept_as_new(session, invitations.opened(session, token), "Nina Neu", "vier graue esel lachen")
    assert sessions.actor_of(user).company_role == CompanyRole.MEMBER
    assert {"request.confirmed", "request.approved", "invitation.accepted"} <= set(
        session.scalars(select(AuditEvent.action))
    )


@pytest.mark.parametrize("email", ["nina@gmx.de", "nina@web.de", "nina@gmail.com", "nina@unbekannt.example"])
def test_free_mail_and_unknown_domains_go_to_the_network_office(
    session: Session, settings: Settings, people: People, company: Company, email: str
) -> None:
    company.email_domains = ["muster.example", "gmx.de", "web.de", "gmail.com"]  # as an older list might have had it
    session.flush()
    found = proved(session, settings, email, "muster ag")
    assert found.company_id is None
    assert mails(session)[-1].to == "nora@netz.example"
    assert access_requests.find(session, people.admin).requests == (found,)
    assert access_requests.suggested(session, people.admin, [found]) == {found.id: "muster-ag"}
    with pytest.raises(NotFound):
        access_requests.get(session, people.company_admin, found.id)
    with pytest.raises(Invalid, match="Unternehmen"):
        access_requests.approve(session, settings, people.admin, found)
    access_requests.approve(session, settings, people.admin, found, company, "admin")
    assert (found.company_id, found.role) == (company.id, "admin")


def test_a_domain_of_two_companies_or_of_an_inactive_one_proposes_nothing(
    session: Session, people: People, company: Company
) -> None:
    assert email_domains.company_of(session, NEW) is company
    other = session.get_one(Company, people.other_company.id)
    other.email_domains = ["muster.example"]
    session.flush()
    assert email_domains.company_of(session, NEW) is None
    other.active = False
    session.flush()
    assert email_domains.company_of(session, NEW) is company


def test_without_an_admin_who_can_sign_in_the_office_decides(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    session.get_one(User, people.company_admin_user.id).active = False
    session.flush()
    found = proved(session, settings)
    assert mails(session)[-1].to == "nora@netz.example"
    assert access_requests.find(session, people.admin).requests == (found,)


def test_accounts_get_another_mail_but_the_same_answer_and_no_request(
    session: Session, settings: Settings, people: People
) -> None:
    assert ask(session, settings, people.member_user.email) == ""
    assert "schon ein Konto" in mails(session)[-1].text
    assert session.scalar(select(func.count()).select_from(Invitation)) == 0


def test_the_mail_to_an_unproved_address_repeats_nothing_that_was_typed(session: Session, settings: Settings) -> None:
    access_requests.ask(session, settings, AccessInput("Kaufen Sie", NEW, "http://spam.example"), "192.0.2.7")
    assert "Kaufen" not in mails(session)[0].text
    assert "spam" not in mails(session)[0].text


def test_the_link_proves_the_address_only_it_never_opens_an_account(
    session: Session, settings: Settings, company: Company
) -> None:
    token = ask(session, settings)
    with pytest.raises(NotFound):
        invitations.opened(session, token)
    assert access_requests.opened(session, token).verified_at is None
    access_requests.confirm(session, settings, token)
    access_requests.confirm(session, settings, token)
    assert len(mails(session)) == 2  # the decision is asked for once
    assert invitations.pending(session, SYSTEM, company) == []


def test_links_end_with_time_and_unproved_requests_are_forgotten(session: Session, settings: Settings) -> None:
    token = ask(session, settings)
    with time_machine.travel(utcnow() + timedelta(days=access_requests.CONFIRM_DAYS, minutes=1)):
        with pytest.raises(NotFound, match="gilt nicht mehr"):
            access_requests.confirm(session, settings, token)
        assert access_requests.prune(session) == 1
    with pytest.raises(NotFound):
        access_requests.opened(session, "unsinn")


def test_refusing_is_polite_final_and_forgotten_after_90_days(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = proved(session, settings)
    access_requests.decline(session, people.company_admin, found)
    assert "vielen Dank" in mails(session, NEW)[-1].text
    with pytest.raises(Conflict, match="Anton"):
        access_requests.get(session, people.admin, found.id)
    assert access_requests.find(session, people.admin, "decided").total == 1
    assert access_requests.prune(session) == 0
    assert access_requests.prune(session, utcnow() + timedelta(days=91)) == 1


@pytest.mark.parametrize("who", ["member", "stranger", "curator", "visitor"])
def test_nobody_else_decides(session: Session, settings: Settings, people: People, company: Company, who: str) -> None:
    found, actor = proved(session, settings), getattr(people, who)
    with pytest.raises(NotFound):
        access_requests.get(session, actor, found.id)
    with pytest.raises(NotAllowed):
        access_requests.decline(session, actor, found)
    with pytest.raises(NotAllowed):
        access_requests.approve(session, settings, actor, found)


def test_a_company_admin_cannot_take_a_request_that_belongs_to_nobody(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    found = proved(session, settings, "nina@gmx.de")
    with pytest.raises(NotAllowed):
        access_requests.approve(session, settings, people.company_admin, found, company)


def test_questions_are_limited_by_network_and_by_address(session: Session, settings: Settings) -> None:
    for number in range(4):
        access_requests.ask(session, settings, AccessInput("N", NEW, "M"), f"192.0.2.{number}")
    assert len(mails(session)) == 3  # the fourth is answered alike, but no mail goes out
    for number in range(10):
        access_requests.ask(session, settings, AccessInput("N", f"n{number}@x.example", "M"), "198.51.100.1")
    with pytest.raises(TooMany):
        access_requests.ask(session, settings, AccessInput("N", "n11@x.example", "M"), "198.51.100.1")
    assert "muster" not in " ".join(session.scalars(select(LoginAttempt.key)))


def test_asking_again_replaces_an_unproved_request_and_leaves_a_proved_one(
    session: Session, settings: Settings
) -> None:
    first = ask(session, settings)
    second = ask(session, settings)
    with pytest.raises(NotFound):
        access_requests.opened(session, first)
    access_requests.confirm(session, settings, second)
    assert ask(session, settings) == ""
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1


def test_what_cannot_be_is_named_at_its_field(session: Session, settings: Settings) -> None:
    with pytest.raises(Invalid) as refused:
        access_requests.ask(session, settings, AccessInput(" ", "kein-at", " "), "192.0.2.7")
    assert set(refused.value.fields) == {"name", "email", "company"}


def test_who_left_a_company_can_ask_again(
    session: Session, settings: Settings, people: People, company: Company
) -> None:
    factories.make_user(session, "frei@muster.example")
    assert proved(session, settings, "frei@muster.example").company_id == company.id
