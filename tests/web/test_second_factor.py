"""The second factor as people meet it: set up, sign in, the lost phone, and who must have one."""

import html
import re
from base64 import b32decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, NetworkRole, OutboxMail, RecoveryCode, SecondFactor, User, UserSession
from catalogue.services import invitations, second_factor, sessions, throttle
from catalogue.services.errors import Conflict, NotAllowed, TooMany
from catalogue.services.invitations import InvitationInput
from catalogue.settings import Settings
from catalogue.web.second_factor import OPEN, OPEN_BLUEPRINTS
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD
from tests.web.installation import Installation, routes
from tests.web.test_permissions import request
from tests.web.test_reauthentication import answer, make_stale

KEY = re.compile(r'<code class="key" id="key">(.*?)</code>')
CODE = re.compile(r"<li><code>([a-z0-9-]{14})</code></li>")


def key_on(page: str) -> str:
    found = KEY.search(page)
    assert found, "no key on the page"
    return re.sub(r"<[^>]+>|\s", "", found[1])


def code_of(key: str, steps: int = 0) -> str:
    return pyotp.TOTP(key).at(utcnow() + timedelta(seconds=30 * steps))


def set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """Go through the pages as a person does; return the key and the recovery codes."""
    assert post(client, "/account/second-factor").location == "/account/second-factor/setup"
    key = key_on(client.get("/account/second-factor/setup").get_data(as_text=True))
    page = post(client, "/account/second-factor/setup", {"code": code_of(key, -1)})
    assert page.status_code == 200
    return key, CODE.findall(page.get_data(as_text=True))


def give_password(client: FlaskClient, email: str = "alice@muster.example", wanted: str = "") -> None:
    sent = post(client, "/login", {"email": email, "password": PASSWORD, "next": wanted})
    assert (sent.status_code, sent.location.partition("?")[0]) == (303, "/login/code")


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def events(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def mails(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(OutboxMail.subject).order_by(OutboxMail.created_at)))


