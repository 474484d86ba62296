"""The shipped server with little memory: greedy requests are answered, and what it holds does not grow with their number."""

import random
import threading
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories
from tests.faults.servers import Browser, Server
from tests.faults.table import Faults

MEGABYTE = 2**20
ADDRESSES = 768  # MB that the whole process may map
REQUESTS = 2_000
AT_ONCE = 4
GROWTH = 48  # MB of growth after the first quarter of the requests
GREEDY = [
    "/", "/?q=*", "/?q=sicherhait", "/?q=" + "x" * 6_000, "/?q=" + "wort+" * 1_000, "/?page=1000000000", "/modules.csv",
    "/?" + "&".join(f"topic=t{number}" for number in range(500)), "/api/v1/modules", "/runs", "/suggest?q=si", "/?q=" + "y" * 100_000,
]  # fmt: skip


def _resident(server: Server) -> float:
    """Megabytes that the server holds."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _ask(port: int, count: int) -> list[int]:
    """Send so many requests, some at once; return the answers' codes."""
    codes: list[int] = []

    def one(seed: int) -> None:
        chance, browser = random.Random(seed), Browser(port)
        codes.extend(browser.get(chance.choice(GREEDY)).status for _ in range(count // AT_ONCE))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_greedy_requests_are_answered_and_memory_stays(settings: Settings, database: Database, faults: Faults) -> None:
    with database.write() as session:
        for number in range(60):
            factories.make_module(session, f"Sicherheit {number}", slug=f"modul-{number}")
    sync.drain(database, SearchIndex(settings.index_folder))
    database.dispose()
    # each thread's store of free memory is 64 MB of addresses that are never used
    limit = ["prlimit", f"--as={ADDRESSES * MEGABYTE}"]
    with Server(settings, before=limit, MALLOC_ARENA_MAX="2") as server:
        codes = _ask(server.port, REQUESTS // 4)
        early = _resident(server)
        codes += _ask(server.port, REQUESTS - REQUESTS // 4)
        late = _resident(server)
    wrong = [code for code in codes if code not in (200, 400, 414, 431)]
    fault = f"{ADDRESSES} MB of addresses, greedy requests: {early:.0f} → {late:.0f} MB"
    faults.record("R22", fault, tries=len(codes), lost=len(wrong) + REQUESTS - len(codes))
    assert wrong == []
    assert len(codes) == REQUESTS
    assert late - early < GROWTH
