"""``make bench``: how fast the catalogue answers beside Datasette over the same rows, in the same run, on this machine."""

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from catalogue import schema
from catalogue.db import Database
from catalogue.models import Module
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from tests.bench.data import fill, queries
from tests.bench.measure import Times, ask_all, throughput, until_found
from tests.bench.servers import catalogue, datasette, datasette_command, datasette_file

SIZES = (500, 5_000, 50_000)
QUERIES = 200
TARGETS = {"p50": 0.7, "p95": 0.5}  # of Datasette's, at 5,000 modules
CACHE = Path(tempfile.gettempdir()) / "catalogue-bench"


@dataclass(frozen=True)
class Result:
    """What was measured at one size."""

    size: int
    ours: Times
    theirs: Times | None
    per_second: float
    their_per_second: float
    memory: float
    their_memory: float
    rebuild: float
    found: float


def measure(size: int, command: Path | None) -> Result:
    """Measure both servers with *size* modules."""
    folder = Path(tempfile.mkdtemp(prefix="catalogue-bench-"))
    try:
        database, index = Database(f"sqlite:///{folder / 'catalogue.sqlite3'}"), SearchIndex(folder / "index")
        schema.upgrade(database)
        rows = fill(database, size)
        started = time.perf_counter()
        sync.rebuild(database, index)
        rebuild = time.perf_counter() - started
        asked = queries(2 * QUERIES)
        with catalogue(folder) as ours:
            times = ask_all(ours, asked[:QUERIES])
            per_second = throughput(ours, asked[QUERIES:])
            change(database, index)
            found, memory = until_found(ours, "Quetzalkoatlus"), ours.memory()
        database.dispose()
        if command is None:
            return Result(size, times, None, per_second, 0, memory, 0, rebuild, found)
        datasette_file(folder / "bench.db", rows)
        with datasette(command, folder / "bench.db") as theirs:
            their_times = ask_all(theirs, asked[:QUERIES])
            their_per_second = throughput(theirs, asked[QUERIES:])
            return Result(
                size, times, their_times, per_second, their_per_second, memory, theirs.memory(), rebuild, found
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def change(database: Database, index: SearchIndex) -> None:
    """Change one module as a request of another process would."""
    with database.write() as session:
        session.scalars(select(Module).limit(1)).one().title = "Quetzalkoatlus"
    started = time.perf_counter()
    sync.drain(database, index)
    print(f"  one change indexed in {time.perf_counter() - started:.2f} s", flush=True)


def show(results: list[Result]) -> None:
    """Print the table, the ratios and the targets."""
    print("\nmodules  server        p50 ms  p95 ms  mean ms   req/s  memory MB  rebuild s  change found s")
    for one in results:
        t = one.ours
        print(f"{one.size:7}  catalogue    {t.p50:7.1f} {t.p95:7.1f} {t.mean:8.1f} {one.per_second:7.1f} {one.memory:10.0f} {one.rebuild:10.1f} {one.found:15.2f}")  # fmt: skip
        if (d := one.theirs) is not None:
            print(f"         datasette    {d.p50:7.1f} {d.p95:7.1f} {d.mean:8.1f} {one.their_per_second:7.1f} {one.their_memory:10.0f}")  # fmt: skip
            print(f"         ratio        {t.p50 / d.p50:7.2f} {t.p95 / d.p95:7.2f} {t.mean / d.mean:8.2f} {one.per_second / one.their_per_second:7.2f}")  # fmt: skip
    by_size = {one.size: one for one in results}
    middle = by_size.get(5_000)
    print()
    if middle and middle.theirs:
        _target("p50 against Datasette at 5,000", middle.ours.p50 / middle.theirs.p50, TARGETS["p50"])
        _target("p95 against Datasette at 5,000", middle.ours.p95 / middle.theirs.p95, TARGETS["p95"])
    if middle:
        _target("change found at 5,000, seconds", middle.found, 1.0)
        _target("rebuild of 5,000, seconds", middle.rebuild, 15.0)
    if 500 in by_size and 50_000 in by_size:
        _target("growth of p50 from 500 to 50,000", by_size[50_000].ours.p50 / by_size[500].ours.p50, 3.0)


def _target(name: str, value: float, most: float) -> None:
    print(f"{'met   ' if value <= most else 'MISSED'}  {name}: {value:.2f} (at most {most})")


def main() -> None:
    """Measure all sizes that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="numbers of modules")
    parser.add_argument("--alone", action="store_true", help="without Datasette")
    arguments = parser.parse_args()
    command = None if arguments.alone else datasette_command(CACHE)
    results = []
    for size in arguments.sizes or SIZES:
        print(f"{size} modules …", flush=True)
        results.append(measure(size, command))
    show(results)


if __name__ == "__main__":
    main()
