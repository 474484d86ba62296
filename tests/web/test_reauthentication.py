"""Who signed in a while ago proves who they are before a dangerous action, and loses nothing by it."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import ApiToken, AuditEvent, CompanyRole, Membership, UserSession
from catalogue.settings import Settings
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD
from tests.web.installation import Installation, routes
from tests.web.test_permissions import read_matrix, request

DANGEROUS = {
    "access.approve",
    "accounts.create_token",
    "accounts.end_other_sessions",
    "accounts.end_session",
    "admin.outbox_list",  # without a mail server links for passwords are read there
    "companies.invite",
    "company_calendar.create",
    "companies.update",  # deactivating, and the domains whose people may join
    "company_imports.apply",
    "company_imports.undo",
    "admin.export_audit",
    "oidc.connect",
    "oidc.disconnect",
    "people.change_role",
    "people.invite",
    "people.lock",
    "people.remove",
    "people.unlock",
    "personal.ask_for_data",
    "personal.delete_other",
    "personal.delete_own",
    "personal.fetch_data",
    "planning.report_link_create",
    "second_factor.begin",
    "second_factor.new_codes",
    "second_factor.remove",
    "second_factor.setup",
    "switches.mode",
    "switches.requests",
    "users.activate",
    "users.change_role",
    "users.deactivate",
    "users.end_sessions",
    "users.invite",
    "users.remove_second_factor",
    "users.send_link",
}
HARMLESS = {
    "access.decline": "refuses somebody who is not in",
    "accounts.change_password": "asks for the current password itself",
    "accounts.revoke_token": "only takes away",
    "accounts.save": "own name and language",
    "admin.discard": "a mail that was not sent",
    "admin.retry": "a mail goes where it was to go",
    "companies.create": "a company without people",
    "company_calendar.revoke": "only takes away",
    "company_imports.discard": "forgets a list that was not applied",
    "company_imports.upload": "shows a plan, applies nothing",
    "digests.choose": "how often mails come",
    "people.end_sessions": "only takes away, and is pressed in a hurry",
    "people.resend": "to the address that was invited",
    "people.revoke": "only takes away",
    "planning.report_link_revoke": "only takes away",
    "reauthentication.confirm": "is the question itself",
    "searches.create": "own saved searches",
    "searches.delete": "own saved searches",
    "searches.restore": "own saved searches",
    "company.profile": "sector, region and size of the own company",
    "searches.edit": "own saved searches",
    "sheets.make_link": "mailed to one company, shows nothing that was said",
    "users.hand_over_reviews": "open tasks, within the network office",
}


def sensitive(app: Flask) -> set[str]:
    """Every change of the own account, all that curators may not do but admins may, and links for outsiders."""
    matrix, found = read_matrix(), set()
    for rule in app.url_map.iter_rules():
        roles = matrix.get((rule.rule, "POST")) if "POST" in (rule.methods or ()) else None
        if roles and (
            (roles["admin"] == "ok" and roles["curator"] != "ok")
            or (roles["company_admin"] == "ok" and roles["member"] != "ok")
            or rule.rule.startswith("/account")
            or rule.rule.endswith(("/links", "/link", "/export"))
        ):
            found.add(rule.endpoint)
    return found


def make_stale(database: Database, minutes: int = 16) -> None:
    """Let all sign-ins have been proved so many minutes ago."""
    with database.write() as session:
        session.execute(update(UserSession).values(confirmed_at=utcnow() - timedelta(minutes=minutes)))


def test_no_dangerous_route_is_forgotten(made_app: Flask) -> None:
    asking = {name for name, view in made_app.view_functions.items() if hasattr(view, "asks_again")}
    assert asking == DANGEROUS
    undecided = sensitive(made_app) - DANGEROUS - set(HARMLESS)
    assert undecided == set(), "put @confirmed on them, or say in HARMLESS why not"
    assert set(HARMLESS) <= set(made_app.view_functions)


def test_each_dangerous_route_asks_a_stale_sign_in_and_changes_nothing(installed: Installation) -> None:
    make_stale(installed.database)
    with installed.database.read() as session:
        before = session.scalars(select(AuditEvent.id).where(AuditEvent.action != "access.refused")).all()
    for rule, method in routes(installed.app):
        if rule.endpoint in DANGEROUS:
            assert any(asks(installed, role, rule, method) for role in ("admin", "company_admin")), f"{method} {rule}"
    with installed.database.read() as session:
        assert session.scalars(select(AuditEvent.id).where(AuditEvent.action != "access.refused")).all() == before


def asks(installed: Installation, role: str, rule: Rule, method: str) -> bool:
    response = request(installed.browser(role), installed, rule, method, installed.tokens[role])
    if method == "GET":
        return (response.location or "").startswith("/account/confirm?next=")
    return response.status_code == 403 and 'name="confirm_password"' in response.get_data(as_text=True)


HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def kept(response: TestResponse) -> tuple[str, list[tuple[str, str]]]:
    """The address and the hidden fields of the form that asks."""
    text = response.get_data(as_text=True)
    form = text[text.index('<form method="post" action="', text.index("<main")) :]
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    return html.unescape(action[1]), [
        (name, html.unescape(value)) for name, value in HIDDEN.findall(form[: form.index("</form>")])
    ]


def answer(client: FlaskClient, asked: TestResponse, password: str = PASSWORD, code: str = "") -> TestResponse:
    """Press the button of the page that asks."""
    address, fields = kept(asked)
    return client.post(address, data=MultiDict([*fields, ("confirm_password", password), ("confirm_code", code)]))


def role_of(database: Database, people: People) -> CompanyRole:
    with database.read() as session:
        return session.scalars(select(Membership.role).where(Membership.user_id == people.member_user.id)).one()


def test_a_form_is_done_with_one_click_after_the_password(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.company_admin_user)
    path, data = f"/company/people/{people.member_user.id}/role", {"role": "admin", "next": "/company/people?x=1"}
    make_stale(database)
    asked = post(client, path, data)
    assert asked.status_code == 403
    assert role_of(database, people) == CompanyRole.MEMBER
    wrong = answer(client, asked, "falsch")
    assert wrong.status_code == 422
    assert "Das ist nicht Ihr Passwort" in wrong.get_data(as_text=True)
    assert role_of(database, people) == CompanyRole.MEMBER
    done = answer(client, wrong)
    assert (done.status_code, done.location) == (303, "/company/people?x=1")
    assert role_of(database, people) == CompanyRole.ADMIN
    assert post(client, path, {"role": "member"}).status_code == 303, "for 15 minutes nobody asks again"


def test_lines_and_repeated_fields_survive_and_the_password_does_not_come_back(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    make_stale(database)
    asked = post(client, "/account/tokens", {"token_name": 'Zwei\nZeilen & "mehr"', "days": "30", "x": ["1", "2"]})
    wrong = answer(client, asked, "geheimes-falsches")
    assert "geheimes-falsches" not in wrong.get_data(as_text=True)
    fields = [field for field in kept(wrong)[1] if field[0] not in ("csrf_token", "once")]
    assert fields == [("token_name", 'Zwei\nZeilen & "mehr"'), ("days", "30"), ("x", "1"), ("x", "2")]
    assert answer(client, wrong).status_code == 200
    with database.read() as session:
        assert session.scalars(select(ApiToken.name)).all() == ['Zwei\nZeilen & "mehr"']


def test_no_typed_password_is_put_into_the_page(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.member_user)
    make_stale(database)
    asked = post(client, "/account/delete", {"password": PASSWORD, "sure": "y"})
    assert asked.status_code == 403
    assert PASSWORD not in asked.get_data(as_text=True)
    assert ("sure", "y") in kept(asked)[1]
    typed_again = answer(client, asked)
    page = typed_again.get_data(as_text=True)
    assert (typed_again.status_code, "Geben Sie das Passwort an." in page, PASSWORD in page) == (422, True, False)
    assert post(client, "/account/delete", {"password": PASSWORD, "sure": "y"}).status_code == 303


def test_a_page_is_shown_after_the_password(client: FlaskClient, people: People, database: Database) -> None:
    sign_in(client, people.admin_user)
    make_stale(database)
    sent = client.get("/admin/outbox?show=failed")
    assert sent.location == "/account/confirm?next=/admin/outbox?show%3Dfailed"
    asked = client.get(sent.location)
    assert "Sind Sie es noch?" in asked.get_data(as_text=True)
    done = answer(client, asked)
    assert (done.status_code, done.location) == (303, "/admin/outbox?show=failed")
    assert client.get(done.location).status_code == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_question_never_leads_to_another_site(
    client: FlaskClient, people: People, database: Database, target: str
) -> None:
    sign_in(client, people.member_user)
    make_stale(database)
    asked = client.get("/account/confirm", query_string={"next": target})
    assert answer(client, asked).location == "/account"
    assert client.get("/account/confirm", query_string={"next": target}).location == "/account", "fresh: nobody asks"


def test_fourteen_minutes_are_fresh_and_the_own_sign_in_can_always_be_ended(
    client: FlaskClient, people: People, database: Database
) -> None:
    sign_in(client, people.member_user)
    make_stale(database, minutes=14)
    assert post(client, "/account/sessions/end").status_code == 303
    make_stale(database)
    assert post(client, "/logout").status_code == 303


def test_guessing_at_the_question_is_limited_as_signing_in_is(
    client: FlaskClient, people: People, database: Database, settings: Settings
) -> None:
    sign_in(client, people.member_user)
    make_stale(database)
    asked = post(client, "/account/sessions/end")
    assert [answer(client, asked, "falsch").status_code for _ in range(10)] == [422] * 10
    refused = answer(client, asked)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("confirmation.failed") == 10
    restarted = create_app(settings)
    assert (
        post(restarted.test_client(), "/login", {"email": "alice@muster.example", "password": PASSWORD}).status_code
        == 429
    )
    restarted.extensions["database"].dispose()


def test_confirming_in_one_browser_confirms_no_other(app: Flask, people: People, database: Database) -> None:
    here, phone = app.test_client(), app.test_client()
    for client in (here, phone):
        sign_in(client, people.member_user)
    make_stale(database)
    asked = post(here, "/account/tokens", {"token_name": "Eins"})
    assert answer(here, asked).status_code == 200
    assert post(phone, "/account/tokens", {"token_name": "Zwei"}).status_code == 403
