"""Figures for Prometheus: who gets them, that its parser reads them, and that they are true."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from catalogue.db import Database, utcnow
from catalogue.models import IndexQueue, OutboxMail
from catalogue.search import sync
from catalogue.services import gauges, jobs
from catalogue.settings import Settings
from tests import factories
from tests.browsing import post
from tests.conftest import People

Figures = Callable[..., float]


@pytest.fixture
def scraped(app: Flask, settings: Settings) -> Figures:
    """Asks for one figure by name and labels; 0 if there is none."""
    app.extensions["settings"] = replace(settings, metrics_token="geheim")

    def scrape(name: str, **labels: str) -> float:
        answer = app.test_client().get("/metrics", headers={"Authorization": "Bearer geheim"})
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.get_data(as_text=True))
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    return scrape


def test_figures_want_the_token(app: Flask, settings: Settings) -> None:
    assert app.test_client().get("/metrics").status_code == 404
    app.extensions["settings"] = replace(settings, metrics_token="geheim")
    assert app.test_client().get("/metrics").status_code == 401
    assert app.test_client().get("/metrics", headers={"Authorization": "Bearer falsch"}).status_code == 401


def test_requests_searches_and_refused_sign_ins_are_counted(app: Flask, people: People, scraped: Figures) -> None:
    client = app.test_client()
    before = {
        "requests": scraped("catalogue_http_requests_total", endpoint="search.index", method="GET", status="200"),
        "seconds": scraped("catalogue_http_request_duration_seconds_count", endpoint="search.index"),
        "searches": scraped("catalogue_search_duration_seconds_count", kind="find"),
        "failures": scraped("catalogue_sign_in_failures_total", step="login"),
        "other": scraped("catalogue_http_requests_total", method="other", status="405"),
    }
    client.get("/?q=batterie")
    client.open("/healthz", method="ERFUNDEN")
    post(client, "/login", {"email": "alice@muster.example", "password": "falsches-Passwort-77"})
    assert (
        scraped("catalogue_http_requests_total", endpoint="search.index", method="GET", status="200")
        == before["requests"] + 1
    )
    assert scraped("catalogue_http_request_duration_seconds_count", endpoint="search.index") == before["seconds"] + 1
    assert scraped("catalogue_search_duration_seconds_count", kind="find") > before["searches"]
    assert scraped("catalogue_sign_in_failures_total", step="login") == before["failures"] + 1
    assert scraped("catalogue_http_requests_total", method="other", status="405") == before["other"] + 1


def test_the_standing_of_queues_index_jobs_and_mode_is_told(app: Flask, database: Database, scraped: Figures) -> None:
    with database.write() as session:
        factories.make_module(session)
    sync.rebuild(database, app.extensions["search"])
    with database.write() as session:
        session.add(OutboxMail(to="a@b.example", subject="x", text="y"))
        factories.make_module(session, "Zweites")
        session.flush()
        session.execute(sa.update(IndexQueue).values(queued_at=utcnow()))
    jobs.note(database, "mail")
    assert scraped("catalogue_database_up") == 1
    assert scraped("catalogue_outbox_mails", state="waiting") == 1
    assert scraped("catalogue_index_queue_length") >= 1
    assert scraped("catalogue_index_documents") == 1
    assert abs(scraped("catalogue_index_generation_timestamp_seconds") - time.time()) < 60
    assert abs(scraped("catalogue_job_last_success_timestamp_seconds", task="mail") - time.time()) < 60
    assert scraped("catalogue_mode", mode="normal") == 1
    assert scraped("catalogue_mode") == 1
    assert scraped("catalogue_disk_free_bytes", folder="state") > 0
    assert scraped("process_resident_memory_bytes") > 1_000_000


def test_a_database_that_hangs_or_is_gone_leaves_the_other_figures(
    database: Database, scraped: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "SECONDS", 0.2)
    hang = lambda *_: time.sleep(0.5)  # noqa: E731
    sa.event.listen(database.engine, "begin", hang)
    try:
        assert scraped("catalogue_database_up") == 0
        assert scraped("catalogue_disk_free_bytes", folder="state") > 0
    finally:
        sa.event.remove(database.engine, "begin", hang)
        time.sleep(0.5)


FORKED = """
import os
from catalogue.services import figures
for _ in range(2):
    if not os.fork():
        figures.REQUESTS.labels("x", "GET", "200").inc()
        os._exit(0)
os.wait(), os.wait()
print(figures.text([]).decode())
"""


def test_processes_of_one_machine_answer_for_all(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKED], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert 'catalogue_http_requests_total{endpoint="x",method="GET",status="200"} 2.0' in done.stdout
