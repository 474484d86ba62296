"""Links that came by mail: forgotten passwords and invitations."""

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import Company, Membership, OutboxMail, User, UserSession
from catalogue.services import invitations
from catalogue.services.invitations import InvitationInput
from catalogue.settings import Settings
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD

NEW = "vier graue esel lachen"
ALICE = "alice@muster.example"


def link(database: Database) -> str:
    """The path of the link in the newest mail."""
    with database.read() as session:
        text = session.scalars(select(OutboxMail.text).order_by(OutboxMail.created_at.desc())).first() or ""
    found = next(line for line in text.splitlines() if line.startswith("http"))
    return found.removeprefix("http://127.0.0.1:8000")


@pytest.fixture
def invitation(database: Database, settings: Settings, people: People) -> str:
    """The path of an invitation to Muster AG."""
    with database.write() as session:
        company = session.get_one(Company, people.company.id)
        invitations.invite(
            session, settings, people.company_admin, company, InvitationInput("neu@muster.example", "Nina")
        )
    return link(database)


def hash_of_alice(database: Database) -> str | None:
    with database.read() as session:
        return session.scalar(select(User.password_hash).where(User.email == ALICE))


def test_a_forgotten_password_is_replaced(client: FlaskClient, people: People, database: Database) -> None:
    assert post(client, "/password", {"email": ALICE}, page="/password").status_code == 303
    path = link(database)
    for _ in range(2):  # opening the link, as mail scanners do, changes nothing
        assert client.get(path).status_code == 200
    weak = post(client, path, {"password": "kurz"}, page=path)
    assert weak.status_code == 422
    assert "mindestens 12 Zeichen" in weak.get_data(as_text=True)
    assert post(client, path, {"password": NEW}, page=path).status_code == 303
    assert post(client, "/login", {"email": ALICE, "password": PASSWORD}).status_code == 422
    assert post(client, "/login", {"email": ALICE, "password": NEW}).status_code == 303
    used = client.get(path)
    assert used.status_code == 410
    assert "schon benutzt" in used.get_data(as_text=True)


def test_a_new_password_by_link_ends_all_sign_ins(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    post(client, "/password", {"email": ALICE}, page="/password")
    post(client, link(database), {"password": NEW}, page=link(database))
    with database.read() as session:
        assert session.scalars(select(UserSession)).all() == []


def test_asking_for_an_unknown_account_gets_the_same_answer(client: FlaskClient, people: People) -> None:
    answers = [
        post(client, "/password", {"email": email}, page="/password", follow_redirects=True)
        for email in (ALICE, "ghost@muster.example")
    ]
    assert "Wenn es zu dieser Adresse ein Konto gibt" in answers[0].get_data(as_text=True)
    lengths = {len(answer.get_data()) for answer in answers}
    assert len(lengths) == 1


def test_links_name_the_configured_address_whatever_host_was_asked(
    client: FlaskClient, people: People, database: Database
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    token_page = {"headers": forged}
    client.get("/password")
    post(client, "/password", {"email": ALICE}, page="/password", **token_page)
    with database.read() as session:
        texts = session.scalars(select(OutboxMail.text)).all()
    assert not any("evil" in text for text in texts)


def test_asking_again_and_again_from_one_address_is_limited(client: FlaskClient, people: People) -> None:
    answers = [
        post(client, "/password", {"email": f"p{n}@muster.example"}, page="/password").status_code for n in range(21)
    ]
    assert answers == [303] * 20 + [429]


@pytest.mark.parametrize(
    "path", ["/password/unknown", "/invitations/unknown", "/password/%ff", "/invitations/" + "x" * 3000]
)
def test_a_link_that_never_existed_gets_a_clear_page(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (400, 410)
    assert "<h1" in response.get_data(as_text=True)


def test_an_invited_person_makes_an_account(
    client: FlaskClient, people: People, database: Database, invitation: str
) -> None:
    page = client.get(invitation)
    assert "Muster AG" in page.get_data(as_text=True)
    assert 'value="Nina"' in page.get_data(as_text=True)
    with database.read() as session:
        assert session.scalar(select(User).where(User.email == "neu@muster.example")) is None
    kept = post(client, invitation, {"name": "Nina Neu", "password": "kurz"}, page=invitation)
    assert kept.status_code == 422
    assert 'value="Nina Neu"' in kept.get_data(as_text=True)
    done = post(client, invitation, {"name": "Nina Neu", "password": NEW}, page=invitation)
    assert (done.status_code, done.location) == (303, "/company")
    assert client.get("/account").status_code == 200
    again = client.get(invitation)
    assert again.status_code == 410
    assert "schon angenommen" in again.get_data(as_text=True)


def test_an_expired_invitation_says_so(client: FlaskClient, invitation: str) -> None:
    with time_machine.travel(utcnow() + timedelta(days=8)):
        response = client.get(invitation)
    assert response.status_code == 410
    assert "abgelaufen" in response.get_data(as_text=True)


def test_who_has_an_account_signs_in_and_accepts(
    client: FlaskClient, people: People, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        session.delete(session.scalars(select(Membership).where(Membership.user_id == people.member_user.id)).one())
        session.flush()
        company = session.get_one(Company, people.company.id)
        invitations.invite(session, settings, people.company_admin, company, InvitationInput(ALICE))
    path, before = link(database), hash_of_alice(database)
    assert "Melden Sie sich an" in client.get(path).get_data(as_text=True)
    assert post(client, path, {"name": "Mallory", "password": NEW}).status_code == 410, "no password is replaced"
    assert hash_of_alice(database) == before
    sign_in(client, people.member_user)
    assert post(client, path, page=path).status_code == 303
    assert "Muster AG" in client.get("/account").get_data(as_text=True)
