"""PostgreSQL cuts connections, restarts, is full, read-only or locked: visitors are told to come back, and everything goes on by itself."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from catalogue import db, schema
from catalogue.db import Database
from catalogue.models import Demand
from catalogue.settings import Settings
from tests import factories
from tests.browsing import post, sign_in
from tests.conftest import People
from tests.faults.servers import Browser, Gone, Server
from tests.faults.table import Faults
from tests.postgres import OwnServer

ON_POSTGRES = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
SLUGS = [f"modul-{number}" for number in range(4)]
PATIENCE = 30  # seconds within which all must be well again


@ON_POSTGRES
@pytest.mark.short
def test_cut_connections_are_not_noticed_by_the_next_request(
    app: Flask, people: People, database: Database, faults: Faults
) -> None:
    with database.write() as session:
        factories.make_module(session, "Modul", slug="modul")
    client = app.test_client()
    sign_in(client, people.member_user)
    statuses = []
    cut = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'catalogue'"
    )
    other = sa.create_engine(database.engine.url)
    for verb in ("mark", "withdraw"):
        with other.connect() as connection:
            connection.execute(cut)
        statuses += [client.get("/company").status_code, post(client, f"/modules/modul/demand/{verb}").status_code]
    other.dispose()
    faults.record(
        "R19", "idle connections cut", tries=len(statuses), lost=sum(one not in (200, 303) for one in statuses)
    )
    assert statuses == [200, 303] * 2


@ON_POSTGRES
@pytest.mark.short
def test_who_waits_too_long_for_a_row_is_told_to_come_back(
    app: Flask, people: People, database: Database, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Modul", slug="modul")
        session.add(
            Demand(company_id=people.company.id, module_id=module.id, relevance="must", purposes=["training"], people=1)
        )
    client = app.test_client()
    sign_in(client, people.member_user)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.3)
    database.dispose()  # the next connections have less patience
    with database.write() as session:
        session.execute(sa.select(Demand).with_for_update())
        refused = post(client, "/modules/modul/demand/withdraw")
        read = client.get("/modules/modul").status_code
    begun = time.monotonic()
    again = post(client, "/modules/modul/demand/withdraw").status_code
    faults.record("R19", "row locked for long", tries=1, lost=int(again != 303), healed=time.monotonic() - begun)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert (read, again) == (200, 303)


class Visitor(threading.Thread):
    """A company that reads, marks and withdraws until it is told to stop; keeps every status, and what it was told is stored."""

    def __init__(self, browser: Browser, slug: str) -> None:
        super().__init__(daemon=True)
        self.browser, self.slug = browser, slug
        self.stop, self.statuses, self.marked = threading.Event(), Counter[int](), {False}

    def run(self) -> None:
        """Until an answer comes, both states may be true."""
        while not self.stop.is_set():
            wanted = True not in self.marked
            before, self.marked = self.marked, {True, False}
            status = self.ask(lambda wanted=wanted: self.change(wanted))  # type: ignore[misc]
            self.marked = {wanted} if status == 303 else before if status == 503 else self.marked
            self.ask(lambda: self.browser.get(f"/modules/{self.slug}").status)

    def change(self, wanted: bool) -> int:
        """Mark or withdraw."""
        return self.browser.post(f"/modules/{self.slug}/demand/{'mark' if wanted else 'withdraw'}").status

    def ask(self, request: Callable[[], int]) -> int:
        """Count the answer; 0 if there was none."""
        try:
            status = request()
        except Gone:
            status = 0
        self.statuses[status] += 1
        return status


class Place:
    """A served installation on a PostgreSQL of its own."""

    def __init__(self, postgres: OwnServer, server: Server, database: Database, email: str) -> None:
        self.postgres, self.server, self.database, self.email = postgres, server, database, email

    def under_load(self, fault: Callable[[], object]) -> tuple[Counter[int], int, float]:
        """Do *fault* while visitors work; return their statuses, how much that was acknowledged is lost, and the time to heal."""
        signed_in = Browser(self.server.port).sign_in(self.email)
        visitors = [Visitor(replace(signed_in, cookies=dict(signed_in.cookies)), slug) for slug in SLUGS[:3]]
        for visitor in visitors:
            visitor.start()
        time.sleep(0.7)
        fault()
        healed = self.wait_until_well(signed_in)
        time.sleep(0.5)
        for visitor in visitors:
            visitor.stop.set()
        for visitor in visitors:
            visitor.join(PATIENCE)
        with self.database.read() as session:
            held = set(
                session.scalars(
                    sa.text("SELECT slug FROM demand JOIN module ON module.id = module_id WHERE withdrawn_at IS NULL")
                )
            )
        self.database.dispose()
        lost = sum((visitor.slug in held) not in visitor.marked for visitor in visitors)
        return sum((visitor.statuses for visitor in visitors), Counter()), lost, healed

    def wait_until_well(self, browser: Browser) -> float:
        """Return after how many seconds pages and /readyz are fine."""
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            if {browser.get(path).status for path in ("/company", "/", "/readyz")} == {200}:
                return time.monotonic() - begun
            time.sleep(0.1)
        raise AssertionError("it does not heal")


@pytest.fixture(scope="module")
def place(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    postgres = OwnServer(scratch / "own-postgres")
    settings = Settings(state=tmp_path_factory.mktemp("state"), database=postgres.url, secret_key="test" * 16)
    database = Database(postgres.url)
    schema.upgrade(database)
    with database.write() as session:
        company = factories.make_company(session, "Muster AG")
        email = factories.make_user(session, "alice@muster.example", company=company).email
        for slug in SLUGS:
            factories.make_module(session, slug, slug=slug)
    database.dispose()
    try:
        with Server(settings) as server:
            yield Place(postgres, server, database, email)
    finally:
        database.dispose()
        postgres.close()


@pytest.mark.slow
def test_connections_cut_under_load(place: Place, faults: Faults) -> None:
    def cut() -> None:
        for _ in range(5):
            place.postgres.cut()
            time.sleep(0.3)

    statuses, lost, healed = place.under_load(cut)
    faults.record("R19", f"all connections cut under load, {statuses[503]} × 503", tries=5, lost=lost, healed=healed)
    assert set(statuses) <= {200, 303, 503}, statuses
    assert statuses[503] <= 5 * 3, "at most what was under way"
    assert lost == 0
    assert statuses[303] > 10


@pytest.mark.slow
def test_a_restart_under_load(place: Place, faults: Faults) -> None:
    down: list[int] = []

    def restart() -> None:
        place.postgres.stop()
        down.extend(Browser(place.server.port).get(path).status for path in ("/readyz", "/", "/healthz"))
        time.sleep(1)
        place.postgres.start()

    statuses, lost, healed = place.under_load(restart)
    faults.record("R19", f"PostgreSQL stopped and started, {statuses[503]} × 503", tries=1, lost=lost, healed=healed)
    assert down == [503, 503, 200], "readyz tells the truth, the process lives"
    assert set(statuses) <= {200, 303, 503}, statuses
    assert lost == 0


def hoard(url: str, others: ExitStack) -> None:
    """Open connections until there are no more."""
    while True:
        others.enter_context(psycopg.connect(url))


@pytest.mark.slow
def test_no_connection_left(place: Place, faults: Faults) -> None:
    told: list[int] = []

    def use_up() -> None:
        with ExitStack() as others:
            place.postgres.cut()
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                hoard(place.postgres.admin_url, others)
            time.sleep(1)
            told.append(Browser(place.server.port).get("/readyz").status)

    statuses, lost, healed = place.under_load(use_up)
    faults.record("R19", f"max_connections reached, {statuses[503]} × 503", tries=1, lost=lost, healed=healed)
    assert set(statuses) <= {200, 303, 503}, statuses
    assert told[0] in (200, 503)
    assert lost == 0


@pytest.mark.slow
def test_a_standby_that_takes_no_changes(place: Place, faults: Faults) -> None:
    reads: list[int] = []

    def read_only() -> None:
        place.postgres.say("ALTER DATABASE postgres SET default_transaction_read_only = on")
        place.postgres.cut()
        time.sleep(1)
        reads.extend(Browser(place.server.port).get(path).status for path in ("/", f"/modules/{SLUGS[3]}"))
        with psycopg.connect(place.postgres.admin_url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE postgres SET default_transaction_read_only = off")
        place.postgres.cut()

    statuses, lost, healed = place.under_load(read_only)
    faults.record("R19", f"read-only transactions, {statuses[503]} × 503", tries=1, lost=lost, healed=healed)
    assert set(statuses) <= {200, 303, 503}, statuses
    assert reads == [200, 200]
    assert statuses[503] > 0
    assert lost == 0


@pytest.mark.slow
def test_a_table_locked_for_long(place: Place, faults: Faults) -> None:
    def lock() -> None:
        with psycopg.connect(place.postgres.admin_url) as connection:
            connection.execute("LOCK TABLE demand IN SHARE MODE")
            time.sleep(12)

    statuses, lost, healed = place.under_load(lock)
    faults.record("R19", f"table locked for 12 s, {statuses[503]} × 503", tries=1, lost=lost, healed=healed)
    assert set(statuses) <= {200, 303, 503}, statuses
    assert 0 < statuses[503] <= 3
    assert lost == 0
