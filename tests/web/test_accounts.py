"""Signing in and out and the own account, as a browser sees them."""

import hashlib
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import ApiToken, AuditEvent, CompanyRole, LoginAttempt, User, UserSession
from catalogue.services import people as staff
from catalogue.services import secrets, tokens
from catalogue.settings import Settings
from tests.browsing import csrf_token, post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD

NEW = "vier graue esel lachen"
VARIABLE = re.compile(r'value="[^"]*"|Nummer dieser Anfrage: \w+')


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def actions(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


# signing in


def test_the_right_password_signs_in_and_leads_to_the_page_that_was_wanted(client: FlaskClient, people: People) -> None:
    wanted = client.get("/account")
    assert wanted.location == "/login?next=/account"
    response = post(client, "/login", {"email": "alice@muster.example", "password": PASSWORD, "next": "/account"})
    assert (response.status_code, response.location) == (303, "/account")
    assert is_signed_in(client)


def test_nothing_tells_whether_an_account_exists(client: FlaskClient, people: People, database: Database) -> None:
    bodies = {}
    for email in ("alice@muster.example", "ghost@muster.example"):
        response = post(client, "/login", {"email": email, "password": "falsch"})
        assert response.status_code == 422
        text = response.get_data(as_text=True)
        assert f'value="{email}"' in text, "the address is kept"
        assert "falsch" not in text, "the password is not"
        bodies[email] = hashlib.sha256(VARIABLE.sub("", text).encode()).hexdigest()
    assert len(set(bodies.values())) == 1
    assert actions(database) == ["login.failed", "login.failed"]


@pytest.fixture
def real_hashes() -> Iterator[None]:
    """Hashes as in production, while all other tests take cheap ones."""
    secrets.use_hasher(PasswordHasher())
    yield
    secrets.use_hasher(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_unknown_account_takes_as_long_as_a_known_one(
    real_hashes: None, client: FlaskClient, people: People, database: Database
) -> None:
    with database.write() as session:
        session.get_one(User, people.member_user.id).password_hash = secrets.hash_password(PASSWORD)
    token, taken = csrf_token(client), {"alice@muster.example": [0.0], "ghost@muster.example": [0.0]}
    for _ in range(5):
        for email, times in taken.items():
            start = time.process_time()
            client.post("/login", data={"csrf_token": token, "email": email, "password": "falsch"})
            times.append(time.process_time() - start)
    known, unknown = (statistics.median(times[1:]) for times in taken.values())
    assert abs(known - unknown) < 0.2 * max(known, unknown)


def test_too_many_tries_are_refused_in_german_with_the_time_to_wait(client: FlaskClient, people: People) -> None:
    token = csrf_token(client)
    data = {"csrf_token": token, "email": "alice@muster.example", "password": "falsch"}
    assert [client.post("/login", data=data).status_code for _ in range(10)] == [422] * 10
    refused = client.post("/login", data=data | {"password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    text = refused.get_data(as_text=True)
    assert "Zu viele Versuche" in text
    assert 'value="alice@muster.example"' in text
    others = client.post("/login", data=data | {"email": "bob@beispiel.example", "password": PASSWORD})
    assert others.status_code == 303, "somebody else at the same address is not concerned"


def test_the_limit_holds_in_another_process_and_ends_with_time(
    client: FlaskClient, settings: Settings, people: People
) -> None:
    data = {"email": "alice@muster.example", "password": "falsch"}
    for _ in range(10):
        post(client, "/login", data)
    second = create_app(settings)
    assert post(second.test_client(), "/login", data | {"password": PASSWORD}).status_code == 429
    with time_machine.travel(utcnow().timestamp() + 301):
        assert post(second.test_client(), "/login", data | {"password": PASSWORD}).status_code == 303
    second.extensions["database"].dispose()


def test_a_forged_address_does_not_get_around_the_limit(client: FlaskClient, people: People) -> None:
    data = {"csrf_token": csrf_token(client), "email": "alice@muster.example", "password": "falsch"}
    answers = [
        client.post("/login", data=data, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(11)
    ]
    assert answers[-1] == 429


def test_a_success_leaves_no_count_behind(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    with database.read() as session:
        assert session.scalars(select(LoginAttempt)).all() == []


OUTSIDE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example", "http:/\\evil.example", "/\t/evil.example",
    "/%0d%0aLocation:https://evil.example", "/\r\nSet-Cookie:x=1", "javascript:alert(1)", "evil.example", "///evil.example", "/ /evil.example",
    "//evil.example/%2e%2e", " //evil.example", "\t//evil.example", "data:text/html,x", "/.//\\evil.example", "%2f%2fevil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", OUTSIDE)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_signing_in_never_leads_to_another_site(client: FlaskClient, people: People, target: str) -> None:
    response = post(client, "/login", {"email": "alice@muster.example", "password": PASSWORD, "next": target})
    assert response.status_code == 303
    assert response.location.startswith("/")
    assert not response.location.startswith(("//", "/\\"))
    assert "\n" not in response.location
    assert "Set-Cookie:x" not in str(response.headers)


# sessions


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("session")
    assert found is not None
    return found.value


def test_signing_in_gives_a_new_session_and_the_one_before_stays_anonymous(app: Flask, people: People) -> None:
    victim, attacker = app.test_client(), app.test_client()
    csrf_token(victim)
    planted = cookie(victim)
    sign_in(victim, people.member_user)
    assert cookie(victim) != planted
    attacker.set_cookie("session", planted)
    assert not is_signed_in(attacker)


def test_signing_in_again_ends_the_sign_in_before(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    first = cookie(client)
    post(client, "/login", {"email": "bob@beispiel.example", "password": PASSWORD}, page="/")
    client.set_cookie("session", first)
    assert not is_signed_in(client)


def test_an_old_cookie_is_worth_nothing_after_signing_out(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    stolen = cookie(client)
    response = post(client, "/logout", page="/account")
    assert response.headers["Clear-Site-Data"] == '"cache"'
    client.set_cookie("session", stolen)
    assert not is_signed_in(client)
    assert actions(database) == ["login", "logout"]


def test_signing_out_wants_a_post(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    assert client.get("/logout").status_code == 405
    assert is_signed_in(client)


def test_personal_pages_are_never_kept_by_the_browser(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    assert client.get("/account").headers["Cache-Control"] == "no-store"


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: FlaskClient, people: People) -> None:
    response = post(client, "/login", {"email": "alice@muster.example", "password": PASSWORD})
    for header in response.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in header
        assert "SameSite=Lax" in header
        assert len(header) < 4096


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_over_https_cookies_insist_on_it(settings: Settings, people: People) -> None:
    app = create_app(replace(settings, base_url="https://katalog.example"))
    client = app.test_client()
    response = client.get("/login", base_url="https://katalog.example")
    assert any(h.startswith("__Host-session=") and "Secure" in h for h in response.headers.getlist("Set-Cookie"))
    app.extensions["database"].dispose()


def test_a_demotion_acts_on_the_next_request(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.company_admin_user)
    assert "einladen" in client.get("/company/people").get_data(as_text=True)
    with database.write() as session:
        member = staff.get(session, people.admin, people.company_admin_user.id)
        staff.change_role(session, people.admin, member, CompanyRole.MEMBER)
    assert "einladen" not in client.get("/company/people").get_data(as_text=True)
    refused = post(
        client, "/company/people/invitations", {"email": "x@muster.example", "role": "member"}, page="/account"
    )
    assert refused.status_code == 403


# requests that are not meant


UNSAFE = [
    "/login",
    "/logout",
    "/password",
    "/account",
    "/account/password",
    "/account/tokens",
    "/account/sessions/end",
    "/preferences",
]


@pytest.mark.parametrize("path", UNSAFE)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_post_without_or_with_a_foreign_token_is_refused(app: Flask, people: People, path: str) -> None:
    client, other = app.test_client(), app.test_client()
    sign_in(client, people.member_user)
    assert client.post(path, data={"language": "en"}).status_code == 400
    assert client.post(path, data={"csrf_token": csrf_token(other)}).status_code == 400
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["},
        {"Origin": "https://localhost.evil.example"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_post_from_another_site_is_refused_even_with_a_token(
    client: FlaskClient, people: People, headers: dict[str, str]
) -> None:
    sign_in(client, people.member_user)
    assert post(client, "/account/sessions/end", page="/account", headers=headers).status_code == 400
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert post(client, "/account/sessions/end", page="/account", headers=own).status_code == 303


# the own account


def test_people_see_and_end_their_sign_ins(app: Flask, people: People, database: Database) -> None:
    here, phone = app.test_client(), app.test_client()
    for client in (here, phone):
        sign_in(client, people.member_user)
    page = here.get("/account").get_data(as_text=True)
    ends = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page)
    assert len(ends) == 1, "the other one; this one is ended by signing out"
    own = here.get("/account").get_data(as_text=True).count("diese Anmeldung")
    assert own == 1
    post(here, "/account/sessions/end", page="/account")
    assert is_signed_in(here)
    assert not is_signed_in(phone)


def test_nobody_ends_the_sign_in_of_somebody_else(app: Flask, people: People, database: Database) -> None:
    alice, bob = app.test_client(), app.test_client()
    sign_in(alice, people.member_user)
    sign_in(bob, people.stranger_user)
    with database.read() as session:
        theirs = session.scalars(select(UserSession.id).where(UserSession.user_id == people.member_user.id)).one()
    assert post(bob, f"/account/sessions/{theirs}/end", page="/account").status_code == 404
    assert is_signed_in(alice)


def test_changing_the_password_needs_the_current_one_and_signs_out_elsewhere(
    app: Flask, people: People, database: Database
) -> None:
    here, elsewhere = app.test_client(), app.test_client()
    for client in (here, elsewhere):
        sign_in(client, people.member_user)
    wrong = post(here, "/account/password", {"current": "falsch", "new": NEW}, page="/account")
    assert wrong.status_code == 422
    assert "nicht Ihr jetziges Passwort" in wrong.get_data(as_text=True)
    weak = post(here, "/account/password", {"current": PASSWORD, "new": "elmug2026elmug"}, page="/account")
    assert weak.status_code == 422
    assert "elmug" in weak.get_data(as_text=True)
    assert post(here, "/account/password", {"current": PASSWORD, "new": NEW}, page="/account").status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert post(elsewhere, "/login", {"email": "alice@muster.example", "password": NEW}).status_code == 303


def test_guessing_the_current_password_is_limited_too(client: FlaskClient, people: People) -> None:
    sign_in(client, people.member_user)
    data = {"current": "falsch", "new": NEW, "csrf_token": csrf_token(client, "/account")}
    answers = [client.post("/account/password", data=data).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_own_data_are_saved_and_more_than_that_is_ignored(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    with database.read() as session:
        version = session.get_one(User, people.member_user.id).version
    data = {"name": "Alice Neu", "language": "en", "version": version, "network_role": "admin", "email": "x@y.example"}
    response = post(client, "/account", data, page="/account")
    assert response.status_code == 303
    assert "language=en" in str(response.headers)
    with database.read() as session:
        user = session.get_one(User, people.member_user.id)
        assert (user.name, user.language, user.network_role, user.email) == (
            "Alice Neu",
            "en",
            None,
            "alice@muster.example",
        )
    assert post(client, "/account", data, page="/account").status_code == 409


@pytest.mark.parametrize(
    "data", [{}, {"name": "", "version": "1", "language": "de"}, {"name": "x" * 300, "version": "x", "language": "fr"}]
)
def test_incomplete_input_is_shown_again(client: FlaskClient, people: People, data: dict[str, str]) -> None:
    sign_in(client, people.member_user)
    assert post(client, "/account", data, page="/account").status_code == 422


def test_password_managers_find_their_fields(client: FlaskClient, people: People) -> None:
    page = client.get("/login").get_data(as_text=True)
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    sign_in(client, people.member_user)
    account = client.get("/account").get_data(as_text=True)
    assert 'autocomplete="current-password"' in account
    assert 'autocomplete="new-password"' in account


# API tokens


def test_a_token_is_shown_once_and_can_be_revoked(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    shown = post(client, "/account/tokens", {"token_name": "Auswertung", "days": "30"}, page="/account").get_data(
        as_text=True
    )
    token = re.search(r"mk_[\w-]{43}", shown)
    assert token
    assert "nur den öffentlichen Katalog lesen</td>" in shown
    assert token[0] not in client.get("/account").get_data(as_text=True)
    with database.read() as session:
        stored = session.scalars(select(ApiToken)).one()
        assert tokens.resume(session, token[0]) is not None
    post(client, f"/account/tokens/{stored.id}/revoke", page="/account")
    with database.read() as session:
        assert tokens.resume(session, token[0]) is None
    assert {"token.created", "token.revoked"} <= set(actions(database))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "header",
    ["Bearer falsch", "Bearer ", "Bearer", "Basic YWxpY2U6eA==", "Bearer mk_\u00e4", "bearer x y z", "Token x"],
)
def test_a_bad_token_is_a_401_with_a_problem_document(client: FlaskClient, people: People, header: str) -> None:
    response = client.get("/api/v1/modules", headers={"Authorization": header.encode().decode("latin-1")})
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_cannot_be_replayed(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        token = tokens.create(session, people.member, "x")
    assert client.get("/api/v1/nothing", headers=bearer(token)).status_code == 404
    with database.write() as session:
        tokens.revoke(session, people.member, tokens.listed(session, people.member)[0].id)
    assert client.get("/api/v1/nothing", headers=bearer(token)).status_code == 401


def test_a_token_opens_no_pages(client: FlaskClient, people: People, database: Database) -> None:
    with database.write() as session:
        token = tokens.create(session, people.member, "x")
    assert client.get("/account", headers=bearer(token)).status_code == 303


def test_secrets_do_not_reach_the_log(
    client: FlaskClient, people: People, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    post(client, "/login", {"email": "alice@muster.example", "password": "GEHEIM-in-der-Eingabe"})
    sign_in(client, people.member_user)
    written = "".join(capfd.readouterr())
    assert "GEHEIM" not in written
    assert PASSWORD not in written
