"""The shipped server under what the world does to servers: slow clients, and hours of work."""

import os
import random
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import Browser, Server
from tests.faults.table import Faults

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
SOAK = float(os.environ.get("CATALOGUE_TEST_SOAK", "180"))  # seconds; an operator may let it run for an hour
SLOW_CLIENTS = 200
HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\na="


@pytest.fixture
def modules(database: Database, settings: Settings) -> list[str]:
    """Sixty indexed modules."""
    with database.write() as session:
        made = [factories.make_module(session, f"Sicherheit {n}", slug=f"modul-{n}").slug for n in range(60)]
    sync.drain(database, SearchIndex(settings.index_folder))
    database.dispose()
    return made


def median_probe(port: int, tries: int = 7) -> float:
    """Return how long a page takes now. The middle of some, because the machine may be busy with other things."""
    probe = Browser(port)
    seconds = []
    for _ in range(tries):
        answer = probe.get("/healthz")
        assert answer.status == 200
        seconds.append(answer.seconds)
    return statistics.median(seconds)


@contextmanager
def slow_clients(port: int, start: bytes) -> Iterator[Callable[[], None]]:
    """Open connections that say *start* and then a byte now and then (each call of what is given)."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(SLOW_CLIENTS)]
        for client in clients:
            client.sendall(start)

        def more() -> None:
            for client in clients:
                client.sendall(b"x")

        yield more


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(HEAD, marks=pytest.mark.short, id="headers"),
        pytest.param(BODY, marks=pytest.mark.slow, id="bodies"),
    ],
)
def test_two_hundred_slow_clients_keep_nobody_out(
    settings: Settings, database: Database, start: bytes, faults: Faults
) -> None:
    with Server(settings) as server:
        alone = median_probe(server.port)
        with slow_clients(server.port, start) as more:
            during = []
            for _ in range(3):
                more()
                during.append(median_probe(server.port))
                assert Browser(server.port).get("/").status == 200
        kind = "headers" if start == HEAD else "bodies"
        faults.record("R12", f"{SLOW_CLIENTS} slow {kind}", tries=SLOW_CLIENTS, healed=median_probe(server.port))
        assert max(during) < max(1.0, 10 * alone)


@pytest.mark.slow
def test_work_for_a_long_time_leaves_nothing_behind(
    settings: Settings, database: Database, people: People, modules: list[str], faults: Faults
) -> None:
    with Server(settings) as server:
        seen: list[tuple[float, float]] = []
        wrong: list[tuple[str, int]] = []
        end = time.monotonic() + SOAK

        def note(path: str, status: int, seconds: float) -> None:
            seen.append((time.monotonic(), seconds))
            if status not in (200, 303):
                wrong.append((path, status))

        def read(seed: int) -> None:
            chance, browser = random.Random(seed), Browser(server.port)
            while time.monotonic() < end:
                path = chance.choice(
                    ["/", "/?q=sicherheit", f"/modules/{chance.choice(modules)}", "/api/v1/modules", "/runs"]
                )
                answer = browser.get(path)
                note(path, answer.status, answer.seconds)

        def write(email: str, part: list[str]) -> None:
            browser = Browser(server.port).sign_in(email)
            for number in range(1_000_000):
                if time.monotonic() > end:
                    return
                verb = "withdraw" if number // len(part) % 2 else "mark"
                path = f"/modules/{part[number % len(part)]}/demand/{verb}"
                answer = browser.post(path)
                note(path, answer.status, answer.seconds)
                time.sleep(0.05)

        workers = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
        workers += [
            threading.Thread(target=write, args=(people.member_user.email, modules[:30])),
            threading.Thread(target=write, args=(people.stranger_user.email, modules[30:])),
        ]
        for worker in workers:
            worker.start()
        time.sleep(SOAK / 4)
        early, begun = _held(server, settings), time.monotonic()
        for worker in workers:
            worker.join()
        late = _held(server, settings)
    first = [seconds for moment, seconds in seen if moment < begun]
    last = [seconds for moment, seconds in seen if moment > end - SOAK / 4]
    slower = _p95(last) / _p95(first)
    faults.record(
        "R24", f"{SOAK:.0f} s of work, p95 {_p95(first):.2f} → {_p95(last):.2f} s", tries=len(seen), lost=len(wrong)
    )
    assert wrong == []
    assert slower < 2
    assert late["threads"] <= early["threads"] + 4
    assert late["files"] <= early["files"] + 12
    assert late["segments"] < 60
    assert late["wal"] < 16 * 2**20


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _held(server: Server, settings: Settings) -> dict[str, int]:
    """Return what could pile up."""
    process = Path(f"/proc/{server.process.pid}")
    wal = settings.state / "catalogue.sqlite3-wal"
    return {
        "files": len(list((process / "fd").iterdir())),
        "threads": len(list((process / "task").iterdir())),
        "segments": len(list(settings.index_folder.rglob("*.seg"))),
        "wal": wal.stat().st_size if wal.exists() else 0,
    }
