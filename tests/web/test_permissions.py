"""Every route with every role, against a checked-in matrix: nothing is open by accident, nothing closed by accident.

The matrix is ``permission_matrix.csv``. After adding a route run ``python -m tests.web.test_permissions`` and read the difference line by line.
Outcomes: ``ok`` (the role gets in: page, redirect, or a complaint about the empty input), ``login`` (sent to sign in, or 401),
``403``, ``404``.
"""

import csv
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from catalogue import create_app, schema
from catalogue.db import Database
from catalogue.models import User
from catalogue.settings import Settings
from tests.browsing import csrf_token, sign_in
from tests.web.world import World, build_world

MATRIX = Path(__file__).with_name("permission_matrix.csv")
ROLES = ("visitor", "member", "company_admin", "stranger", "curator", "admin")
SKIPPED = {"static", "bootstrap.static"}
IN = {200, 204, 302, 303, 400, 409, 410, 412, 415, 422, 428}


@contextmanager
def installation() -> Iterator[tuple[Flask, World, Path]]:
    """An application on SQLite with one of everything; the file is put back before each request."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            state=Path(folder),
            secret_key="matrix" * 8,
            rate_limits=False,
            metrics_token="metrics",
            inline_indexing=False,
        )  # noqa: S106
        database = Database(settings.database_url)
        schema.upgrade(database)
        with database.write() as session:
            world = build_world(session)
        database.dispose()
        app = create_app(settings)
        yield app, world, settings.state / "catalogue.sqlite3"
        app.extensions["database"].dispose()


def restore(kept: Path, live: Path) -> None:
    with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(live)) as target:
        source.backup(target)


def routes(app: Flask) -> list[tuple[Rule, str]]:
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        if rule.endpoint not in SKIPPED:
            found += [(rule, method) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def outcome(response: TestResponse) -> str:
    if response.status_code == 401 or "/login" in response.headers.get("Location", ""):
        return "login"
    if response.status_code in IN:
        return "ok"
    return str(response.status_code)


def request(client: FlaskClient, app: Flask, rule: Rule, method: str, world: World, token: str) -> TestResponse:
    values = {name: world.sample(rule.endpoint, name) for name in rule.arguments}
    with app.test_request_context():
        path = app.url_map.bind("localhost").build(rule.endpoint, values, method=method, force_external=False)
    if method == "GET":
        return client.get(path)
    return client.open(path, method=method, data={"csrf_token": token}, headers={"X-CSRFToken": token})


def walk() -> dict[tuple[str, str], dict[str, str]]:
    """Return outcome by (rule, method) and role."""
    table: dict[tuple[str, str], dict[str, str]] = {}
    with installation() as (app, world, live):
        people: dict[str, User | None] = {"visitor": None, **world.people}
        for role in ROLES:
            client = app.test_client()
            if (user := people[role]) is not None:
                sign_in(client, user)
            token = csrf_token(client, "/help")
            kept = live.with_name(f"kept-{role}.sqlite3")
            restore(live, kept)
            for rule, method in routes(app):
                with client.session_transaction() as cookie:
                    before = dict(cookie)
                response = request(client, app, rule, method, world, token)
                table.setdefault((rule.rule, method), {})[role] = outcome(response)
                if method != "GET" and outcome(response) == "ok":  # who is refused changes nothing
                    restore(kept, live)
                with client.session_transaction() as cookie:
                    cookie.clear()
                    cookie.update(before)
    return table


def read_matrix() -> dict[tuple[str, str], dict[str, str]]:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {
            (row["route"], row["method"]): {role: row[role] for role in ROLES}
            for row in csv.DictReader(file, delimiter=";")
        }


def test_every_route_answers_every_role_as_the_matrix_says() -> None:
    expected, found = read_matrix(), walk()
    differences = [
        f"{method} {route} as {role}: {found.get((route, method), {}).get(role, 'no such route')}, the matrix says "
        f"{expected.get((route, method), {}).get(role, 'nothing')}"
        for route, method in sorted(set(expected) | set(found))
        for role in ROLES
        if found.get((route, method), {}).get(role) != expected.get((route, method), {}).get(role)
    ]
    assert differences == []


def test_no_route_fails_with_any_role() -> None:
    assert {
        key: roles for key, roles in read_matrix().items() if any(value.startswith("5") for value in roles.values())
    } == {}


@pytest.mark.parametrize("prefix", ["/curation", "/planning", "/admin", "/api/v1/reports"])
def test_staff_pages_are_closed_to_companies(prefix: str) -> None:
    rows = {key: roles for key, roles in read_matrix().items() if key[0].startswith(prefix)}
    assert rows
    for key, roles in rows.items():
        assert {roles[role] for role in ("visitor", "member", "company_admin", "stranger")} <= {
            "login",
            "403",
            "404",
        }, key


def main() -> None:
    """Write the matrix as it is now; for reading, not for trusting."""
    table = walk()
    with MATRIX.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["route", "method", *ROLES])
        writer.writerows(
            [route, method, *(roles[role] for role in ROLES)] for (route, method), roles in sorted(table.items())
        )
    sys.stdout.write(f"{len(table)} routes written to {MATRIX}\n")


if __name__ == "__main__":
    main()
