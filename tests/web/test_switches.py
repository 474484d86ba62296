"""Maintenance, read-only and no new requests: who gets what, nothing typed is lost, every node follows."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, OutboxMail, Wish
from catalogue.search.index import SearchIndex
from catalogue.services import housekeeping, kept, switches
from catalogue.services.permissions import SYSTEM
from catalogue.services.switches import Mode, Plan
from catalogue.settings import Settings
from catalogue.web import switches as web_switches
from catalogue.web.requests import QUIET
from tests.browsing import post, sign_in
from tests.conftest import People

WISH = {"title": "Brandschutz im Lager", "text": "Was wir\nbrauchen <b>", "visibility": "network"}


def switch(database: Database, mode: Mode, reason: str = "Umzug auf den neuen Server.", **moments: Any) -> None:
    with database.write() as session:
        switches.set_mode(session, SYSTEM, Plan(mode, reason, **moments))


def test_maintenance_answers_503_with_reason_and_end_but_lets_network_admins_in(
    app: Flask, database: Database, people: People
) -> None:
    visitor, admin, member = app.test_client(), app.test_client(), app.test_client()
    sign_in(member, people.member_user)
    switch(database, Mode.MAINTENANCE, until=utcnow() + timedelta(hours=1))
    answer = visitor.get("/")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert "Umzug auf den neuen Server." in page
    assert "Voraussichtlich bis" in page
    assert answer.headers["Content-Security-Policy"]
    assert member.get("/company").status_code == 503
    for path in ("/healthz", "/readyz", "/login", "/imprint", "/static/css/base.css"):
        with visitor.get(path) as answer:
            assert answer.status_code == 200, path
    assert visitor.get("/readyz").get_json()["mode"] == "maintenance"
    api = visitor.get("/api/v1/modules")
    assert (api.status_code, api.content_type, api.get_json()["status"]) == (503, "application/problem+json", 503)
    sign_in(admin, people.admin_user)
    assert admin.get("/").status_code == 200
    assert post(admin, "/wishes/new", WISH).status_code == 503
    switch(database, Mode.NORMAL)
    assert visitor.get("/").status_code == 200


def test_read_only_refuses_changes_and_keeps_what_was_typed(app: Flask, database: Database, people: People) -> None:
    client = app.test_client()
    switch(database, Mode.READ_ONLY)
    sign_in(client, people.member_user)
    shown = client.get("/").get_data(as_text=True)
    assert "Zurzeit nur Lesen" in shown
    assert client.get("/?q=batterie").status_code == 200
    answer = post(client, "/wishes/new", WISH)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert "Ihre Änderung wurde nicht gespeichert." in page
    assert 'name="title" value="Brandschutz im Lager"' in page
    assert "Was wir\nbrauchen &lt;b&gt;</textarea>" in page
    assert int(answer.headers["Retry-After"]) > 0
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Wish)) == 0
    switch(database, Mode.NORMAL)
    assert post(client, "/wishes/new", WISH).status_code != 503


def test_what_stays_open_exists(app: Flask) -> None:
    assert set(app.view_functions) >= (web_switches.OPEN | web_switches.SIGN_IN | web_switches.MOVING | QUIET)


def test_a_plan_is_told_before_and_begins_by_itself(client: FlaskClient, database: Database) -> None:
    start = utcnow() + timedelta(hours=2)
    switch(database, Mode.MAINTENANCE, starts_at=start)
    assert "Wartung, der Katalog ist dann nicht erreichbar" in client.get("/").get_data(as_text=True)
    with time_machine.travel(start + timedelta(seconds=1)):
        assert client.get("/").status_code == 503
    switch(database, Mode.NORMAL)
    with time_machine.travel(start + timedelta(seconds=1)):
        assert client.get("/").status_code == 200


def test_other_nodes_follow_within_seconds(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches, "FOLLOW_SECONDS", 0.05)
    assert client.get("/").status_code == 200
    with database.write() as session:  # as another process would: this one's memory is not told
        session.info.pop("database")
        switches.set_mode(session, SYSTEM, Plan(Mode.MAINTENANCE))
    until = utcnow() + timedelta(seconds=2)
    while client.get("/").status_code != 503:
        assert utcnow() < until


def test_the_office_switches_reading_but_maintenance_belongs_to_the_operator(
    app: Flask, database: Database, people: People
) -> None:
    admin, curator = app.test_client(), app.test_client()
    sign_in(admin, people.admin_user)
    sign_in(curator, people.curator_user)
    assert curator.get("/admin/operation").status_code == 403
    assert post(admin, "/admin/operation/mode", {"on": "1", "reason": "Inventur"}).status_code == 303
    assert "Inventur" in app.test_client().get("/").get_data(as_text=True)
    assert post(admin, "/admin/operation/mode", {"on": ""}).status_code == 303
    wrong = post(admin, "/admin/operation/mode", {"on": "1", "starts_at": "2020-01-01T10:00"})
    assert wrong.status_code == 422
    assert "Nennen Sie eine Zeit" in wrong.get_data(as_text=True)
    switch(database, Mode.MAINTENANCE)
    assert post(admin, "/admin/operation/mode", {"on": ""}).status_code == 403
    switch(database, Mode.NORMAL)
    with database.read() as session:
        seen = session.scalars(
            sa.select(AuditEvent.action).where(AuditEvent.action.startswith("operation.")).order_by(AuditEvent.id)
        ).all()
    assert seen == [
        "operation.read_only", "operation.normal", "operation.maintenance", "operation.normal",
    ]  # fmt: skip


def test_no_new_requests_for_access_are_taken(app: Flask, database: Database, people: People) -> None:
    admin, visitor = app.test_client(), app.test_client()
    sign_in(admin, people.admin_user)
    assert post(admin, "/admin/operation/requests", {"open": "", "reason": "Bis Januar."}).status_code == 303
    assert "Bis Januar." in visitor.get("/access").get_data(as_text=True)
    asked = {"name": "Neu", "email": "neu@muster.example", "company": "Muster AG"}
    assert post(visitor, "/access", asked).status_code == 409
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == 0
    assert post(admin, "/admin/operation/requests", {"open": "1"}).status_code == 303
    assert post(visitor, "/access", asked).status_code == 303


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_database_that_cannot_be_written_refuses_with_the_same_page(
    app: Flask, database: Database, people: People
) -> None:
    client = app.test_client()
    sign_in(client, people.member_user)

    def protect(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    sa.event.listen(database.engine, "connect", protect)
    database.dispose()
    try:
        assert client.get("/company").status_code == 200
        answer = post(client, "/wishes/new", WISH)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 503
        assert "Der Server kann zurzeit nichts speichern" in page
        assert 'name="title" value="Brandschutz im Lager"' in page
        assert answer.headers["Content-Security-Policy"]
    finally:
        sa.event.remove(database.engine, "connect", protect)
        database.dispose()


def test_the_worker_waits_while_nothing_may_change(database: Database, settings: Settings, index: SearchIndex) -> None:
    switch(database, Mode.READ_ONLY)
    assert housekeeping.run(database, settings, index).paused
    switch(database, Mode.NORMAL)
    kept.forget(database)
    assert not housekeeping.run(database, settings, index).paused
