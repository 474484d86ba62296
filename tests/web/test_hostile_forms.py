"""Every form of every page with more than it offers, with nonsense, without a token: nothing undeclared changes, nothing breaks."""

import html
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalogue.web.auth import ASKED_BY_POST, BY_ADDRESS
from tests.web.form_pages import Field, Filled, harvest
from tests.web.installation import Installation, asked, installation, routes

pytestmark = pytest.mark.slow
EXAMPLES = int(os.environ.get("CATALOGUE_TEST_EXAMPLES", "50"))
TURNS = int(os.environ.get("CATALOGUE_TEST_TURNS", "1"))
UNLIKE = {
    "imports.assign",
    "imports.resume",
    "sources.run",
    "retreats.rotate_code",
    "personal.ask_for_data",
}  # work behind the answer; a random code
EXEMPT = {
    "searches.unsubscribe",
    "digests.unsubscribe",
    "exchange.harvest",
}  # a signed address is the proof; OAI-PMH reads by POST
SIDES = ("company_admin", "admin")
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?|[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|\$argon2\S+|[\w-]{40,}"
)  # moments, new ids, hashes, tokens
Dump = dict[str, list[str]]


@pytest.fixture(scope="module")
def forms(sqlite_template: Any) -> Iterator[tuple[Installation, dict[str, tuple[str, Filled]]]]:
    """The forms of a company and of the office by endpoint, with who found them."""
    with installation(sqlite_template) as made:
        found: dict[str, tuple[str, Filled]] = {}
        for role in SIDES:
            for endpoint, form in harvest(made, made.browser(role)).items():
                found.setdefault(endpoint, (role, form))
        made.back()
        yield made, found


Found = tuple[Installation, dict[str, tuple[str, Filled]]]


def dump(made: Installation) -> Dump:
    """Return all rows as texts, without what differs from one run to the next."""
    with closing(sqlite3.connect(made.folder / "catalogue.sqlite3")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(CHANGING.sub("", repr(row)) for row in connection.execute(f'SELECT * FROM "{name}"'))  # noqa: S608
            for name in names
        }


def smuggled(made: Installation) -> dict[str, str]:
    """Fields that no form should take, with values that would mean something."""
    world = made.world
    return {
        "is_admin": "1", "admin": "1", "active": "1", "is_system": "1", "network_role": "admin", "company_role": "admin", "role": "admin",
        "company_id": str(world.people["rival"].id), "user_id": str(world.people["admin"].id), "updated_by_id": str(world.people["rival"].id),
        "id": str(world.samples["wish_id"]), "module_id": str(world.samples["run_id"]), "status": "published", "state": "published",
        "workflow_state": "archived", "version": "4242", "confirmed_at": "1999-01-01T00:00:00", "created_at": "1999-01-01T00:00:00",
        "published_at": "1999-01-01T00:00:00", "slug": "geschmuggelt", "sort_title": "aaa", "password_hash": "x", "token_hash": "x",
        "email": "geschmuggelt@beispiel.example", "checksum": "x", "source": "self", "confidentiality": "members", "label": "Geschmuggelt",
    }  # fmt: skip


def send(made: Installation, role: str, form: Filled, values: dict[str, Any]) -> Any:
    return made.browser(role).post(form.action, data={**values, "csrf_token": made.tokens[role]})


def test_no_form_takes_more_than_it_offers(forms: Found) -> None:
    made, found = forms
    changed, worked = [], 0
    for endpoint, (role, form) in found.items():
        values = form.values()
        if endpoint in UNLIKE:
            continue
        status = send(made, role, form, values).status_code
        plain = dump(made) if made.is_changed() else None
        worked += made.back()
        extra = {
            name: value for name, value in smuggled(made).items() if name not in values and name not in offered(form)
        }
        asked.clear()
        answer = send(made, role, form, values | extra)
        more = dump(made) if made.is_changed() else None
        made.back()
        wanted = (
            asked & extra.keys()
        )  # fields that the page did not show, but the view knows: a step named by a button, say
        if answer.status_code != status or (plain != more and not wanted):
            changed.append(f"{endpoint}: {status} became {answer.status_code}; {differences(plain, more)}")
    assert changed == []
    assert worked > 70, f"only {worked} forms did anything"


def offered(form: Filled) -> set[str]:
    return {one.name for one in form.fields}


def differences(plain: Dump | None, more: Dump | None) -> list[str]:
    if plain is None or more is None:
        return ["nothing was written"]
    return [
        f"{name}: {set(rows) ^ set(more.get(name, []))}"[:300] for name, rows in plain.items() if rows != more.get(name)
    ]


