"""The API: the faces that others build on, the same rights as the pages, and no input that breaks it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from catalogue import create_app, schema
from catalogue.db import Database
from catalogue.models import AuditEvent, Demand, Module, NetworkRole, OfferStatus, TokenScope, User, Vocabulary
from catalogue.search import sync
from catalogue.services import sessions, tokens
from catalogue.settings import Settings
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Send = Callable[..., TestResponse]


@pytest.fixture
def module(database: Database, app: Flask) -> Module:
    """A published module, found by the index."""
    with database.write() as session:
        terms = [
            factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit"),
            factories.make_term(session, Vocabulary.FORMAT, "praesenz", "Präsenz"),
        ]
        made = factories.make_module(
            session, "Sicherheit und Batterie", slug="sicherheit", summary="Sicher lagern", terms=terms,
            source_url="https://beispiel.example/", provider=factories.make_provider(session, "Akademie Nord"),
        )  # fmt: skip
    sync.drain_quietly(database, app.extensions["search"])
    return made


def token_of(database: Database, user: User) -> str:
    with database.write() as session:
        return tokens.create(session, sessions.actor_of(user), "test", scope=TokenScope.WRITE)


@pytest.fixture
def send(app: Flask, database: Database) -> Send:
    """Send a request as a user (None: nobody) with a token."""
    known: dict[Any, str] = {}

    def request(user: User | None, method: str, path: str, data: Any = None, **headers: str) -> TestResponse:
        if user is not None:
            if user.id not in known:
                known[user.id] = token_of(database, user)
            headers["Authorization"] = f"Bearer {known[user.id]}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return app.test_client().open(f"/api/v1{path}", method=method, json=data, headers=named)

    return request


def test_search_answers_with_items_facets_and_absolute_addresses(send: Send, module: Module) -> None:
    found = send(None, "GET", "/modules?q=sicher&topic=sicherheit&per_page=500&unknown=1").get_json()
    assert (found["total"], found["page"], found["per_page"]) == (1, 1, 100)
    assert found["items"][0]["slug"] == "sicherheit"
    assert found["items"][0]["url"] == "http://127.0.0.1:8000/modules/sicherheit"
    topics = {one["value"]: one for one in found["facets"]["topic"]}
    assert topics["sicherheit"]["count"] == 1
    assert topics["sicherheit"]["selected"]
    assert found["suggestion"] is None


def test_a_module_shows_its_version_and_interest_only_to_signed_in_people(
    send: Send, module: Module, people: People
) -> None:
    public = send(None, "GET", "/modules/sicherheit")
    assert public.get_json()["version"] == 1
    assert public.headers["ETag"].startswith('"1-')
    assert "interest" not in public.get_json()
    assert send(people.member_user, "GET", "/modules/sicherheit").get_json()["interest"] == {"suppressed": True}
    assert send(None, "GET", "/modules/gibt-es-nicht").status_code == 404


def test_interest_is_told_from_five_other_companies_on(
    send: Send, module: Module, people: People, database: Database
) -> None:
    for number in range(6):
        with database.write() as session:
            user = factories.make_user(session, company=factories.make_company(session, f"Firma Nummer {number}"))
        body = {"relevance": "must", "people": 4, "confidentiality": "anonymous"}
        assert send(user, "PUT", "/modules/sicherheit/demand", body).status_code == 200
    shown = send(people.member_user, "GET", "/modules/sicherheit").get_json()["interest"]
    assert shown == {"companies": 5, "people": 20}


def test_demand_is_put_listed_and_withdrawn(send: Send, module: Module, people: People) -> None:
    sent = {
        "relevance": "must", "purpose": ["training", "business"], "people": 6, "period": "2027-Q1", "format": "praesenz",
        "place": "Erfurt", "note": "zwei Schichten", "confidentiality": "anonymous",
    }  # fmt: skip
    answer = send(people.member_user, "PUT", "/modules/sicherheit/demand", sent)
    assert answer.status_code == 200
    assert {name: answer.get_json()[name] for name in sent} == sent
    listed = send(people.company_admin_user, "GET", "/demand").get_json()
    assert (listed["total"], listed["items"][0]["module"], listed["items"][0]["people"]) == (1, "sicherheit", 6)
    assert send(people.stranger_user, "GET", "/demand").get_json()["total"] == 0
    stale = send(people.member_user, "PUT", "/modules/sicherheit/demand", sent | {"people": 7}, If_Match="99")
    assert stale.status_code == 412
    assert send(people.member_user, "DELETE", "/modules/sicherheit/demand").status_code == 204
    assert send(people.member_user, "GET", "/demand").get_json()["items"] == []
    assert send(people.stranger_user, "DELETE", "/modules/sicherheit/demand").status_code == 404


def test_staff_act_on_behalf_of_a_company_and_members_cannot(
    send: Send, module: Module, people: People, database: Database
) -> None:
    sent = {"relevance": "should", "people": 3, "company": "muster-ag", "source": "call", "source_date": "2026-11-02"}
    assert send(people.stranger_user, "PUT", "/modules/sicherheit/demand", sent).status_code == 403
    answer = send(people.curator_user, "PUT", "/modules/sicherheit/demand", sent)
    assert (answer.status_code, answer.get_json()["source"]) == (200, "call")
    assert send(people.member_user, "GET", "/demand").get_json()["items"][0]["people"] == 3
    listed = send(people.curator_user, "GET", "/demand?company=muster-ag").get_json()["items"]
    assert [(one["company"], one["module"], one["people"]) for one in listed] == [("muster-ag", "sicherheit", 3)]
    assert send(people.stranger_user, "GET", "/demand?company=muster-ag").status_code == 403
    path = "/modules/sicherheit/demand?company=muster-ag&source=visit&source_date="
    assert send(people.curator_user, "DELETE", f"{path}gestern").status_code == 422
    assert send(people.curator_user, "DELETE", f"{path}2026-11-03").status_code == 204
    missing = send(people.curator_user, "PUT", "/modules/sicherheit/demand", {"relevance": "must"})
    assert missing.status_code == 422
    assert missing.get_json()["errors"][0]["field"] == "company"


def test_staff_write_modules_with_versions(send: Send, module: Module, people: People) -> None:
    created = send(
        people.curator_user, "POST", "/modules", {"title": "Neu", "topic": ["sicherheit"], "summary": "Kurz"}
    )
    assert created.status_code == 201
    assert created.headers["Location"].endswith("/api/v1/modules/neu")
    assert (created.get_json()["state"], created.get_json()["terms"]) == ("draft", {"topic": ["sicherheit"]})
    assert send(None, "GET", "/modules/neu").status_code == 404
    assert send(people.curator_user, "PATCH", "/modules/neu", {"title": "Neuer"}).status_code == 428
    changed = send(people.curator_user, "PATCH", "/modules/neu", {"title": "Neuer", "version": 77}, If_Match='"1"')
    assert (changed.status_code, changed.get_json()["title"], changed.get_json()["summary"]) == (200, "Neuer", "Kurz")
    stale = send(people.curator_user, "PATCH", "/modules/neu", {"title": "Alt"}, If_Match='"1"')
    assert (stale.status_code, stale.get_json()["version"]) == (412, changed.get_json()["version"])
    refused = send(people.curator_user, "POST", "/modules/neu/publish")
    assert refused.status_code == 422
    assert {one["field"] for one in refused.get_json()["errors"]} == {"provider", "source_url"}
    facts = {"provider_text": "Akademie", "source_url": "https://x.example/", "offer_status": OfferStatus.PILOTED}
    assert send(people.curator_user, "PATCH", "/modules/neu", facts, If_Match="*").status_code == 200
    assert send(people.curator_user, "POST", "/modules/neu/publish").get_json()["state"] == "published"
    assert send(None, "GET", "/modules?q=neuer").get_json()["total"] == 1
    assert send(people.curator_user, "POST", "/modules/neu/archive").get_json()["state"] == "archived"


def test_what_is_read_can_be_sent_back_and_changes_nothing(send: Send, module: Module, people: People) -> None:
    read = send(people.curator_user, "GET", "/modules/sicherheit").get_json()
    again = send(people.curator_user, "PATCH", "/modules/sicherheit", read, If_Match="1")
    assert again.status_code == 200, again.get_json()
    assert again.get_json()["title"] == read["title"]


def test_feedback_and_wishes(send: Send, module: Module, people: People) -> None:
    remark = {"kind": "strength", "text": "Gut", "visibility": "network"}
    assert send(people.member_user, "POST", "/modules/sicherheit/feedback", remark).status_code == 201
    assert send(people.member_user, "POST", "/feedback", remark).status_code == 201
    assert send(people.curator_user, "POST", "/feedback", remark).status_code == 403
    wish = send(people.member_user, "POST", "/wishes", {"title": "Löschen", "text": "Wie?"})
    assert wish.status_code == 201
    path = f"/wishes/{wish.get_json()['id']}/support"
    assert send(people.stranger_user, "POST", path).get_json()["supported"]
    assert send(people.member_user, "POST", path).status_code == 409
    assert send(people.stranger_user, "DELETE", path).status_code == 204
    assert send(people.stranger_user, "GET", "/wishes").get_json()["items"][0]["title"] == "Löschen"


def test_the_report_is_for_staff_in_json_and_as_files(
    send: Send, module: Module, people: People, database: Database
) -> None:
    send(
        people.member_user,
        "PUT",
        "/modules/sicherheit/demand",
        {"relevance": "must", "people": 6, "purpose": ["training"]},
    )
    found = send(people.curator_user, "GET", "/reports/interest?by=topic").get_json()
    row = {"companies": 1, "people": 6, "must": 1, "should": 0, "could": 0, "open": 0, "training": 1, "cooperation": 0}
    assert found["rows"][0] == {"key": "sicherheit", "label": "Sicherheit", "business": 0, "records": 1, **row}
    assert found["total"]["people"] == 6
    assert send(people.curator_user, "GET", "/reports/interest?format=praesenz").get_json()["total"]["people"] == 6
    assert send(people.curator_user, "GET", "/reports/interest?format=online").get_json()["total"]["people"] == 0
    csv = send(people.curator_user, "GET", "/reports/interest?by=company&format=csv")
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert csv.get_data(as_text=True).splitlines()[1].startswith("Muster AG;")
    assert send(people.curator_user, "GET", "/reports/interest?format=xlsx").get_data()[:2] == b"PK"
    wrong = send(people.curator_user, "GET", "/reports/interest?by=farbe&as_of=gestern")
    assert {one["field"] for one in wrong.get_json()["errors"]} == {"by", "as_of"}
    for user in (people.member_user, people.company_admin_user):
        assert send(user, "GET", "/reports/interest").status_code == 403
    with database.read() as session:
        actions = [event.action for event in session.query(AuditEvent).filter(AuditEvent.action.like("report.%"))]
    assert sorted(actions) == ["report.export"] * 2 + ["report.view"] * 3


SCOPES = [
        ("GET", "/modules", TokenScope.CATALOGUE), ("GET", "/modules/sicherheit", TokenScope.CATALOGUE),
        ("GET", "/openapi.json", TokenScope.CATALOGUE), ("GET", "/demand", TokenScope.READ), ("GET", "/wishes", TokenScope.READ),
        ("PUT", "/modules/sicherheit/demand", TokenScope.WRITE), ("DELETE", "/modules/sicherheit/demand", TokenScope.WRITE),
        ("POST", "/wishes", TokenScope.WRITE), ("POST", "/modules/sicherheit/feedback", TokenScope.WRITE),
]  # fmt: skip


def test_a_token_reaches_what_its_scope_says(app: Flask, database: Database, module: Module, people: People) -> None:
    bodies = {"PUT": {"relevance": "must"}, "POST": {"title": "Neu", "kind": "strength", "text": "Gut"}}
    for scope in TokenScope:
        with database.write() as session:
            token = tokens.create(session, people.member, "x", scope=scope)
        for method, path, wanted in SCOPES:
            headers = {"Authorization": f"Bearer {token}"}
            answer = app.test_client().open(f"/api/v1{path}", method=method, json=bodies.get(method), headers=headers)
            reached = list(TokenScope).index(scope) >= list(TokenScope).index(wanted)
            assert (answer.status_code in (200, 201, 204)) == reached, (scope, method, path, answer.status_code)
            if not reached:
                assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
                assert f"„{wanted}“" in answer.get_json()["title"]
                assert f"error=insufficient_scope, scope={wanted}" in answer.headers["WWW-Authenticate"]
    with database.read() as session:
        assert session.query(Demand).count() == 1  # said and withdrawn by the widest token only


def test_the_least_token_reads_no_more_than_a_visitor(
    app: Flask, database: Database, module: Module, people: People
) -> None:
    with database.write() as session:
        token = tokens.create(session, people.curator, "x")
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    for path in ("/modules", "/modules/sicherheit"):
        assert client.get(f"/api/v1{path}", headers=headers).get_json() == client.get(f"/api/v1{path}").get_json()


def test_what_was_read_is_not_sent_again_until_it_changed(send: Send, module: Module, people: People) -> None:
    for path in ("/modules?q=sicher", "/modules/sicherheit", "/openapi.json"):
        first = send(None, "GET", path)
        assert first.headers["Cache-Control"] == "public, max-age=60"
        assert {"Authorization", "Cookie", "Accept-Language"} <= set(first.headers["Vary"].split(", "))
        again = send(None, "GET", path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        own = send(people.member_user, "GET", path, If_None_Match='"other"')
        assert (own.status_code, own.headers["Cache-Control"]) == (200, "private, no-cache")
    read = send(people.member_user, "GET", "/modules/sicherheit").headers["ETag"]
    send(people.member_user, "PUT", "/modules/sicherheit/demand", {"relevance": "must"})
    changed = send(people.member_user, "GET", "/modules/sicherheit", If_None_Match=read)
    assert (changed.status_code, changed.get_json()["demand"]["relevance"]) == (200, "must")
    etag = send(people.curator_user, "GET", "/modules/sicherheit").headers["ETag"]
    saved = send(people.curator_user, "PATCH", "/modules/sicherheit", {"summary": "Neu"}, If_Match=etag)
    assert saved.status_code == 200
    stale = send(people.curator_user, "PATCH", "/modules/sicherheit", {"summary": "Alt"}, If_Match=etag)
    assert stale.status_code == 412
    assert send(people.member_user, "GET", "/demand").headers["Cache-Control"] == "no-store"


CLOSED = [
        ("PUT", "/modules/sicherheit/demand"), ("DELETE", "/modules/sicherheit/demand"), ("GET", "/demand"), ("POST", "/modules"),
        ("PATCH", "/modules/sicherheit"), ("POST", "/modules/sicherheit/publish"), ("POST", "/wishes"), ("GET", "/wishes"),
        ("POST", "/modules/sicherheit/feedback"), ("GET", "/reports/interest"),
]  # fmt: skip


def test_nobody_without_a_token_gets_in(send: Send, module: Module) -> None:
    for method, path in CLOSED:
        answer = send(None, method, path, {} if method != "GET" else None)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
        assert send(None, method, path, {}, Authorization="Bearer falsch").status_code == 401


BROKEN = [
        (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b'"x"', 400), (b"\xff\xfe", 400), (b'{"note": "\xff"}', 400),
        (b'{"note": "a\\u0000b"}', 400), (b'{"no\\u0000te": 1}', 400), (b'{"note": "\\ud800"}', 400), (b'{"people": NaN}', 400),
        (b'{"people": ' + b"9" * 5000 + b"}", 400), (b'{"people": ' + b"9" * 40 + b"}", 422), (b'{"people": "6"}', 422),
        (b'{"people": 1.5}', 422), (b'{"people": 0}', 422), (b'{"people": true}', 422), (b'{"purpose": "training"}', 422),
        (b'{"purpose": ["x"]}', 422), (b'{"relevance": 1}', 422), (b'{"relevance": "MUST"}', 422), (b'{"period": "2027-Q9"}', 422),
        (b'{"format": "x"}', 422), (b'{"note": ["x"]}', 422), (b'{"confidentiality": null}', 422), (b'{"source_date": "x"}', 422),
        (b"[" * 100_000, 400), (b'{"x": ' + b"[" * 50 + b"]" * 50 + b"}", 400), (b'{"place": "' + b"x" * 300 + b'"}', 422),
]  # fmt: skip


def test_broken_bodies_are_refused_with_a_problem(
    app: Flask, database: Database, module: Module, people: People
) -> None:
    headers = {"Authorization": f"Bearer {token_of(database, people.member_user)}"}
    client = app.test_client()
    for raw, status in BROKEN:
        answer = client.put(
            "/api/v1/modules/sicherheit/demand", data=raw, headers=headers, content_type="application/json"
        )
        assert answer.status_code == status, (raw[:80], answer.get_data(as_text=True))
        assert answer.content_type == "application/problem+json"
        assert set(answer.get_json()) >= {"title", "status", "errors"}
        assert status != 422 or all(one["field"] and one["message"] for one in answer.get_json()["errors"])
    with database.read() as session:
        assert session.query(Demand).count() == 0


def test_other_types_of_bodies_are_refused(app: Flask, database: Database, module: Module, people: People) -> None:
    headers = {"Authorization": f"Bearer {token_of(database, people.member_user)}"}
    path = "/api/v1/modules/sicherheit/demand"
    assert app.test_client().put(path, data="a=b", headers=headers, content_type="text/plain").status_code == 415
    assert app.test_client().put(path, data={"a": "b"}, headers=headers).status_code == 415
    big = app.test_client().put(path, data=b"x" * 11_000_000, headers=headers, content_type="application/json")
    assert big.status_code == 413


def test_more_than_is_offered_changes_nothing(send: Send, module: Module, people: People, database: Database) -> None:
    extra = {"relevance": "must", "company_id": str(people.other_company.id), "is_admin": True, "version": 9, "id": "x"}
    assert send(people.member_user, "PUT", "/modules/sicherheit/demand", extra).status_code == 200
    with database.read() as session:
        saved = session.query(Demand).one()
    assert (saved.company_id, saved.version) == (people.company.id, 1)


def test_a_browser_needs_the_csrf_token(client: FlaskClient, module: Module, people: People) -> None:
    sign_in(client, people.member_user)
    answer = client.put("/api/v1/modules/sicherheit/demand", json={"relevance": "must"})
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_the_description_names_every_route(app: Flask) -> None:
    document = json.loads(app.test_client().get("/api/v1/openapi.json").get_data())
    described = {
        ("" if "servers" in operations else "/api/v1") + path + " " + method.upper()
        for path, operations in document["paths"].items()
        for method in operations
        if method not in ("parameters", "servers")
    }
    routes = {
        re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule) + " " + method
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("api.", "search.export"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, str]]:
    """The API as schemathesis sees it, and a token of somebody who may do everything."""
    settings = replace(Settings(state=tmp_path_factory.mktemp("api")), rate_limits=False, secret_key="x" * 64)
    database = Database(settings.database_url)
    schema.upgrade(database)
    with database.write() as session:
        user = factories.make_user(
            session,
            "alles@netz.example",
            company=factories.make_company(session, "Muster AG"),
            network_role=NetworkRole.ADMIN,
        )
        factories.make_module(session, "Sicherheit", slug="sicherheit", source_url="https://x.example")
        factories.make_term(session, Vocabulary.FORMAT, "praesenz")
    token = token_of(database, user)
    database.dispose()
    app = create_app(settings)
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    api.config.analysis.constants.enabled = False  # what is loaded meanwhile would change what is generated
    return api, {"Authorization": f"Bearer {token}"}


OPERATIONS = [
    (path, method)
    for path, operations in json.loads(
        (Path(__file__).parent.parent.parent / "catalogue/web/openapi.json").read_text(encoding="utf-8")
    )["paths"].items()
    for method in operations
    if method != "parameters" and "servers" not in operations
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:Warning")  # schemathesis does, inside its strategies
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_generated_request_breaks_the_api(described: tuple[Any, dict[str, str]], path: str, method: str) -> None:
    api, headers = described
    operation = api[path][method.upper()]
    valid, broken = operation.as_strategy(), operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @hypothesis_settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=valid | broken, known=st.booleans())
    def probe(case: Any, known: bool) -> None:
        if known and "slug" in case.path_parameters:
            case.path_parameters["slug"] = "sicherheit"
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    probe()
