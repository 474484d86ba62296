"""No page, export, API answer, feed or suggestion shows one company's data to another, or to a visitor."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catalogue.search import sync
from tests.browsing import sign_in
from tests.web.test_permissions import installation, routes
from tests.web.world import CANARY, PEOPLE, World

ASKED = CANARY[:8]  # the beginning finds the word, too, and its echo on the page is no leak
QUERIES = ("", f"?q={ASKED}", "?format=csv", f"?q={ASKED}&format=xlsx", "?by=company", "?page=2")
NUMBER = re.compile(rf"(?<![\w-]){PEOPLE // 1000}[.,]?{PEOPLE % 1000}(?![\w-])")  # not as part of random ids and tokens
OUTSIDERS = ("visitor", "stranger")


def addresses(app: Flask, world: World) -> list[str]:
    found = []
    for rule, method in routes(app):
        if method == "GET":
            values = {name: world.sample(rule.endpoint, name) for name in rule.arguments}
            with app.test_request_context():
                path = app.url_map.bind("localhost").build(rule.endpoint, values)
            found += [f"{path}{query}" for query in QUERIES]
    return found


def leaks(response: TestResponse) -> bool:
    text = response.get_data(as_text=False).decode("utf-8", "replace") + str(response.headers)
    return CANARY in text or NUMBER.search(text) is not None


@pytest.mark.slow
@pytest.mark.parametrize("role", OUTSIDERS)
def test_outsiders_never_meet_a_canary(role: str) -> None:
    with installation() as (app, world, _live):
        sync.rebuild(app.extensions["database"], app.extensions["search"])
        client = app.test_client()
        if role != "visitor":
            sign_in(client, world.people[role])
        found = [path for path in addresses(app, world) if leaks(get(client, path))]
        assert found == []


def get(client: FlaskClient, path: str) -> TestResponse:
    response = client.get(path)
    assert response.status_code < 500, f"{path}: {response.status_code}"
    return response


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/demand",
        "/api/v1/modules/sicherheit-und-batterie",
        "/company",
        "/wishes",
        "/modules/sicherheit-und-batterie",
    ],
)
def test_the_company_itself_meets_its_own_words(path: str) -> None:
    with installation() as (app, world, _live):
        client = app.test_client()
        sign_in(client, world.people["member"])
        text = get(client, path).get_data(as_text=True)
        assert CANARY in text or NUMBER.search(text) or path.startswith("/api/v1/modules")