def test_every_change_wants_the_token_of_its_own_session(installed: Installation) -> None:
    assert BY_ADDRESS | ASKED_BY_POST == EXEMPT
    taken = []
    for rule, method in routes(installed.app):
        if method != "GET" and rule.endpoint not in EXEMPT:
            for data in ({}, {"csrf_token": installed.tokens["rival"]}):
                answer = installed.browser("admin").open(installed.path(rule, method), method=method, data=data)
                if answer.status_code != 400 or installed.back():
                    taken.append(f"{method} {rule.rule} with {data}: {answer.status_code}")
    assert taken == []


TEXTS = st.text(max_size=60) | st.sampled_from(
    ["9" * 400, "1e999", "NaN", "-Infinity", "-1", "0", "²", "٣", "true", "null", "None", "'; DROP TABLE user--", "{{7*7}}", "%(x)s", "%s",
     "../../etc/passwd", "\u202egpj.exe", "\r\nBcc: x@y.example", "=1+1", "<script>alert(1)</script>", "a" * 5_000, "ä" * 33_000, "\u2028", "\x1b[31m",
     "2027-02-30", "0001-01-01", "9999-12-31", "10000-01-01", "24:61", "2027-Q9", "00000000-0000-0000-0000-000000000000", "\ufeff", " ", "\t"]
)  # fmt: skip


@st.composite
def nonsense(draw: st.DrawFn, form: Filled) -> dict[str, list[str]]:
    """Values for some fields of the form that nobody would choose; the others stay as they are."""
    values = form.values()
    names = sorted(offered(form) - {"csrf_token", ""})
    for name in draw(st.lists(st.sampled_from(names), unique=True)) if names else []:
        values[name] = draw(
            st.lists(TEXTS.filter(lambda text: "\0" not in text and text.isprintable() or len(text) < 40), max_size=3)
        )
    return values


def test_no_form_breaks_and_what_was_typed_comes_back(forms: Found) -> None:
    made, found = forms

    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def probe(data: st.DataObject) -> None:
        role, form = found[data.draw(st.sampled_from(sorted(found)))]
        values = data.draw(nonsense(form))
        encoded = {name: [one.encode("utf-8", "replace").decode() for one in listed] for name, listed in values.items()}
        answer = send(made, role, form, encoded)
        made.back()
        assert answer.status_code in {200, 302, 303, 400, 403, 404, 409, 413, 422, 429}, (
            form.action,
            answer.status_code,
        )
        if answer.status_code == 422:
            missing = lost(form, encoded, answer.get_data(as_text=True))
            assert missing == [], (form.action, missing)

    probe()


def lost(form: Filled, values: dict[str, list[str]], page: str) -> list[str]:
    """Return the names of fields whose text is not on the page any more (line ends and spaces may differ)."""
    shown = squeezed(html.unescape(page))
    typed: list[Field] = [one for one in form.fields if one.is_typed]
    return [one.name for one in typed if (sent := values.get(one.name)) and squeezed(sent[0])[:200] not in shown]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


ABSURD = (
    "",
    "9" * 400,
    "-1",
    "²",
    "\u202e",
    "'",
    "1" * 9,
    "x" * 3_000,
    "2027-02-30",
    "00000000-0000-0000-0000-000000000000",
    "NaN",
    "\ud7ff",
    '((("*~',
)


STEERING = (
    "endpoint",
    "_scheme",
    "_external",
    "_anchor",
    "_method",
    "values",
    "self",
    "name",
    "format",
    "suffix",
    "what",
    "slug",
    "key",
)


def test_no_page_breaks_whatever_its_arguments_are(installed: Installation) -> None:
    """Arguments named like those of ``url_for`` once broke the start page; the others are what the page looks for."""
    client, broken, last = installed.browser("admin"), [], len(ABSURD)
    for number, (rule, method) in enumerate(routes(installed.app)):
        if method == "GET":
            asked.clear()
            steered = client.get(installed.path(rule), query_string=dict.fromkeys(STEERING, "javascript"))
            names = sorted(asked - {"csrf_token"})
            broken += [f"{rule.rule} steered: {steered.status_code}"] if steered.status_code >= 500 else []
            assert b"javascript:" not in steered.get_data(), rule.rule
            for turn in range(TURNS if names else 0):
                question = {name: [ABSURD[(number + turn + place) % last]] * 2 for place, name in enumerate(names)}
                answer = client.get(installed.path(rule), query_string=question)
                broken += [f"{rule.rule} {question}: {answer.status_code}"] if answer.status_code >= 500 else []
    assert broken == []
