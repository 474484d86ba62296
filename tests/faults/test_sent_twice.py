"""A form that is sent twice – double click, Back and again, two at once – has one effect, and both answers are the same."""

import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database, utcnow
from catalogue.models import SentForm, Wish
from catalogue.services import sent_forms
from tests.browsing import csrf_token, post, sign_in
from tests.conftest import People
from tests.factories import PASSWORD
from tests.faults.forms import Form, collected, pattern, rows, send
from tests.faults.table import Faults
from tests.web.installation import Installation, installation

# nothing but the record that somebody pressed it twice; or, with codes and links, the newer is as good as the one before
HARMLESS = {"audit_event", "login_attempt"}
UNTRIED = (
    "/logout",
    "/mapping",  # the second works on in a thread of its own
    "/account/password",  # a sign-in gets a new cookie with it; the second is told that the current password is another
)


@pytest.mark.slow
def test_no_form_of_the_catalogue_counts_twice(sqlite_template: Path, faults: Faults) -> None:
    tried, marked, twice = 0, 0, list[str]()
    with installation(sqlite_template) as made:
        for role in ("company_admin", "admin"):
            for form in collected(made, role):
                again = _again(made, role, form)
                if again is None:
                    continue
                tried, marked = tried + 1, marked + ("once" in form.fields)
                if again:
                    twice.append(f"{role} {pattern(form.action)}: {again}")
    faults.record("R9", "every form sent twice", tries=tried, duplicated=len(twice))
    if twice:
        pytest.fail("\n".join(twice))
    assert tried > 90
    assert marked > 45


def _again(made: Installation, role: str, form: Form) -> str | None:
    """Return what the second sending did or answered, "" if nothing; None if the first was refused already."""
    if form.action.endswith(UNTRIED):
        return None
    filled, client = form.filled(), made.browser(role)
    try:
        first, before = send(client, form, filled), rows(made)
        if first.status_code not in (200, 303):
            return None
        second, after = send(client, form, filled), rows(made)
    finally:
        made.back()
    more = {name: after[name] - before[name] for name in after if after[name] != before[name] and name not in HARMLESS}
    if more or ("once" in form.fields and first.status_code == 303 and second.location != first.location):
        return f"{first.status_code} {second.status_code} {second.location} {more}"
    return ""


def _wish(client: FlaskClient, title: str = "Batteriepass") -> dict[str, str]:
    token = csrf_token(client, "/wishes/new")
    return {"csrf_token": token, "once": "mark", "title": title, "confidentiality": "anonymous"}


def _wishes(database: Database) -> int:
    with database.read() as session:
        return session.query(Wish).count()


@pytest.mark.short
def test_two_at_once_have_one_effect(app: Flask, database: Database, people: People, faults: Faults) -> None:
    clients = [app.test_client() for _ in range(4)]
    sign_in(clients[0], people.member_user)
    form = _wish(clients[0])
    cookie = clients[0].get_cookie("session")
    assert cookie
    answers = []

    def click(client: FlaskClient) -> None:
        client.set_cookie("session", cookie.value)
        answers.append(client.post("/wishes/new", data=form))

    clicks = [threading.Thread(target=click, args=(client,)) for client in clients]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    faults.record("R9", f"one form four times at once, {kind}", tries=4, duplicated=_wishes(database) - 1)
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, answers[0].location)}
    assert _wishes(database) == 1


@pytest.mark.short
def test_other_contents_and_other_marks_are_other_forms(
    client: FlaskClient, database: Database, people: People
) -> None:
    sign_in(client, people.member_user)
    for change in ({}, {}, {"title": "Zweites Leben"}, {"title": "Recycling", "once": "other"}):
        assert post(client, "/wishes/new", _wish(client) | change).status_code == 303
    assert _wishes(database) == 3


@pytest.mark.short
def test_what_was_refused_can_be_sent_again(client: FlaskClient, database: Database, people: People) -> None:
    sign_in(client, people.member_user)
    assert post(client, "/wishes/new", _wish(client, "")).status_code == 422
    with database.read() as session:
        assert session.query(SentForm).count() == 0


@pytest.mark.short
def test_signing_in_twice_signs_in_twice(client: FlaskClient, people: People) -> None:
    for _ in range(2):
        fresh = client.application.test_client()
        data = {"email": people.member_user.email, "password": PASSWORD, "once": "mark"}
        assert post(fresh, "/login", data).status_code == 303
        assert fresh.get("/account").status_code == 200


@pytest.mark.short
def test_a_list_counts_by_its_contents(client: FlaskClient, people: People) -> None:
    sign_in(client, people.curator_user)

    def upload(text: str) -> str:
        data = {"once": "mark", "file": (BytesIO(text.encode()), "liste.csv")}
        return post(client, "/curation/imports", data).location or ""

    first = upload("Titel;Ort\nFormierung;Erfurt\n")
    assert upload("Titel;Ort\nFormierung;Erfurt\n") == first
    assert upload("Titel;Ort\nFormierung;Jena\n") not in ("", first)


@pytest.mark.short
def test_marks_are_forgotten_after_two_days(database: Database) -> None:
    with database.write() as session:
        session.add(SentForm(key="old", at=utcnow() - timedelta(days=2, minutes=1)))
        session.add(SentForm(key="new", at=utcnow() - timedelta(days=2) + timedelta(minutes=1)))
        session.flush()
        assert sent_forms.prune(session) == 1
