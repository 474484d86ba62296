"""Backups while companies write: each is one moment, comes back, and lets people sign in and search. A killed restore is none or whole."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from catalogue.db import Database
from catalogue.models import Company
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import backup, kept
from catalogue.services.restore import restore
from catalogue.settings import Settings
from tests import factories
from tests.browsing import sign_in
from tests.conftest import People
from tests.faults.servers import Browser, Gone, Server, command, environment
from tests.faults.table import Faults
from tests.postgres import postgres_url, programs
from tests.releases import rows_of, sound

ROUNDS = 3
MODULES = 8
MOVING = {
    "demand", "demand_event", "user", "user_session", "notice_shown", "index_queue", "login_attempt", "audit_event", "outbox_mail", "job",
}  # fmt: skip
PAUSES = (0.0, 0.15, 0.3, 0.8, 2.5)  # after the archive begins to be unpacked


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """An installation with nothing in it, on the same kind of database."""
    empty = replace(settings, state=tmp_path / "elsewhere")
    empty.state.mkdir()
    if not settings.database:
        yield empty
        return
    with postgres_url("drill") as url:
        yield replace(empty, database=url)


class Marker(threading.Thread):
    """A company that marks and withdraws one module after the other until it is told to stop."""

    def __init__(self, browser: Browser, slugs: list[str]) -> None:
        super().__init__()
        self.browser, self.slugs, self.stop, self.done = browser, slugs, threading.Event(), 0

    def run(self) -> None:
        """Count what was acknowledged."""
        while not self.stop.is_set():
            slug, verb = self.slugs[self.done // 2 % len(self.slugs)], ("mark", "withdraw")[self.done % 2]
            try:
                self.done += self.browser.post(f"/modules/{slug}/demand/{verb}").status == 303
            except Gone:
                return


def events(rows: dict[str, list[dict[str, Any]]]) -> dict[int, str]:
    return {row["id"]: repr(sorted(row.items())) for row in rows["demand_event"]}


def together(rows: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether every demand says what its last event says: they are written in one transaction."""
    last = {row["demand_id"]: row["action"] for row in sorted(rows["demand_event"], key=lambda row: row["id"])}
    return all((row["withdrawn_at"] is None) == (last[row["id"]] != "withdrawn") for row in rows["demand"])


@pytest.mark.slow
def test_every_backup_under_load_is_one_moment_and_works(
    settings: Settings, database: Database, people: People, made_app: Flask, elsewhere: Settings, tmp_path: Path, faults: Faults
) -> None:  # fmt: skip
    with database.write() as session:
        slugs = [factories.make_module(session, f"Modul {n}", slug=f"modul-{n}").slug for n in range(MODULES)]
    fixed = {name: rows for name, rows in rows_of(database).items() if name not in MOVING}
    lost = foreign = 0
    with Server(settings) as server:
        users = (people.member_user, people.stranger_user)
        markers = [Marker(Browser(server.port).sign_in(user.email), slugs) for user in users]
        for marker in markers:
            marker.start()
        try:
            for number in range(ROUNDS):
                time.sleep(0.5)
                before = events(rows_of(database))
                backup.create(database, settings, tmp_path / f"{number}.tar.gz")
                after = events(rows_of(database))
                database.dispose()
                target = replace(elsewhere, state=elsewhere.state / str(number))
                target.state.mkdir()
                again = Database(target.database_url)
                started = time.monotonic()
                restore(target, again, tmp_path / f"{number}.tar.gz", replace=bool(number and target.database))
                rows = rows_of(again)
                found = events(rows)
                lost += len(before.items() - found.items())
                foreign += len(found.items() - after.items())
                assert together(rows)
                assert [name for name in fixed if rows[name] != fixed[name]] == []
                works(made_app, target, again, people)
                healed = time.monotonic() - started
                again.dispose()
        finally:
            for marker in markers:
                marker.stop.set()
                marker.join()
    written = sum(marker.done for marker in markers)
    faults.record(
        "R14", f"backup while {written} marks are written, restored ({database.engine.dialect.name})",
        tries=ROUNDS, lost=lost, duplicated=foreign, healed=healed,
    )  # fmt: skip
    assert written > ROUNDS * 4
    assert len(found) > MODULES, "the last backup holds something of the load"
    assert (lost, foreign) == (0, 0)


def works(app: Flask, settings: Settings, database: Database, people: People) -> None:
    """Sign in and search."""
    index = SearchIndex(settings.index_folder)
    sync.rebuild(database, index)
    app.extensions.update(settings=settings, database=database, search=index)
    client = app.test_client()
    sign_in(client, people.member_user)
    assert "/modules/modul-3" in client.get("/?q=modul").get_data(as_text=True)
    kept.forget(database)


@pytest.mark.slow
def test_a_killed_restore_leaves_the_old_state_or_the_new(
    settings: Settings, database: Database, elsewhere: Settings, tmp_path: Path, faults: Faults
) -> None:
    with database.write() as session:
        factories.make_company(session, "Neu")
        for number in range(60):
            factories.make_module(session, f"Modul {number}")
    backup.create(database, settings, tmp_path / "new.tar.gz")
    there = Database(elsewhere.database_url)
    restore(elsewhere, there, tmp_path / "new.tar.gz")
    with there.write() as session:
        session.query(Company).update({"name": "Alt"})
    spoiled, outcomes = 0, []
    for pause in PAUSES:
        there.dispose()
        interrupt(elsewhere, tmp_path / "new.tar.gz", pause)
        with there.read() as session:
            outcomes.append(session.query(Company.name).scalar())
            spoiled += session.query(Company).count() != 1 or outcomes[-1] not in ("Alt", "Neu")
        there.dispose()
        spoiled += there.is_sqlite and not sound(elsewhere.state / "catalogue.sqlite3")
        with there.write() as session:
            session.query(Company).update({"name": "Alt"})
    there.dispose()
    started = time.monotonic()
    restore(elsewhere, there, tmp_path / "new.tar.gz", replace=True)
    faults.record(
        "R14", f"kill -9 in a restore, {outcomes.count('Alt')} times before the exchange ({there.engine.dialect.name})",
        tries=len(PAUSES), lost=spoiled, healed=time.monotonic() - started,
    )  # fmt: skip
    there.dispose()
    assert spoiled == 0
    assert "Alt" in outcomes
    assert not list(elsewhere.state.glob(".restore-*"))


def interrupt(settings: Settings, file: Path, pause: float) -> None:
    """Begin to restore in a process of its own and kill it, with what it started, some time after it made its workplace."""
    process = subprocess.Popen(
        command("restore", str(file), "--replace"), env=environment(settings), stdout=subprocess.DEVNULL, start_new_session=True
    )  # fmt: skip
    known = set(settings.state.glob(".restore-*"))
    while process.poll() is None and set(settings.state.glob(".restore-*")) <= known:
        time.sleep(0.005)
    time.sleep(pause)
    if process.poll() is None:
        os.killpg(process.pid, 9)
    process.wait()
