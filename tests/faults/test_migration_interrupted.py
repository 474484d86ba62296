"""An upgrade of real data that is killed half-way changes nothing; of several that start at once one migrates."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue import schema
from catalogue.db import Database
from catalogue.settings import Settings
from tests.faults.servers import command, environment
from tests.faults.table import Faults
from tests.postgres import postgres_url
from tests.releases import RELEASES, bring, rows_of, sound
from tests.test_migrations import walk

RELEASE = "v0.1.0"
SECONDS = (0.05, 0.15, 0.3, 0.6)  # after starting to migrate
# does everything but the commit, or tells when it begins
PROGRAM = """
import contextlib, sys, time
from catalogue import schema
from catalogue.cli.context import open_database
plain = schema.config
@contextlib.contextmanager
def around(connection):
    print("begun", flush=True)
    yield
    print("migrated", flush=True)
    if sys.argv[1] == "wait":
        time.sleep(60)
def config(database):
    made = plain(database)
    made.attributes["around"] = around
    return made
schema.config = config
schema.upgrade(open_database())
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An installation as the release left it."""
    settings = Settings(state=tmp_path, secret_key="test" * 16)
    if request.param == "sqlite":
        database = Database(settings.database_url)
        bring(RELEASE, database, tmp_path)
        yield settings
        database.dispose()
        return
    with postgres_url("interrupted") as url:
        database = Database(url)
        bring(RELEASE, database, tmp_path)
        yield replace(settings, database=url)
        database.dispose()


def kill(settings: Settings, word: str, line: str, seconds: float = 0) -> None:
    """Upgrade in a process of its own and kill it some time after it said *line*."""
    program = [sys.executable, "-c", PROGRAM, word]
    with subprocess.Popen(program, env=environment(settings), text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while process.stdout.readline() != f"{line}\n":
            assert process.poll() is None
        time.sleep(seconds)
        process.kill()


@pytest.mark.slow
def test_a_killed_upgrade_changes_nothing_and_is_begun_again(old: Settings, faults: Faults) -> None:
    database = Database(old.database_url)
    before, spoiled, interrupted = rows_of(database), 0, 0
    for word, line, seconds in [("wait", "migrated", 0.0), *(("go on", "begun", pause) for pause in SECONDS)]:
        database.dispose()
        kill(old, word, line, seconds)
        if schema.current(database) == schema.head(database):
            continue  # it was done before it was killed
        interrupted += 1
        spoiled += schema.current(database) != RELEASES[RELEASE] or rows_of(database) != before
        spoiled += database.is_sqlite and not sound(old.state / "catalogue.sqlite3")
    started = time.monotonic()
    schema.upgrade(database)
    faults.record(
        "R15",
        f"kill -9 in an upgrade of {RELEASE} ({database.engine.dialect.name})",
        tries=interrupted,
        lost=spoiled,
        healed=time.monotonic() - started,
    )
    after = rows_of(database)
    assert (spoiled, interrupted > 1) == (0, True)
    assert {name: len(after[name]) for name in ("module", "demand", "user")} == {
        name: len(before[name]) for name in ("module", "demand", "user")
    }
    database.dispose()


@pytest.mark.slow
def test_of_three_that_start_at_once_one_migrates_and_the_others_wait(old: Settings, faults: Faults) -> None:
    database = Database(old.database_url)
    demands = len(rows_of(database)["demand"])
    database.dispose()
    processes = [
        subprocess.Popen(
            command("db", "upgrade", "--no-backup"), env=environment(old), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]  # fmt: skip
    said = [process.communicate(timeout=120) for process in processes]
    failed = sum(process.returncode != 0 for process in processes)
    faults.record(
        "R15", f"three processes migrate at once ({database.engine.dialect.name})", tries=len(processes), lost=failed
    )
    assert failed == 0, said
    assert schema.is_current(database)
    assert len(rows_of(database)["demand"]) == demands
    database.dispose()


@pytest.mark.slow
def test_every_step_back_and_forth_keeps_the_data(old: Settings, faults: Faults) -> None:
    database = Database(old.database_url)
    schema.upgrade(database)
    steps = len(schema.known_revisions(database)) - 1
    walk(database, steps)
    faults.record("R15", f"each step back and forth with real data ({database.engine.dialect.name})", tries=steps)
    database.dispose()