@pytest.fixture
def beginning_of_a_step() -> Iterator[None]:
    """Let each test begin a second after a code did, so that none ends while a test types it."""
    with time_machine.travel(int(utcnow().timestamp()) // 30 * 30 + 1):
        yield


@pytest.fixture
def member(beginning_of_a_step: None, client: FlaskClient, people: People) -> FlaskClient:
    sign_in(client, people.member_user)
    return client


# setting up


def test_setting_up_shows_the_key_as_picture_and_text_and_ten_codes_once(
    app: Flask, member: FlaskClient, people: People, database: Database
) -> None:
    phone = app.test_client()
    sign_in(phone, people.member_user)
    post(member, "/account/second-factor")
    page = member.get("/account/second-factor/setup").get_data(as_text=True)
    assert '<svg class="qr"' in page
    key = key_on(page)
    assert len(b32decode(key)) == 20
    assert f"otpauth://totp/Modulkatalog%20BatterieMD:alice%40muster.example?secret={key}" in html.unescape(page)
    wrong = post(member, "/account/second-factor/setup", {"code": "000000"})
    assert wrong.status_code == 422
    assert "Dieser Code stimmt nicht" in wrong.get_data(as_text=True)
    done = post(member, "/account/second-factor/setup", {"code": code_of(key)})
    codes = CODE.findall(done.get_data(as_text=True))
    assert len(set(codes)) == 10
    assert f"data:text/plain;charset=utf-8,{''}" in done.get_data(as_text=True)
    assert all(code in done.get_data(as_text=True).partition("data:text/plain")[2] for code in codes)
    assert member.get("/account/second-factor/setup").location == "/account/second-factor", (
        "the key is never shown again"
    )
    assert not any(code in member.get("/account/second-factor").get_data(as_text=True) for code in codes)
    assert is_signed_in(member)
    assert not is_signed_in(phone), "all other sign-ins ended"
    assert mails(database) == ["Der zweite Faktor Ihres Kontos ist eingerichtet"]
    assert events(database)[-1] == "second_factor.set_up"
    with database.read() as session:
        stored = str([vars(row) for model in (SecondFactor, RecoveryCode) for row in session.scalars(select(model))])
    assert key not in stored
    assert not any(code[5:].replace("-", "") in stored for code in codes)


# signing in


def test_the_code_is_asked_after_the_password_and_leads_to_the_page_that_was_wanted(
    app: Flask, member: FlaskClient, database: Database
) -> None:
    key, _ = set_up(member)
    fresh = app.test_client()
    give_password(fresh, wanted="/account/bookmarks")
    page = fresh.get("/login/code?next=/account/bookmarks").get_data(as_text=True)
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page
    done = post(fresh, "/login/code", {"code": f"{code_of(key)[:3]} {code_of(key)[3:]}", "next": "/account/bookmarks"})
    assert (done.status_code, done.location) == (303, "/account/bookmarks")
    assert is_signed_in(fresh)
    assert events(database)[-2:] == ["login.password", "login"]


def test_between_password_and_code_nobody_is_signed_in(app: Flask, member: FlaskClient, database: Database) -> None:
    key, _ = set_up(member)
    half = app.test_client()
    give_password(half)
    for path in ("/account", "/company", "/account/second-factor", "/account/confirm", "/wishes"):
        assert half.get(path).location.startswith("/login?next="), path
    assert "Alice" not in half.get("/").get_data(as_text=True)
    assert half.get("/api/v1/wishes").status_code in (401, 403)
    assert post(half, "/account/second-factor/remove").location.startswith("/login")
    with half.session_transaction() as cookie:
        token = cookie["half_way"]
    assert half.get(f"/password/{token}").status_code == 410, "it sets no password either"
    with database.read() as session:
        assert len(session.scalars(select(UserSession)).all()) == 1
    with time_machine.travel(utcnow() + timedelta(minutes=9, seconds=50)):
        assert half.get("/login/code").status_code == 200
    with time_machine.travel(utcnow() + timedelta(minutes=10, seconds=1)):
        late = post(half, "/login/code", {"code": code_of(key)})
        assert late.location == "/login"
        assert not is_signed_in(half)


def test_the_same_code_never_works_twice(app: Flask, member: FlaskClient, database: Database) -> None:
    key, _ = set_up(member)
    code = code_of(key)
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        give_password(client)
    assert post(first, "/login/code", {"code": code}).status_code == 303
    refused = post(second, "/login/code", {"code": code})
    assert refused.status_code == 422
    assert "Dieser Code stimmt nicht" in refused.get_data(as_text=True)
    assert post(second, "/login/code", {"code": code_of(key, -1)}).status_code == 422, "nor one from before"
    assert not is_signed_in(second)
    assert events(database)[-1] == "login.code_failed"


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 422)])
def test_a_code_works_for_its_step_and_the_next(app: Flask, member: FlaskClient, steps: int, status: int) -> None:
    now = 1_800_000_000
    with time_machine.travel(now - 600, tick=False):
        sign_in(member, _alice(member))
        key, _ = set_up(member)
    fresh = app.test_client()
    with time_machine.travel(now, tick=False):
        give_password(fresh)
        assert post(fresh, "/login/code", {"code": code_of(key, steps)}).status_code == status


def _alice(client: FlaskClient) -> User:
    with client.application.extensions["database"].read() as session:
        return session.scalars(select(User).where(User.email == "alice@muster.example")).one()


def test_a_recovery_code_works_once_and_is_told_by_mail(app: Flask, member: FlaskClient, database: Database) -> None:
    _, codes = set_up(member)
    first, second = app.test_client(), app.test_client()
    for client in (first, second):
        give_password(client)
    assert "Wiederherstellungscode" in first.get("/login/code?paper=1").get_data(as_text=True)
    assert post(first, "/login/code", {"code": codes[0].upper().replace("-", " ")}).status_code == 303
    assert "noch 9 Wiederherstellungscodes" in first.get("/account").get_data(as_text=True)
    assert post(second, "/login/code", {"code": codes[0]}).status_code == 422
    assert mails(database)[-1] == "Ein Wiederherstellungscode Ihres Kontos ist benutzt worden"
    assert "second_factor.recovery_used" in events(database)


