"""No page, export, API answer, feed or suggestion shows one company's data to another, or to a visitor."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from catalogue.search import sync
from tests.web.contents import text_of
from tests.web.installation import Installation, asked, routes
from tests.web.tenants import plant, rows_of
from tests.web.world import CANARY, PEOPLE

ECHO = CANARY[:8]  # the beginning finds the word, too, and its echo on the page is no leak
NUMBER = re.compile(rf"(?<![\w-]){PEOPLE // 1000}[.,]?{PEOPLE % 1000}(?![\w-])")  # not as part of random ids and tokens
FILES = ("format=csv", "format=xlsx")
OWN = [
    "/api/v1/demand", "/company", "/company/modules.csv", "/company/modules.xlsx", "/company/people", "/company/cooperation", "/wishes",
    "/api/v1/wishes", "/feedback", "/modules/sicherheit-und-batterie", "/account", "/account/searches",
]  # fmt: skip


@pytest.fixture
def planted(installed: Installation) -> Installation:
    """Everything that the company of the canaries ever wrote holds the word, and the index knows it."""
    with installed.database.write() as session:
        rows = rows_of(session, installed.world.samples["company_id"])
        columns = plant(session, rows, CANARY)
    assert {
        "user.name",
        "demand.note",
        "wish.text",
        "feedback.text",
        "cooperation_entry.contact",
        "company.note",
    } <= columns
    sync.rebuild(installed.database, installed.app.extensions["search"])
    return installed


def questions(installed: Installation, names: set[str]) -> Iterator[str]:
    """Ask for things of the other company with every argument that a page looks for."""
    samples = installed.world.samples
    ids = [samples["company_id"], samples["user_id"]]
    names = names - {"csrf_token", "next", "back"}
    if names:
        yield urlencode(dict.fromkeys(sorted(names), ECHO))
        for value in ids:
            yield urlencode(dict.fromkeys(sorted(names), str(value)))
        for name in sorted(names & {"q", "by", "person", "company", "show", "sort"}):
            yield from (urlencode({name: value}) for value in (ECHO, samples["company_slug"], "company", "all"))
    yield from FILES if "format" in names else ()


def leaks(response: TestResponse) -> bool:
    text = text_of(response)
    return CANARY in text or NUMBER.search(text) is not None


@pytest.mark.slow
@pytest.mark.parametrize("role", ["visitor", "alone", "rival"])
def test_outsiders_never_meet_a_canary(planted: Installation, role: str) -> None:
    client, found = planted.browser(role), []
    for rule, method in routes(planted.app):
        if method == "GET":
            path = planted.path(rule)
            asked.clear()
            answer = get(client, path)
            names = set(asked) if answer.status_code == 200 else set()
            addresses = [f"{path}?{question}" for question in questions(planted, names)] if role != "visitor" else []
            found += [path] if leaks(answer) else []
            found += [address for address in addresses if leaks(get(client, address))]
    assert found == []


def get(client, path: str) -> TestResponse:  # type: ignore[no-untyped-def]
    response: TestResponse = client.get(path)
    assert response.status_code < 500, f"{path}: {response.status_code}"
    return response


def test_the_company_itself_meets_its_own_words(planted: Installation) -> None:
    client = planted.browser("company_admin")
    assert [path for path in OWN if not leaks(get(client, path))] == []
