"""Another program holds the database's write lock: short holds are waited for, long ones are told, readers notice nothing."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from catalogue.db import Database
from catalogue.models import Demand
from tests import factories
from tests.browsing import csrf_token, sign_in
from tests.conftest import People
from tests.faults.table import Faults

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
PATH = "/modules/sicherheit/demand/mark"


@contextmanager
def locked(file: Path, seconds: float) -> Iterator[None]:
    """Hold the write lock as another process would, for so many seconds, while the block runs."""
    held = threading.Event()

    def hold() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        time.sleep(seconds)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    try:
        yield
    finally:
        holder.join()


class Marker(threading.Thread):
    """A member who marks a module; knows the answer and how long it took."""

    def __init__(self, app: Flask, people: People) -> None:
        super().__init__()
        self.client = app.test_client()
        sign_in(self.client, people.member_user)
        self.token = csrf_token(self.client)

    def run(self) -> None:
        started = time.monotonic()
        answer = self.client.post(PATH, data={"csrf_token": self.token})
        self.status, self.headers, self.seconds = answer.status_code, answer.headers, time.monotonic() - started


@pytest.fixture
def file(database: Database, settings: object) -> Path:
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    return Path(database.engine.url.database or "")


def marks(database: Database) -> int:
    with database.read() as session:
        return session.query(Demand).count()


@pytest.mark.slow
def test_five_seconds_are_waited_for_while_readers_notice_nothing(
    app: Flask, people: People, database: Database, file: Path, faults: Faults
) -> None:
    marker = Marker(app, people)
    with locked(file, 5):
        marker.start()
        time.sleep(0.2)
        for path in ("/", "/modules/sicherheit", "/company", "/api/v1/modules"):
            started = time.monotonic()
            assert marker.client.get(path).status_code == 200
            assert time.monotonic() - started < 2, path
        ready = app.test_client().get("/readyz")
        assert (ready.status_code, ready.get_json()["database"]) == (200, "busy")
    marker.join()
    faults.record(
        "R6", "database locked for 5 s: waited for", tries=1, lost=1 - marks(database), healed=marker.seconds - 5
    )
    assert (marker.status, marks(database)) == (303, 1)
    assert marker.seconds > 4


@pytest.mark.slow
def test_longer_than_the_patience_is_told_and_later_it_works(
    app: Flask, people: People, database: Database, file: Path, faults: Faults
) -> None:
    marker = Marker(app, people)
    with locked(file, 13):
        marker.start()
        marker.join()
        ready = app.test_client().get("/readyz")
        assert (ready.status_code, ready.get_json()["database"]) == (200, "busy")
    assert (marker.status, marker.headers["Retry-After"]) == (503, "30")
    assert 9 < marker.seconds < 12
    again = Marker(app, people)
    again.run()
    faults.record(
        "R6", "database locked for 13 s: 503, then again", tries=2, lost=1 - marks(database), healed=again.seconds
    )
    assert (again.status, marks(database)) == (303, 1)


@pytest.mark.slow
def test_many_who_wait_leave_room_for_readers(app: Flask, people: People, file: Path) -> None:
    markers = [Marker(app, people) for _ in range(8)]
    with locked(file, 4):
        for marker in markers:
            marker.start()
        for marker in markers:
            marker.join(0.4)
        assert sum(marker.is_alive() for marker in markers) == 5
    for marker in markers:
        marker.join()
    assert sorted(marker.status for marker in markers) == [303] * 5 + [503] * 3