def test_guessing_codes_ends_after_five_tries_also_after_a_restart(
    app: Flask, member: FlaskClient, people: People, settings: Settings
) -> None:
    key, _ = set_up(member)
    client = app.test_client()
    give_password(client)
    assert [post(client, "/login/code", {"code": "000000"}).status_code for _ in range(5)] == [422] * 5
    refused = post(client, "/login/code", {"code": code_of(key)})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    restarted = create_app(settings)
    other = restarted.test_client()
    give_password(other)
    assert post(other, "/login/code", {"code": code_of(key)}).status_code == 429
    restarted.extensions["database"].dispose()
    sign_in(app.test_client(), people.stranger_user)  # somebody else is not concerned
    with time_machine.travel(utcnow() + timedelta(seconds=301)):
        assert post(client, "/login/code", {"code": code_of(key)}).status_code == 303


def invite(database: Database, settings: Settings, people: People, email: str) -> str:
    """Invite the address into the network office; return the path of the link."""
    with database.write() as session:
        invitations.invite_staff(session, settings, people.admin, InvitationInput(email, role=NetworkRole.CURATOR))
        text = session.scalars(select(OutboxMail.text).where(OutboxMail.text.contains("/invitations/"))).one()
    found = re.search(r"/invitations/\S+", text)
    assert found is not None
    return found[0]


def test_an_invitation_gets_nobody_around_the_code(
    app: Flask, member: FlaskClient, people: People, database: Database, settings: Settings
) -> None:
    set_up(member)
    with database.write() as session:  # signs in elsewhere only
        session.execute(update(User).where(User.id == people.member_user.id).values(password_hash=None))
    path, fresh = invite(database, settings, people, "alice@muster.example"), app.test_client()
    sent = post(fresh, path, {"name": "Alice", "password": "vier graue esel lachen"})
    assert (sent.status_code, sent.location) == (303, "/login/code")
    assert not is_signed_in(fresh)


def test_accepting_an_invitation_with_a_click_is_no_proof_of_who_sits_there(
    member: FlaskClient, people: People, database: Database, settings: Settings
) -> None:
    path = invite(database, settings, people, "alice@muster.example")
    make_stale(database)
    assert post(member, path).location == "/curation"
    assert post(member, "/account/tokens", {"token_name": "x"}).status_code == 403


def test_who_is_locked_out_by_somebody_with_the_password_sets_a_new_one(
    app: Flask, member: FlaskClient, people: People
) -> None:
    key, _ = set_up(member)
    thief = app.test_client()
    give_password(thief)
    assert [post(thief, "/login/code", {"code": "000000"}).status_code for _ in range(6)][-1] == 429
    new = "vier graue esel lachen"
    assert post(member, "/account/password", {"current": PASSWORD, "new": new}).status_code == 303
    owner = app.test_client()
    post(owner, "/login", {"email": "alice@muster.example", "password": new})
    assert post(owner, "/login/code", {"code": code_of(key)}).status_code == 303


