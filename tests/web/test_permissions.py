"""Every route with every role, against a checked-in matrix: nothing is open by accident, nothing closed by accident.

The matrix is ``permission_matrix.csv``. After adding a route run ``python -m tests.web.test_permissions [part of the route]`` and read the difference line by line.
Outcomes: ``ok`` (the role gets in: page, redirect, or a complaint about the empty input), ``login`` (sent to sign in, or 401),
``403``, ``404``.
"""

import csv
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.web.installation import VISITOR, Installation, installation, routes

MATRIX = Path(__file__).with_name("permission_matrix.csv")
ROLES = ("visitor", "alone", "member", "company_admin", "stranger", "rival", "curator", "admin")
LIKE = {"locked": "visitor", "left": "alone"}  # a locked account; an admin of a company that left the network
IN = {200, 204, 302, 303, 400, 409, 410, 412, 415, 422, 428}
GUARDS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Resource-Policy": "",
    "Cache-Control": "",
    "X-Request-ID": "",
}
FRAMED = "/embed/modules"  # the one page that other sites may show
OPEN_COOKIE = {"HttpOnly", "SameSite=Lax"}
Outcomes = dict[tuple[str, str], str]


def outcome(response: TestResponse) -> str:
    if response.status_code == 401 or "/login" in response.headers.get("Location", ""):
        return "login"
    if response.status_code in IN:
        return "ok"
    return str(response.status_code)


def request(client: FlaskClient, installed: Installation, rule: Rule, method: str, token: str) -> TestResponse:
    path = installed.path(rule, method)
    if method == "GET":
        return client.get(path)
    return client.open(path, method=method, data={"csrf_token": token}, headers={"X-CSRFToken": token})


def unguarded(response: TestResponse) -> str:
    """Return what an answer lacks that browsers need to be safe, "" if nothing: pages, downloads, redirects and refusals alike."""
    headers = response.headers
    wrong = [name for name, value in GUARDS.items() if name not in headers or value not in headers[name]]
    wrong += [
        cookie
        for cookie in headers.getlist("Set-Cookie")
        if not {part.strip() for part in cookie.split(";")} >= OPEN_COOKIE
    ]
    if response.request.path != FRAMED and "frame-ancestors 'none'" not in headers.get("Content-Security-Policy", ""):
        wrong.append("can be framed")
    if "attachment" in headers.get("Content-Disposition", "") and "text/html" in response.content_type:
        wrong.append("a page as download")
    return ", ".join(wrong)


def walk(installed: Installation, role: str, part: str = "") -> Outcomes:
    """Return the outcome of every route with *part* in it for one role; each request finds everything as at the beginning."""
    found = {}
    for rule, method in routes(installed.app):
        if part not in rule.rule:
            continue
        response = request(installed.browser(role), installed, rule, method, installed.tokens[role])
        assert (rule.rule, method, unguarded(response)) == (rule.rule, method, "")
        found[rule.rule, method] = outcome(response)
        installed.back()
    return found


def read_matrix() -> dict[tuple[str, str], dict[str, str]]:
    with MATRIX.open(encoding="utf-8", newline="") as file:
        return {
            (row["route"], row["method"]): {role: row[role] for role in ROLES}
            for row in csv.DictReader(file, delimiter=";")
        }


@pytest.mark.slow
@pytest.mark.parametrize("role", [*ROLES, *LIKE])
def test_every_route_answers_every_role_as_the_matrix_says(installed: Installation, role: str) -> None:
    expected = {key: roles[LIKE.get(role, role)] for key, roles in read_matrix().items()}
    found = walk(installed, role)
    assert {key: (found.get(key, "no such route"), expected.get(key, "not in the matrix"))
            for key in expected.keys() | found.keys() if found.get(key) != expected.get(key)} == {}  # fmt: skip


def test_a_token_opens_what_its_owner_may_and_no_page(installed: Installation) -> None:
    matrix, pages = read_matrix(), ("/company", "/planning", "/account", "/admin")
    for role, user in installed.world.people.items():
        headers = installed.bearer(user)
        expected = {key: "login" if role == "locked" else roles[LIKE.get(role, role)] for key, roles in matrix.items()}
        for rule, method in routes(installed.app):
            if rule.rule.startswith("/api/"):
                data = None if method == "GET" else {"a": "form, as the matrix was made with"}
                path = installed.path(rule, method)
                response = installed.app.test_client().open(path, method=method, headers=headers, data=data)
                assert outcome(response) == expected[rule.rule, method], (role, method, rule.rule)
        assert {outcome(installed.app.test_client().get(page, headers=headers)) for page in pages} == {"login"}


def test_no_route_fails_with_any_role() -> None:
    assert {
        key: roles for key, roles in read_matrix().items() if any(value.startswith("5") for value in roles.values())
    } == {}


@pytest.mark.parametrize("prefix", ["/curation", "/planning", "/admin", "/api/v1/reports"])
def test_staff_pages_are_closed_to_companies(prefix: str) -> None:
    rows = {key: roles for key, roles in read_matrix().items() if key[0].startswith(prefix)}
    assert rows
    for key, roles in rows.items():
        companies = {roles[role] for role in ROLES if role not in ("curator", "admin")}
        assert companies <= {"login", "403", "404"}, key


def main(part: str = "") -> None:
    """Write the matrix as it is now, or only its routes with *part* in them; for reading, not for trusting."""
    with installation() as installed:
        columns = {role: walk(installed, role, part) for role in ROLES}
    rows = {key: {role: columns[role][key] for role in ROLES} for key in columns[VISITOR]}
    if part:
        rows = {key: roles for key, roles in read_matrix().items() if part not in key[0]} | rows
    with MATRIX.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["route", "method", *ROLES])
        writer.writerows([*key, *(rows[key][role] for role in ROLES)] for key in sorted(rows))
    sys.stdout.write(f"{len(columns[VISITOR])} of {len(rows)} routes written to {MATRIX}\n")


if __name__ == "__main__":
    main(*sys.argv[1:2])
