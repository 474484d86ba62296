"""What /readyz says while something is wrong: as the table in docs/operation.md promises, and all is well again afterwards."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from catalogue.db import Database, utcnow
from catalogue.models import OutboxMail
from catalogue.search import sync
from catalogue.services import jobs
from catalogue.settings import Settings
from tests import factories
from tests.faults.table import Faults

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Place:
    """A serving installation."""

    app: Flask
    database: Database
    file: Path

    def ready(self) -> tuple[int, str, dict[str, str]]:
        answer = self.app.test_client().get("/readyz")
        return answer.status_code, answer.get_json()["status"], answer.get_json()


@pytest.fixture
def place(app: Flask, database: Database, settings: Settings) -> Place:
    app.extensions["settings"] = replace(settings, smtp_host="mail.example")
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    sync.drain(database, app.extensions["search"])
    jobs.note(database, jobs.WORKER)
    return Place(app, database, Path(database.engine.url.database or ""))


@contextmanager
def no_index(place: Place) -> Iterator[None]:
    shutil.rmtree(place.app.extensions["search"].folder)
    yield
    sync.rebuild(place.database, place.app.extensions["search"])


@contextmanager
def locked(place: Place) -> Iterator[None]:
    holder = sqlite3.connect(place.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.close()


@contextmanager
def file_gone(place: Place) -> Iterator[None]:
    place.database.dispose()  # closes the log of what is written ahead, too
    aside = place.file.with_suffix(".aside")
    place.file.rename(aside)
    yield
    place.database.dispose()
    for left in place.file.parent.glob(f"{place.file.name}*"):
        left.unlink()
    aside.rename(place.file)


@contextmanager
def old_mail(place: Place) -> Iterator[None]:
    with place.database.write() as session:
        session.add(OutboxMail(to="a@b.example", subject="x", text="y", created_at=utcnow() - timedelta(hours=2)))
    yield
    with place.database.write() as session:
        session.execute(sa.delete(OutboxMail))


@pytest.mark.short
@pytest.mark.parametrize(
    ("fault", "code", "status", "key", "word"),
    [
        (no_index, 200, "degraded", "index", "degraded"),
        (locked, 200, "degraded", "database", "busy"),
        (file_gone, 503, "unavailable", "schema", "outdated"),
        (old_mail, 200, "degraded", "mails", "late"),
    ],
)
def test_readyz_tells_the_truth(
    place: Place, faults: Faults, fault: Callable[[Place], AbstractContextManager[None]],
    code: int, status: str, key: str, word: str,
) -> None:  # fmt: skip
    assert place.ready()[:2] == (200, "ok")
    with fault(place):
        during = place.ready()
        lives = place.app.test_client().get("/healthz").status_code
    begun = time.monotonic()
    after = place.ready()
    wrong = (during[0], during[1], during[2][key], lives) != (code, status, word, 200)
    name = f"readyz: {fault.__name__.replace('_', ' ')}: {during[0]}, {key} {during[2][key]}"
    faults.record("R23", name, tries=1, lost=int(wrong), healed=time.monotonic() - begun)
    assert (during[0], during[1], during[2][key], lives) == (code, status, word, 200)
    assert after[:2] == (200, "ok")
