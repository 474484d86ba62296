"""Two workers at one database: each thing is done once."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalogue.db import Database, utcnow
from catalogue.models import (
    AuditEvent,
    Module,
    OutboxMail,
    Source,
    SourceKind,
    SourceRun,
    WorkflowState,
)
from catalogue.search.index import SearchIndex
from catalogue.services import digests, import_jobs, mail, schedules, source_runs
from catalogue.services.errors import Conflict
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Do all at the same time; return what they return, or the errors they end with."""
    gate, done = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        gate.wait()
        try:
            done[number] = job()
        except Exception as error:
            done[number] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_a_mail_is_sent_once(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class Postman:
        sock = True

        def quit(self) -> None: ...

        def close(self) -> None: ...

        def send_message(self, message: Any) -> None:
            sent.append(message["To"])

        def __enter__(self) -> "Postman":
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(mail, "smtp", lambda *_: Postman())
    with database.write() as session:
        session.add_all([OutboxMail(to=f"p{n}@firma.example", subject="x", text="y") for n in range(12)])
    given = replace(settings, smtp_host="mail.example")
    done = at_once(*[lambda: mail.deliver(database, given)] * 3)
    assert sum(done) == 12
    assert sorted(sent) == sorted({f"p{n}@firma.example" for n in range(12)})


def test_a_planned_step_is_taken_once(database: Database) -> None:
    with database.write() as session:
        day = schedules.today() - timedelta(days=1)
        for number in range(4):
            factories.make_module(session, f"Modul {number}", archive_on=day)
    assert sum(at_once(*[lambda: schedules.run_due(database)] * 2)) == 4
    with database.read() as session:
        archived = AuditEvent.action == "module.archive"
        assert session.scalar(sa.select(sa.func.count()).where(archived)) == 4
        assert set(session.scalars(sa.select(Module.state))) == {WorkflowState.ARCHIVED}


def test_a_person_gets_one_digest(database: Database, settings: Settings, index: SearchIndex, people: People) -> None:
    digests.send_due(database, settings, index)
    at_once(*[lambda: digests.send_due(database, settings, index)] * 2)
    with database.read() as session:
        keys = list(session.scalars(sa.select(OutboxMail.dedupe_key)))
    assert len(keys) == len(set(keys))


@pytest.fixture
def source(database: Database) -> uuid.UUID:
    with database.write() as session:
        made = Source(
            name="Quelle", url="http://127.0.0.1:1/liste.csv", kind=SourceKind.CSV, enabled=True, due_at=utcnow()
        )
        session.add(made)
        session.flush()
        return made.id


def test_a_source_that_another_worker_was_first_at_is_left_alone(
    database: Database, settings: Settings, index: SearchIndex, source: uuid.UUID
) -> None:
    with database.read() as session:
        due = session.get_one(Source, source).due_at
    source_runs.run(database, settings, index, SYSTEM, source, due=due)  # the other worker, from the same list
    with pytest.raises(Conflict):
        source_runs.run(database, settings, index, SYSTEM, source, due=due)
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SourceRun)) == 1


def test_one_of_all_machines_holds_a_claim(database: Database) -> None:
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with database.claim("Arbeit") as mine:
        assert mine
        assert database.is_sqlite or other.is_claimed("Arbeit")
        assert not other.is_claimed("andere Arbeit")
        with other.claim("Arbeit") as too, other.claim("andere Arbeit") as another:
            assert (too, another) == (database.is_sqlite, True)
    assert not other.is_claimed("Arbeit")
    with other.claim("Arbeit") as mine:
        assert mine
    other.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_an_import_that_another_machine_works_on_is_shown_as_running(
    database: Database, settings: Settings, index: SearchIndex, tmp_path: Any
) -> None:
    run_id = uuid.uuid4()
    here = replace(settings, state=tmp_path)
    assert not import_jobs.progress(database, here, run_id).running
    with database.claim(f"import {run_id}"):
        assert import_jobs.progress(database, here, run_id).running
    assert not import_jobs.progress(database, here, run_id).running