@pytest.mark.parametrize(("minutes", "tries"), [(6, 20), (61, 50)], ids=["twenty an hour", "fifty a day"])
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_patient_guessing_ends_too(database: Database, people: People, minutes: int, tries: int) -> None:
    made, start = 0, utcnow()
    for step in range(60):
        with time_machine.travel(start + timedelta(minutes=minutes * (step // 5)), tick=False):
            try:
                with database.write() as session:
                    throttle.reserve(session, throttle.code_limits(people.member_user.id))
                made += 1
            except TooMany:
                break
    assert made == tries


def test_a_new_password_ends_the_way_and_does_not_replace_the_code(
    app: Flask, member: FlaskClient, database: Database
) -> None:
    set_up(member)
    half = app.test_client()
    give_password(half)
    post(app.test_client(), "/password", {"email": "alice@muster.example"})
    with database.read() as session:
        text = session.scalars(select(OutboxMail.text).order_by(OutboxMail.created_at.desc())).first() or ""
    link = re.search(r"/password/\S+", text)
    assert link is not None
    client = app.test_client()
    new = "vier graue esel lachen"
    assert post(client, link[0], {"password": new}).location == "/login"
    assert half.get("/login/code").location == "/login"
    sent = post(client, "/login", {"email": "alice@muster.example", "password": new})
    assert sent.location == "/login/code"
    assert not is_signed_in(client)


# changing it


def test_new_codes_end_the_old_ones_and_removing_needs_no_code_afterwards(
    app: Flask, member: FlaskClient, database: Database
) -> None:
    _, old = set_up(member)
    new = CODE.findall(post(member, "/account/second-factor/codes").get_data(as_text=True))
    assert len(new) == 10
    client = app.test_client()
    give_password(client)
    assert post(client, "/login/code", {"code": old[0]}).status_code == 422
    assert post(client, "/login/code", {"code": new[0]}).status_code == 303
    assert post(client, "/account/second-factor/remove").status_code == 303
    assert not is_signed_in(member), "all other sign-ins ended"
    again = app.test_client()
    assert post(again, "/login", {"email": "alice@muster.example", "password": PASSWORD}).location == "/company"
    assert mails(database)[-1] == "Der zweite Faktor Ihres Kontos ist entfernt"
    with database.read() as session:
        assert not session.scalars(select(SecondFactor)).all()
        assert not session.scalars(select(RecoveryCode)).all()


def test_dangerous_actions_ask_for_password_and_code(member: FlaskClient, database: Database) -> None:
    key, _ = set_up(member)
    make_stale(database)
    asked = post(member, "/account/tokens", {"token_name": "Auswertung"})
    text = asked.get_data(as_text=True)
    assert 'name="confirm_password"' in text
    assert 'name="confirm_code"' in text
    assert answer(member, asked).status_code == 422, "a password alone is not enough"
    assert answer(member, asked, code="000000").status_code == 422
    done = answer(member, asked, code=code_of(key))
    assert done.status_code == 200
    assert "Ihr neuer Schlüssel" in done.get_data(as_text=True)


def test_who_has_no_password_here_confirms_with_a_code_or_not_at_all(
    member: FlaskClient, people: People, database: Database
) -> None:
    key, _ = set_up(member)
    with database.write() as session:
        session.execute(update(User).where(User.id == people.member_user.id).values(password_hash=None))
    make_stale(database)
    asked = post(member, "/account/sessions/end")
    assert 'name="confirm_password"' not in asked.get_data(as_text=True)
    assert answer(member, asked, "", code=code_of(key)).status_code == 303
    with database.write() as session:
        session.execute(update(User).where(User.id == people.member_user.id).values(second_factor_at=None))
    make_stale(database)
    refused = post(member, "/account/sessions/end", {"confirm_password": "", "confirm_code": ""})
    assert refused.status_code == 422, "nothing to prove with is no proof"


# who lost the phone


def test_an_admin_takes_it_off_somebody_else_and_never_sets_one_up(
    app: Flask, member: FlaskClient, people: People, database: Database
) -> None:
    set_up(member)
    admin = app.test_client()
    sign_in(admin, people.admin_user)
    path = f"/admin/users/{people.member_user.id}"
    assert "Zweiten Faktor entfernen" in admin.get(path).get_data(as_text=True)
    assert post(admin, f"{path}/second-factor/remove").status_code == 303
    assert not is_signed_in(member)
    assert mails(database)[-1] == "Der zweite Faktor Ihres Kontos ist entfernt"
    with database.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "second_factor.removed")).one()
        assert (event.user_id, event.thing_label) == (people.admin_user.id, "alice@muster.example")
    assert "Zweiten Faktor entfernen" not in admin.get(path).get_data(as_text=True)


def test_only_network_admins_take_it_off(people: People, database: Database) -> None:
    with database.write() as session:
        user = session.get_one(User, people.member_user.id)
        user.second_factor_at = utcnow()
        for actor in (people.curator, people.company_admin, people.stranger, people.member):
            with pytest.raises(NotAllowed):
                second_factor.remove_from(session, actor, user)
        second_factor.remove_from(session, people.admin, user)
        with pytest.raises(Conflict):
            second_factor.remove_from(session, people.admin, user)


# who must have one


def test_who_must_have_one_does_nothing_else_before(
    beginning_of_a_step: None, app: Flask, people: People, settings: Settings
) -> None:
    app.extensions["settings"] = replace(settings, second_factor="staff")
    staff, company = app.test_client(), app.test_client()
    sign_in(staff, people.curator_user)
    for path in ("/", "/curation", "/account", "/planning", "/admin"):
        assert staff.get(path).location == "/account/second-factor", path
    assert post(staff, "/account/tokens", {"token_name": "x"}).location == "/account/second-factor"
    assert staff.get("/api/v1/wishes").status_code == 403
    for path in ("/help", "/privacy", "/account/second-factor"):
        assert staff.get(path).status_code == 200, path
    assert "vorgeschrieben" in staff.get("/account/second-factor").get_data(as_text=True)
    set_up(staff)
    assert staff.get("/curation").status_code == 200
    sign_in(company, people.company_admin_user)
    assert company.get("/company").status_code == 200
    app.extensions["settings"] = replace(settings, second_factor="company-admins")
    assert company.get("/company").location == "/account/second-factor"
    assert post(company, "/logout").status_code == 303


def test_no_route_is_open_to_who_must_set_it_up_first(installed: Installation) -> None:
    app, client = installed.app, installed.browser("admin")
    kept = app.extensions["settings"]
    app.extensions["settings"] = replace(kept, second_factor="all")
    by_view = {rule.endpoint: (rule, method) for rule, method in routes(app)}
    try:
        for view, (rule, method) in by_view.items():
            if view in OPEN or view.partition(".")[0] in OPEN_BLUEPRINTS:
                continue
            answered = request(client, installed, rule, method, installed.tokens["admin"])
            led = answered.status_code == 303 and answered.location == "/account/second-factor"
            assert led or (rule.rule.startswith("/api/") and answered.status_code == 403), f"{method} {rule.rule}"
    finally:
        app.extensions["settings"] = kept


@pytest.mark.parametrize(
    ("chosen", "address", "who"),
    [
        ("", "http://127.0.0.1:8000", set()),
        ("", "https://katalog.example", {"curator", "admin"}),
        ("optional", "https://katalog.example", set()),
        ("staff", "http://127.0.0.1:8000", {"curator", "admin"}),
        ("company-admins", "https://katalog.example", {"curator", "admin", "company_admin"}),
        ("all", "http://127.0.0.1:8000", {"curator", "admin", "company_admin", "member", "stranger"}),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_setting_says_who_must_have_one(
    settings: Settings, people: People, chosen: str, address: str, who: set[str]
) -> None:
    given = replace(settings, second_factor=chosen, base_url=address)
    roles = ("curator", "admin", "company_admin", "member", "stranger")
    assert {role for role in roles if second_factor.is_required(given, getattr(people, f"{role}_user"))} == who
    people.curator_user.password_hash = None
    assert not second_factor.is_required(given, people.curator_user), "who signs in elsewhere shows it there"


def test_a_rotated_secret_key_keeps_the_codes(
    app: Flask, member: FlaskClient, settings: Settings, database: Database
) -> None:
    key, _ = set_up(member)
    with database.write() as session:
        old = session.scalars(select(SecondFactor.seed)).one()
        rotated = replace(settings, secret_key="other" * 12, secret_key_fallbacks=(settings.secret_key,))
        alice = session.scalars(select(User).where(User.email == "alice@muster.example")).one()
        assert second_factor.accept(session, rotated, alice, code_of(key)) == "code"
    with database.write() as session:
        assert session.scalars(select(SecondFactor.seed)).one() != old, "sealed again with the new key"
        session.execute(update(SecondFactor).values(used_step=0))
        alone = replace(rotated, secret_key_fallbacks=())
        alice = session.scalars(select(User).where(User.email == "alice@muster.example")).one()
        assert second_factor.accept(session, settings, alice, code_of(key)) == "", "the old key alone opens nothing"
        assert second_factor.accept(session, alone, alice, code_of(key)) == "code"


def test_nobody_sets_up_two(people: People, database: Database, settings: Settings) -> None:
    with database.write() as session:
        session.get_one(User, people.member_user.id).second_factor_at = utcnow()
        session.flush()
        with pytest.raises(Conflict):
            second_factor.begin(session, settings, sessions.actor_of(people.member_user))
