"""A rival company sends every form of the other one, and its own with the other one's ids: nothing changes, nothing comes back."""

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from tests.web.contents import text_of
from tests.web.form_pages import Filled, harvest
from tests.web.installation import Installation, installation, routes
from tests.web.tenants import Rows, furnish, plant, rivals_company, rows_of
from tests.web.world import CANARY

pytestmark = pytest.mark.slow
SHARED = {"introduction"}  # belongs to both of its companies
ROLES = ("rival", "alone", "visitor")
CHANGING = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|[\w.-]{40,}")  # ids and tokens
Values = dict[str, list[str]]


@pytest.fixture(scope="module")
def two(sqlite_template) -> Iterator[Installation]:  # type: ignore[no-untyped-def]
    """Two companies that have the same kinds of things; whatever the first one wrote holds the canary."""
    with installation(sqlite_template) as made:
        with made.database.write() as session:
            furnish(session, made.world)
            plant(session, rows_of(session, made.world.samples["company_id"]), CANARY)
        made.keep()
        yield made


@pytest.fixture(scope="module")
def forms(two: Installation) -> dict[str, dict[str, Filled]]:
    """The forms of both sides by endpoint."""
    return {role: harvest(two, two.browser(role)) for role in ("company_admin", "rival")}


def theirs(two: Installation) -> Rows:
    """The rows of the company that must not change."""
    with two.database.read() as session:
        rows = rows_of(session, two.world.samples["company_id"])
    return {name: found for name, found in rows.items() if name not in SHARED}


def exchanged(two: Installation) -> dict[str, str]:
    """Ids and addresses of the rival's things, each with one of the same kind of the other company."""
    with two.database.read() as session:
        mine = rows_of(session, rivals_company(session, two.world))
        other = rows_of(session, two.world.samples["company_id"])
    pairs = {"beispiel-gmbh": str(two.world.samples["company_slug"])}
    for name in mine.keys() & other.keys():
        key = next(iter(other[name]))[0]
        if isinstance(key, UUID):
            pairs |= {str(own[0]): str(key) for own in mine[name] if isinstance(own[0], UUID)}
    return pairs


def send(two: Installation, role: str, action: str, values: Values) -> TestResponse:
    return two.browser(role).post(action, data={**values, "csrf_token": two.tokens[role]})


def attempts(two: Installation, forms: dict[str, dict[str, Filled]]) -> Iterator[tuple[str, Values]]:
    """Forms of the other company as they are; the rival's own, with ids of the other company in address and fields."""
    yield from ((form.action, form.values()) for form in forms["company_admin"].values())
    pairs = exchanged(two)
    assert len(pairs) > 8
    ids = re.compile("|".join(map(re.escape, pairs)))

    def swap(text: str) -> str:
        return ids.sub(lambda found: pairs[found[0]], text)

    for form in forms["rival"].values():
        values = {name: [swap(one) for one in listed] for name, listed in form.values().items()}
        smuggled = {
            "company": [two.world.samples["company_slug"]],
            "company_id": [str(two.world.samples["company_id"])],
        }
        yield swap(form.action), values
        yield form.action, values | smuggled | {"user_id": [str(two.world.samples["user_id"])]}


@pytest.mark.parametrize("role", ROLES)
def test_nothing_of_another_company_changes_or_comes_back(
    two: Installation, forms: dict[str, dict[str, Filled]], role: str
) -> None:
    assert min(len(found) for found in forms.values()) > 25, "forms were not found"
    two.back()  # looking for forms left refusals in the record
    before, wrong, written = theirs(two), [], 0
    for action, values in attempts(two, forms):
        answer = send(two, role, action, values)
        assert answer.status_code < 500, action
        if CANARY in text_of(answer) and not any(CANARY in one for listed in values.values() for one in listed):
            wrong.append(f"{action} tells {answer.status_code}")
        if two.is_changed():
            wrong += [f"{action} changes something"] if theirs(two) != before else []
            written += two.back()
    assert wrong == []
    assert written > 10 or role != "rival", "no form did anything: the test tests nothing"


def test_what_others_have_looks_like_what_nobody_has(two: Installation) -> None:
    with two.database.read() as session:
        owned = {str(key[0]) for rows in rows_of(session, two.world.samples["company_id"]).values() for key in rows}
        owned -= {str(two.world.samples["introduction_id"])}  # the rival is one of its two sides
    unlike, compared = [], 0
    for rule, method in routes(two.app):
        real = {name: two.world.sample(rule.endpoint, name) for name in rule.arguments}
        named = [name for name, value in real.items() if isinstance(value, UUID) and str(value) in owned]
        if named and not rule.rule.startswith("/api/v1/modules"):
            nothing = {name: uuid4() for name in named}
            seen = [look(two, rule, method, values) for values in ({}, nothing)]
            compared += 1
            unlike += [] if seen[0] == seen[1] else [f"{method} {rule.rule}: {seen[0][0]}, unknown ones {seen[1][0]}"]
    assert compared > 20
    assert unlike == []


def look(two: Installation, rule, method: str, values: dict[str, UUID]) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    path, client = two.path(rule, method, **values), two.browser("rival")
    headers = {"X-CSRFToken": two.tokens["rival"]}
    answer = client.open(path, method=method, headers=headers, data=None if method == "GET" else {"a": "b"})
    two.back()
    return answer.status_code, CHANGING.sub(
        "", answer.get_data(as_text=True).replace(answer.headers["X-Request-ID"], "")
    )
