"""``catalogue user``."""

import pytest
from flask import Flask
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, OutboxMail, User
from catalogue.services import accounts, sessions, tokens
from catalogue.services.errors import Conflict, Invalid, NotFound
from tests.browsing import post
from tests.cli.conftest import Run
from tests.conftest import People

PASSWORD = "vier graue esel lachen"


def role_of(database: Database, email: str) -> str:
    with database.read() as session:
        user = accounts.by_email(session, email)
        assert user is not None
        actor = sessions.actor_of(user)
        return f"{actor.network_role} {actor.company_name} {actor.company_role}"


@pytest.mark.parametrize(
    ("arguments", "role"),
    [
        (["--role", "member", "--company", "muster-ag"], "None Muster AG member"),
        (["--role", "company-admin", "--company", "muster-ag"], "None Muster AG admin"),
        (["--role", "curator"], "curator  None"),
        (["--role", "network-admin"], "admin  None"),
    ],
)
def test_an_account_gets_its_role_and_a_link_that_sets_the_password(
    run: Run, app: Flask, people: People, database: Database, arguments: list[str], role: str
) -> None:
    made = run("user", "add", "neu@muster.example", *arguments)
    assert made.exit_code == 0
    assert role_of(database, "neu@muster.example") == role
    path = made.output.strip().removeprefix("http://127.0.0.1:8000")
    client = app.test_client()
    assert post(client, path, {"password": PASSWORD}, page=path).status_code == 303
    assert post(client, "/login", {"email": "neu@muster.example", "password": PASSWORD}).status_code == 303


def test_a_password_can_be_read_from_standard_input(run: Run, app: Flask, people: People) -> None:
    arguments = ("user", "add", "neu@netz.example", "--role", "curator", "--password-stdin")
    assert run(*arguments, stdin=f"{PASSWORD}\n").exit_code == 0
    assert post(app.test_client(), "/login", {"email": "neu@netz.example", "password": PASSWORD}).status_code == 303
    assert isinstance(run(*arguments, stdin="kurz\n").exception, Invalid)


def test_a_company_role_needs_a_company_that_exists(run: Run, people: People) -> None:
    assert run("user", "add", "x@muster.example", "--role", "member").exit_code == 2
    unknown = run("user", "add", "x@muster.example", "--role", "member", "--company", "gibt-es-nicht")
    assert isinstance(unknown.exception, NotFound)
    elsewhere = run("user", "add", "bob@beispiel.example", "--role", "member", "--company", "muster-ag")
    assert isinstance(elsewhere.exception, Conflict)


def test_the_token_command_prints_the_token_and_nothing_else(run: Run, people: People, database: Database) -> None:
    printed = run("user", "token", "Alice@muster.example").output
    assert printed.endswith("\n")
    assert len(printed.split()) == 1
    with database.read() as session:
        found = tokens.resume(session, printed.strip())
        assert found is not None
        assert found.user.email == "alice@muster.example"
        assert found.scope == "catalogue"
    printed = run("user", "token", "alice@muster.example", "--scope", "write").output
    with database.read() as session:
        wider = tokens.resume(session, printed.strip())
        assert wider is not None
        assert wider.scope == "write"
    assert isinstance(run("user", "token", "ghost@muster.example").exception, NotFound)


def test_accounts_are_listed_and_locked(run: Run, people: People) -> None:
    assert "alice@muster.example\tAlice Muster\tmember\tmuster-ag\tactive" in run("user", "list").output
    assert run("user", "deactivate", "alice@muster.example").exit_code == 0
    assert "alice@muster.example\tAlice Muster\tmember\tmuster-ag\tinactive" in run("user", "list").output
    assert run("user", "activate", "alice@muster.example").exit_code == 0
    assert isinstance(run("user", "deactivate", "nora@netz.example").exception, Conflict)


def test_the_operator_takes_the_second_factor_off_the_last_admin(run: Run, people: People, database: Database) -> None:
    assert run("user", "remove-second-factor", "nora@netz.example").exit_code == 1, "there is none"
    with database.write() as session:
        session.get_one(User, people.admin_user.id).second_factor_at = utcnow()
    done = run("user", "remove-second-factor", "Nora@netz.example")
    assert done.output.startswith("Account Nora@netz.example has no second factor")
    with database.read() as session:
        assert session.get_one(User, people.admin_user.id).second_factor_at is None
        assert session.scalars(select(OutboxMail.to)).all() == ["nora@netz.example"]
        assert "second_factor.removed" in session.scalars(select(AuditEvent.action)).all()
