"""What machines ask: alive, ready, figures."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catalogue import create_app
from catalogue.db import Database
from catalogue.models import IndexQueue, OutboxMail
from catalogue.search import sync
from catalogue.settings import Settings
from tests import factories

TOKEN = {"Authorization": "Bearer geheim"}


@pytest.fixture
def measured(settings: Settings) -> Iterator[Flask]:
    app = create_app(replace(settings, metrics_token="geheim"))
    yield app
    app.extensions["database"].dispose()


def test_a_living_process_says_so_without_a_database(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_ready_with_database_schema_and_index(client: FlaskClient, app: Flask, database: Database) -> None:
    with database.write() as session:
        factories.make_module(session)
    sync.drain_quietly(database, app.extensions["search"])
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "ok", "database": "ok", "schema": "ok", "index": "ok",
        "queues": {"index": 0, "mails": 0, "mails_failed": 0, "oldest_mail_seconds": 0},
    }  # fmt: skip


def test_a_broken_index_is_told_but_pages_are_served(client: FlaskClient, settings: Settings) -> None:
    settings.index_folder.mkdir(exist_ok=True)
    (settings.index_folder / "CURRENT").write_text("gen-gone")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["index"]) == (200, "degraded")


def test_an_outdated_schema_is_not_ready(client: FlaskClient, database: Database) -> None:
    with database.engine.begin() as connection:
        before = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'old'"))
    answer = client.get("/readyz")
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": before})
    assert (answer.status_code, answer.get_json()["schema"]) == (503, "outdated")


def test_an_unreachable_database_is_not_ready_and_tells_no_secret(settings: Settings) -> None:
    url = "postgresql://nutzer:geheimes-passwort@127.0.0.1:1/katalog"
    app = create_app(replace(settings, database=url))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["database"]) == (503, "unreachable")
    assert "geheimes-passwort" not in answer.get_data(as_text=True)
    assert app.test_client().get("/healthz").status_code == 200
    app.extensions["database"].dispose()


def test_figures_want_the_token(measured: Flask, client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert measured.test_client().get("/metrics").status_code == 401
    assert measured.test_client().get("/metrics", headers={"Authorization": "Bearer falsch"}).status_code == 401


def test_figures_count_requests_and_queues(measured: Flask, database: Database) -> None:
    with database.write() as session:
        session.add_all([OutboxMail(to="a@b.example", subject="x", text="y")])
        factories.make_module(session)
        waiting = session.query(IndexQueue).count()
    client = measured.test_client()
    client.get("/healthz")
    client.open("/healthz", method="ERFUNDEN")
    text = client.get("/metrics", headers=TOKEN).get_data(as_text=True)
    assert 'catalogue_requests_total{endpoint="health.live",method="GET",status="200"} 1.0' in text
    assert 'method="other",status="405"' in text
    assert 'catalogue_request_seconds_count{endpoint="health.live"} 1.0' in text
    assert 'catalogue_queue_length{queue="mails"} 1.0' in text
    assert f'catalogue_queue_length{{queue="index"}} {waiting}.0' in text
    assert waiting
