"""Planning with much demand: how long each page, report and workbook takes, and how it grows with the events.

``python -m tests.bench.planning [EVENTS …]``: 5,000 modules, 500 companies and so many events in a real server.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from catalogue import schema
from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories
from tests.bench.data import fill
from tests.bench.demand import DAY, fill_cooperation, fill_demand
from tests.bench.visitor import Visitor, megabytes, start

EVENTS = (1_000, 10_000, 100_000)
MODULES, COMPANIES = 5_000, 500
ROUNDS = 20
PAST = DAY.replace(day=1).isoformat()
PAGES = {
    "overview": "/planning",
    "overview of topics": "/planning?by=topic&region=thueringen",
    "overview of a past day": f"/planning?as_of={PAST}",
    "what waits for a decision": "/planning/decisions/open",
    "rows behind a figure": "/planning/rows?by=topic&key=sicherheit",
    "topics by level": "/planning/matrix",
    "topics by region": "/planning/matrix?across=region",
    "topics by period": "/planning/matrix?across=period",
    "topics by period, past day": f"/planning/matrix?across=period&as_of={PAST}",
    "rows of one cell": "/planning/rows?by=topic&key=sicherheit&across=region&cell=thueringen",
    "runs behind seats": "/planning/seats?across=region&cell=thueringen",
    "purposes side by side": "/planning/purposes",
    "working together": "/planning/cooperation",
    "runs and suggestions": "/planning/runs",
    "what is missing": "/planning/missing",
    "strengths and weaknesses": "/planning/swot",
    "reports": "/planning/reports",
    "interest, for members": "/interest",
}
WORKBOOK = "/planning/export/rows.xlsx"
TARGETS = {"page": 400, "past": 2_000, "workbook": 15, "memory": 300}


@dataclass(frozen=True)
class Result:
    """What was measured with so many events; times of pages in milliseconds."""

    events: int
    pages: dict[str, list[float]]
    first: float
    workbook: float
    memory: int
    workbook_memory: int


def measure(events: int) -> Result:
    """Measure one size."""
    with tempfile.TemporaryDirectory(prefix="bench-planning-") as folder:
        state = Path(folder)
        settings = Settings(state=state)
        database = Database(settings.database_url)
        schema.upgrade(database)
        fill(database, MODULES)
        fill_demand(database, COMPANIES, events)
        fill_cooperation(database)
        sync.rebuild(database, SearchIndex(settings.index_folder))
        database.dispose()
        server, site = start(state)
        try:
            visitor = Visitor(site)
            visitor.post("/login", {"email": "clara@netz.example", "password": factories.PASSWORD})
            first = _milliseconds(visitor, "/planning")
            pages = {name: [_milliseconds(visitor, path) for _ in range(ROUNDS)] for name, path in PAGES.items()}
            memory, workbook = megabytes(server), _milliseconds(visitor, WORKBOOK) / 1000
            return Result(events, pages, first, workbook, memory, megabytes(server))
        finally:
            server.terminate()
            server.wait(timeout=30)


def _milliseconds(visitor: Visitor, path: str) -> float:
    begun = time.perf_counter()
    visitor.get_bytes(path)
    return (time.perf_counter() - begun) * 1000


def p95(times: Iterable[float]) -> float:
    """Return the time that 95 % stay below."""
    ranked = sorted(times)
    return ranked[int(len(ranked) * 0.95)]


def show(results: list[Result]) -> None:
    """Print the table and the targets."""
    print(f"\n{'page':40}" + "".join(f"{one.events:>16} events" for one in results))
    for name in PAGES:
        cells = (f"{statistics.median(one.pages[name]):.0f} / {p95(one.pages[name]):.0f} ms" for one in results)
        print(f"{name:40}" + "".join(f"{cell:>23}" for cell in cells))
    print(f"{'first page after the start':40}" + "".join(f"{one.first:>20.0f} ms" for one in results))
    print(f"{'workbook of all statements':40}" + "".join(f"{one.workbook:>21.1f} s" for one in results))
    print(f"{'server: most memory, then with workbook':40}" + "".join(f"{f'{one.memory}, {one.workbook_memory} MB':>23}" for one in results))  # fmt: skip
    last = results[-1]
    slowest = max(p95(times) for times in last.pages.values())
    print()
    for name, value, most in (
        ("slowest page, p95 ms", slowest, TARGETS["page"]),
        ("report of a past day, p95 ms", p95(last.pages["overview of a past day"]), TARGETS["past"]),
        ("workbook of all statements, s", last.workbook, TARGETS["workbook"]),
        ("server with workbook, MB", last.workbook_memory, TARGETS["memory"]),
    ):
        print(f"{'met   ' if value <= most else 'MISSED'}  {name}: {value:.1f} (at most {most})")
    if len(results) > 1:
        growth = statistics.median(last.pages["overview"]) / statistics.median(results[0].pages["overview"])
        print(f"        overview from {results[0].events} to {last.events} events: {growth:.1f} times as long")


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] or list(EVENTS)
    found = []
    for size in sizes:
        print(f"{size} events …", flush=True)
        found.append(measure(size))
    show(found)
