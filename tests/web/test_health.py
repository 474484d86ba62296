"""What machines ask: alive, ready, figures."""

import shutil
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catalogue import create_app
from catalogue.db import Database, utcnow
from catalogue.models import IndexQueue, Job, OutboxMail
from catalogue.search import sync
from catalogue.services import jobs, readiness
from catalogue.settings import Settings
from tests import factories


def test_a_living_process_says_so_without_a_database(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}


def ready(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.get_json()


@pytest.fixture
def well(client: FlaskClient, app: Flask, database: Database) -> FlaskClient:
    """A client of an installation that nothing is wrong with."""
    with database.write() as session:
        factories.make_module(session)
    sync.drain_quietly(database, app.extensions["search"])
    jobs.note(database, jobs.WORKER)
    return client


def test_ready_with_database_schema_and_index(well: FlaskClient) -> None:
    assert ready(well) == (200, {
        "status": "ok", "database": "ok", "schema": "ok", "index": "ok", "disk": "ok", "mails": "ok", "worker": "ok", "mode": "normal",
        "queues": {"index": 0, "oldest_change_seconds": 0, "mails": 0, "mails_failed": 0, "oldest_mail_seconds": 0},
    })  # fmt: skip


def test_a_broken_index_is_told_but_pages_are_served(well: FlaskClient, settings: Settings) -> None:
    (settings.index_folder / "CURRENT").write_text("gen-gone")
    status, told = ready(well)
    assert (status, told["status"], told["index"]) == (200, "degraded", "degraded")


def test_an_index_that_does_not_follow_is_behind(well: FlaskClient, database: Database) -> None:
    with database.write() as session:
        factories.make_module(session)
        session.flush()
        session.execute(sa.update(IndexQueue).values(queued_at=utcnow() - timedelta(minutes=2)))
    status, told = ready(well)
    assert (status, told["status"], told["index"]) == (200, "degraded", "behind")
    assert told["queues"]["oldest_change_seconds"] >= 120


@pytest.mark.parametrize(("revision", "word"), [("47b8308ea684", "outdated"), ("of the future", "newer")])
def test_another_schema_is_not_ready(well: FlaskClient, database: Database, revision: str, word: str) -> None:
    with database.engine.begin() as connection:
        before = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": revision})
    status, told = ready(well)
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": before})
    assert (status, told["status"], told["schema"]) == (503, "unavailable", word)


def test_a_mail_that_waits_an_hour_is_late_where_there_is_a_server(
    well: FlaskClient, app: Flask, settings: Settings, database: Database
) -> None:
    with database.write() as session:
        old = utcnow() - timedelta(hours=2)
        session.add(OutboxMail(to="a@b.example", subject="x", text="y", created_at=old))
    assert ready(well)[1]["mails"] == "ok"
    app.extensions["settings"] = replace(settings, smtp_host="mail.example")
    status, told = ready(well)
    assert (status, told["status"], told["mails"]) == (200, "degraded", "late")


def test_a_worker_that_is_not_heard_of_is_silent_but_nothing_worse(well: FlaskClient, database: Database) -> None:
    with database.write() as session:
        session.execute(sa.update(Job).values(succeeded_at=utcnow() - timedelta(minutes=16)))
    status, told = ready(well)
    assert (status, told["status"], told["worker"]) == (200, "ok", "silent")


def test_a_full_disk_degrades(well: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, word, status in ((200 * 2**20, "low", "ok"), (2**20, "full", "degraded")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder, free=free: shutil._ntuple_diskusage(2**30, 0, free))  # type: ignore[attr-defined]
        told = ready(well)[1]
        assert (told["disk"], told["status"]) == (word, status)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_database_that_others_hold_is_busy_and_one_that_hangs_is_not_waited_for(
    well: FlaskClient, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "SECONDS", 0.4)
    holder = sqlite3.connect(settings.state / "catalogue.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        status, told = ready(well)
        assert (status, told["database"], told["status"]) == (200, "busy", "degraded")
    finally:
        holder.rollback()
        holder.close()
    release = threading.Event()
    hang = lambda *_: release.wait(10)  # noqa: E731
    sa.event.listen(database.engine, "begin", hang)
    try:
        begun = time.monotonic()
        status, told = ready(well)
        assert (status, told["database"], told["schema"]) == (503, "timeout", "unknown")
        assert time.monotonic() - begun < 1
        assert well.get("/healthz").status_code == 200
    finally:
        sa.event.remove(database.engine, "begin", hang)
        release.set()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_database_that_cannot_be_written_is_read_only(well: FlaskClient, database: Database) -> None:
    def protect(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    sa.event.listen(database.engine, "connect", protect)
    database.dispose()
    try:
        status, told = ready(well)
    finally:
        sa.event.remove(database.engine, "connect", protect)
        database.dispose()
    assert (status, told["database"], told["status"]) == (200, "read-only", "degraded")


def test_an_unreachable_database_is_not_ready_and_tells_no_secret(settings: Settings) -> None:
    url = "postgresql://nutzer:geheimes-passwort@127.0.0.1:1/katalog"
    app = create_app(replace(settings, database=url))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["database"]) == (503, "unreachable")
    assert "geheimes-passwort" not in answer.get_data(as_text=True)
    assert app.test_client().get("/healthz").status_code == 200
    app.extensions["database"].dispose()
