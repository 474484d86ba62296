"""kill -9 of the server while companies mark modules: what was acknowledged is there after the restart, and the database is sound."""

import copy
import random
import threading
import time

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.models import Demand, DemandEvent, Module
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import Browser, Gone, Server
from tests.faults.table import Faults

MODULES = 12
AT_ONCE = 4
ROUNDS = [
    pytest.param("sqlite", 1, marks=pytest.mark.short),
    pytest.param("sqlite", 50, marks=pytest.mark.slow),
    pytest.param("postgresql", 10, marks=pytest.mark.slow),
]


class Company(threading.Thread):
    """Marks and withdraws one module after the other and remembers what the server acknowledged; ends when it is gone."""

    def __init__(self, browser: Browser, slugs: list[str], known: dict[str, set[bool]]) -> None:
        super().__init__()
        self.acknowledged = 0
        self.browser, self.slugs, self.known = browser, slugs, known

    def run(self) -> None:
        for number in range(10_000):
            slug = self.slugs[number % len(self.slugs)]
            wanted = True not in self.known[slug]
            before, self.known[slug] = self.known[slug], {True, False}  # until it is answered both may be
            try:
                answer = self.browser.post(f"/modules/{slug}/demand/{'mark' if wanted else 'withdraw'}")
            except Gone:
                return
            self.known[slug] = {wanted} if answer.status == 303 else before
            self.acknowledged += answer.status == 303


def stored(database: Database) -> tuple[set[str], list[str]]:
    """Return which modules are marked now, and what is wrong: of the file itself, and demand without the event that tells of it."""
    wrong: list[str] = []
    with database.read() as session:
        found = set(session.scalars(sa.select(Module.slug).join(Demand).where(Demand.withdrawn_at.is_(None))))
        told = sa.select(DemandEvent.id).where(DemandEvent.module_id == Demand.module_id)
        wrong += [f"no event for {one}" for one in session.scalars(sa.select(Demand.module_id).where(~told.exists()))]
        if database.is_sqlite:
            wrong += [text for text in session.scalars(sa.text("PRAGMA integrity_check")) if text != "ok"]
            wrong += [str(row) for row in session.execute(sa.text("PRAGMA foreign_key_check"))]
    database.dispose()
    return found, wrong


@pytest.mark.parametrize(("settings", "rounds"), ROUNDS, indirect=["settings"])
def test_what_was_acknowledged_survives(
    settings: Settings, database: Database, people: People, rounds: int, faults: Faults
) -> None:
    with database.write() as session:
        made = [factories.make_module(session, f"Modul {number}", slug=f"modul-{number}") for number in range(MODULES)]
        slugs = [module.slug for module in made]
    database.dispose()
    known = {slug: {False} for slug in slugs}
    chance, acknowledged, lost, wrong, starts = random.Random(7), 0, {}, [], []
    with Server(settings) as server:
        browser = Browser(server.port).sign_in(people.member_user.email)
        for _ in range(rounds):
            parts = [Company(copy.deepcopy(browser), slugs[start::AT_ONCE], known) for start in range(AT_ONCE)]
            for part in parts:
                part.start()
            while not any(part.acknowledged for part in parts):
                time.sleep(0.01)
            time.sleep(chance.random() * 0.3)
            server.kill()
            for part in parts:
                part.join()
            found, complaints = stored(database)
            wrong += complaints
            lost |= {slug: slug in found for slug in slugs if (slug in found) not in known[slug]}
            acknowledged += sum(part.acknowledged for part in parts)
            known.update({slug: {slug in found} for slug in slugs})
            starts.append(server.start())
            assert browser.get("/company").status == 200, "signed out by the restart"
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    faults.record("R1", f"kill -9 during writes, {kind}", tries=rounds, lost=len(lost), healed=max(starts))
    assert (wrong, lost) == ([], {})
    assert acknowledged >= rounds
