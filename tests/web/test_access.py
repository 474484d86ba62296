"""Asking for an account and deciding about it, in the browser."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Company, Invitation, OutboxMail
from tests.browsing import post, sign_in
from tests.conftest import People

ASKED = {"name": "Nina Neu", "email": "neu@muster.example", "company": "Muster"}


def link(database: Database, word: str) -> str:
    with database.read() as session:
        texts = [mail.text for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.created_at))]
    return next(f"/{word}/{found[1]}" for text in reversed(texts) if (found := re.search(rf"/{word}/(\S+)", text)))


def give_domain(database: Database) -> None:
    with database.write() as session:
        session.scalars(select(Company).where(Company.slug == "muster-ag")).one().email_domains = ["muster.example"]


def prove(client: FlaskClient, database: Database) -> None:
    assert post(client, "/access", ASKED, page="/access").location == "/login"
    path = link(database, "access")
    assert post(client, path, page=path).status_code == 303


def test_from_the_question_to_the_account(client: FlaskClient, people: People, database: Database) -> None:
    give_domain(database)
    assert 'href="/access"' in client.get("/login").get_data(as_text=True)
    prove(client, database)
    path = link(database, "access")
    assert "Ihre Adresse ist bestätigt" in client.get(path).get_data(as_text=True)
    admin = client.application.test_client()
    sign_in(admin, people.company_admin_user)
    page = admin.get("/company/people").get_data(as_text=True)
    assert "neu@muster.example" in page
    approve = re.search(r'"(/access/requests/[0-9a-f-]+/approve)"', page)
    assert approve
    assert post(admin, approve[1], {"next": "/company/people"}, page="/company/people").status_code == 303
    again = post(admin, approve[1], page="/company/people", follow_redirects=True).get_data(as_text=True)
    assert "inzwischen Anton Muster entschieden" in again
    invitation = link(database, "invitations")
    accepted = {"name": "Nina Neu", "password": "vier graue esel lachen"}
    assert post(client, invitation, accepted, page=invitation).location == "/company"


def test_the_answer_is_the_same_for_known_and_unknown_addresses(client: FlaskClient, people: People) -> None:
    answers = []
    for email in ("neu@muster.example", people.member_user.email, "x@nirgends.example"):
        response = post(client, "/access", ASKED | {"email": email}, page="/access")
        answers.append((response.status_code, response.location, client.get("/login").get_data()))
    pages = {re.sub(rb'value="[^"]{20,}"|name="once" value="[^"]+"', b"", page) for *_rest, page in answers}
    assert len(pages) == 1
    assert {answer[:2] for answer in answers} == {(303, "/login")}


def test_errors_are_at_their_fields_and_dead_links_say_what_to_do(client: FlaskClient) -> None:
    response = post(client, "/access", {"name": "", "email": "kein-at", "company": "Muster"}, page="/access")
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "name-error" in page
    assert 'value="kein-at"' in post(client, "/access", ASKED | {"email": "kein-at"}, page="/access").get_data(
        as_text=True
    )
    assert client.get("/access/unsinn").status_code == 410


def test_too_many_questions_are_told_to_wait(client: FlaskClient) -> None:
    for number in range(10):
        assert post(client, "/access", ASKED | {"email": f"n{number}@x.example"}, page="/access").status_code == 303
    late = post(client, "/access", ASKED, page="/access")
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0


def test_the_office_decides_where_no_company_can(client: FlaskClient, people: People, database: Database) -> None:
    prove(client, database)
    sign_in(client, people.admin_user)
    page = client.get("/admin/requests").get_data(as_text=True)
    assert "Nina Neu" in page
    request = re.search(r'"(/access/requests/[0-9a-f-]+/)approve"', page)
    assert request
    unnamed = post(
        client, f"{request[1]}approve", {"next": "/admin/requests"}, page="/admin/requests", follow_redirects=True
    )
    assert "Wählen Sie das Unternehmen" in unnamed.get_data(as_text=True)
    assert post(client, f"{request[1]}decline", {"next": "/admin/requests"}, page="/admin/requests").status_code == 303
    assert "abgelehnt" in client.get("/admin/requests?show=decided").get_data(as_text=True)
    assert "Nina Neu" not in client.get("/admin/requests").get_data(as_text=True)
    with database.read() as session:
        assert session.scalars(select(Invitation.declined_at)).one() is not None
