"""Several processes at one index: no error, nothing lost, not even when they are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from tests import factories

SECONDS = float(os.environ.get("CATALOGUE_TEST_SECONDS", "2.5"))  # `make faults` takes ten

WRITER = """
import random, sys, time
from sqlalchemy import select
from catalogue.db import Database
from catalogue.models import Module
from catalogue.search import sync
from catalogue.search.index import SearchIndex
database, index, seed = Database(sys.argv[1]), SearchIndex(__import__("pathlib").Path(sys.argv[2])), int(sys.argv[3])
chance, end, done = random.Random(seed), time.monotonic() + float(sys.argv[4]), 0
while time.monotonic() < end:
    with database.write() as session:
        modules = session.scalars(select(Module)).all()
        for module in chance.sample(modules, 3):
            module.title = f"Modul {chance.random()}"
    sync.drain(database, index)
    if done % 8 == 7:
        sync.rebuild(database, index)
    done += 1
print(done)
"""
READER = """
import sys, time
from catalogue.db import Database
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search
from catalogue.services.permissions import VISITOR
database, index = Database(sys.argv[1]), SearchIndex(__import__("pathlib").Path(sys.argv[2]))
end, done = time.monotonic() + float(sys.argv[4]), 0
while time.monotonic() < end:
    with database.read() as session:
        page = search.find(session, VISITOR, index, Query(text="Modul"))
    assert not page.degraded and page.total, page
    done += 1
print(done)
"""


@pytest.fixture
def filled(tmp_path: Path, sqlite_template: Path) -> tuple[Database, SearchIndex]:
    """Twenty indexed modules in SQLite."""
    (tmp_path / "catalogue.sqlite3").write_bytes(sqlite_template.read_bytes())
    database, index = Database(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}"), SearchIndex(tmp_path / "index")
    with database.write() as session:
        for _ in range(20):
            factories.make_module(session)
    sync.drain(database, index)
    return database, index


def start(code: str, database: Database, index: SearchIndex, seed: int) -> subprocess.Popen[str]:
    url = database.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, url, str(index.folder), str(seed), str(SECONDS)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_two_writers_and_three_readers_meet_no_error(filled: tuple[Database, SearchIndex]) -> None:
    database, index = filled
    running = [start(WRITER, database, index, seed) for seed in (1, 2)]
    running += [start(READER, database, index, seed) for seed in (3, 4, 5)]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert int(out) > 0
    sync.drain(database, index)
    assert not sync.check(database, index)
    database.dispose()


@pytest.mark.slow
def test_what_killed_processes_left_is_made_up_by_one_drain(filled: tuple[Database, SearchIndex]) -> None:
    database, index = filled
    for seed in range(5):
        process = start(WRITER, database, index, seed)
        time.sleep(0.9 + seed * 0.13)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    sync.drain(database, index)
    assert not sync.check(database, SearchIndex(index.folder))
    database.dispose()
