"""The cookie of a sign-in: new when rights or proof change, worthless when it ended, kept when keys change."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue import create_app
from catalogue.db import Database
from catalogue.models import AuditEvent, Membership, NetworkRole, User
from catalogue.services import people as staff
from catalogue.services import users
from catalogue.settings import Settings
from tests.browsing import TOKEN, post, sign_in
from tests.conftest import ON_SQLITE, People
from tests.factories import PASSWORD

pytestmark = ON_SQLITE
SITE = "https://katalog.example"


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("session")
    assert found is not None
    return found.value


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def holds(app: Flask, value: str) -> bool:
    """Whether somebody who stole this cookie is signed in."""
    thief = app.test_client()
    thief.set_cookie("session", value)
    return is_signed_in(thief)


def test_more_rights_come_with_a_new_session(
    app: Flask, client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    before = cookie(client)
    with database.write() as session:
        users.set_network_role(session, people.admin, session.get_one(User, people.member_user.id), NetworkRole.CURATOR)
    assert client.get("/curation").status_code == 200
    after = cookie(client)
    assert after != before
    assert is_signed_in(client)
    assert not holds(app, before)
    assert holds(app, after)
    client.get("/curation")
    assert holds(app, after), "only once"


def test_fewer_rights_come_with_a_new_session_too(
    app: Flask, client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.company_admin_user)
    before = cookie(client)
    with database.write() as session:
        member = staff.get(session, people.admin, people.company_admin_user.id)
        staff.change_role(session, people.admin, member, type(member.role).MEMBER)
    assert is_signed_in(client)
    assert not holds(app, before)


def test_a_new_password_comes_with_a_new_session(app: Flask, client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    before = cookie(client)
    post(client, "/account/password", {"current": PASSWORD, "new": "vier graue esel lachen"}, page="/account")
    assert is_signed_in(client)
    assert not holds(app, before)


def test_company_admins_sign_their_people_out_everywhere(
    app: Flask, client: FlaskClient, people: People, database: Database
) -> None:
    phone = app.test_client()
    sign_in(phone, people.member_user)
    sign_in(client, people.company_admin_user)
    path = f"/company/people/{people.member_user.id}/sessions/end"
    assert path in client.get("/company/people").get_data(as_text=True)
    assert post(client, path, page="/account").status_code == 303
    assert not is_signed_in(phone)
    sign_in(phone, people.member_user)
    with database.read() as session:
        assert session.query(AuditEvent).filter_by(action="sessions.ended").count() == 1


def test_only_network_admins_sign_out_people_of_the_network_office(
    app: Flask, client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        session.add(Membership(user_id=people.curator_user.id, company_id=people.company.id))
    both = app.test_client()
    sign_in(both, people.curator_user)
    path = f"/company/people/{people.curator_user.id}/sessions/end"
    sign_in(client, people.company_admin_user)
    assert post(client, path, page="/account").status_code == 403
    assert is_signed_in(both)
    sign_in(client, people.admin_user)
    assert post(client, path, page="/account").status_code == 303
    assert not is_signed_in(both)


@pytest.fixture
def made() -> Iterator[list[Flask]]:
    """Installations that a test makes."""
    apps: list[Flask] = []
    yield apps
    for one in apps:
        one.extensions["database"].dispose()


def test_a_new_secret_key_ends_no_sign_in_while_the_old_one_is_a_fallback(
    settings: Settings, people: People, made: list[Flask]
) -> None:
    made.append(create_app(settings))
    before = made[0].test_client()
    sign_in(before, people.member_user)
    rotated = replace(settings, secret_key="neu" * 20, secret_key_fallbacks=(settings.secret_key,))
    made.append(create_app(rotated))
    after = made[1].test_client()
    after.set_cookie("session", cookie(before))
    assert is_signed_in(after)
    made.append(create_app(replace(rotated, secret_key_fallbacks=())))
    later = made[2].test_client()
    later.set_cookie("session", cookie(after))
    assert is_signed_in(later), "whoever came meanwhile has a cookie signed with the new key"
    stale = made[2].test_client()
    stale.set_cookie("session", cookie(before))
    assert not is_signed_in(stale)


def test_every_cookie_over_https_is_kept_from_scripts_and_others(
    settings: Settings, people: People, made: list[Flask]
) -> None:
    made.append(create_app(replace(settings, base_url=SITE)))
    client = made[0].test_client()
    answers = []
    for path, data in (
        ("/company/cooperation/new", {"text": "x" * 9000}),  # the sign-in ended: the draft goes into a cookie
        ("/preferences", {"theme": "dark", "language": "en"}),
        ("/login", {"email": "alice@muster.example", "password": PASSWORD}),
    ):
        answers.append(client.get("/login", base_url=SITE))
        token = TOKEN.search(answers[-1].get_data(as_text=True))
        assert token
        answers.append(client.post(path, data={"csrf_token": token[1], **data}, base_url=SITE))
    headers = [header for answer in answers for header in answer.headers.getlist("Set-Cookie")]
    names = {header.partition("=")[0] for header in headers}
    assert names >= {"__Host-session", "__Host-language", "__Host-theme", "__Host-draft"}
    for header in headers:
        assert header.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(header.split("; "))
        assert "Domain" not in header
        assert len(header.partition(";")[0]) < 4096
