"""``python -m tests.bench.harvest``: how others' harvesters slow people down: all of OAI-PMH, and all pages of the sitemap, while people search.

Limits are off, so that this is the worst that one harvester can do who never waits; in operation it is told to wait (429, Retry-After).
"""

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sickle import Sickle

from catalogue import schema
from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from tests.bench.data import fill, queries
from tests.bench.servers import Server, catalogue

MODULES, SECONDS, PEOPLE = 5_000, 30.0, 2
LOCATION = re.compile(rb"<loc>([^<]+)</loc>")


@dataclass
class People:
    """Visitors who search, open a module, and search again, each over one open connection."""

    server: Server
    slugs: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    times: list[float] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)

    def during(self, work: Callable[[], object]) -> float:
        """Let them look round while *work* is done; return how many seconds that took."""
        threads = [threading.Thread(target=self._look, args=(number,)) for number in range(PEOPLE)]
        for thread in threads:
            thread.start()
        begun = time.perf_counter()
        try:
            work()
        finally:
            took = time.perf_counter() - begun
            self.stop.set()
            for thread in threads:
                thread.join()
        return took

    def _look(self, number: int) -> None:
        asked, connection = queries(2_000)[number::PEOPLE], self.server.connect()
        for turn, text in enumerate(asked * 50):
            if self.stop.is_set():
                return
            path = f"/?{urlencode({'q': text})}" if turn % 2 else f"/modules/{self.slugs[turn * 37 % len(self.slugs)]}"
            begun = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            self.times.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                self.wrong.append(answer.status)
            time.sleep(0.05)  # people read


def harvested(server: Server) -> int:
    """Harvest all records in the richer format; return how many."""
    return sum(1 for _ in Sickle(f"http://127.0.0.1:{server.port}/oai").ListRecords(metadataPrefix="rdf"))


def crawled(server: Server) -> int:
    """Read the sitemap and every page it names, one after the other; return how many."""
    connection = server.connect()
    connection.request("GET", "/sitemap.xml")
    paths = [urlsplit(found.decode()).path or "/" for found in LOCATION.findall(connection.getresponse().read())]
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
    return len(paths)


def cases(server: Server) -> Iterator[tuple[str, Callable[[], int]]]:
    """What happens while people look round: nothing, a harvest, a crawl."""

    def wait() -> int:
        time.sleep(SECONDS)
        return 0

    yield "nothing", wait
    yield "OAI-PMH, all records as RDF", lambda: harvested(server)
    yield "sitemap, every page", lambda: crawled(server)


def measure(modules: int) -> None:
    """Print one line for each case."""
    folder = Path(tempfile.mkdtemp(prefix="catalogue-harvest-"))
    try:
        database = Database(f"sqlite:///{folder / 'catalogue.sqlite3'}")
        schema.upgrade(database)
        fill(database, modules)
        sync.rebuild(database, SearchIndex(folder / "index"))
        database.dispose()
        with catalogue(folder) as server:
            connection = server.connect()
            connection.request("GET", "/sitemap.xml")
            places = [urlsplit(one.decode()).path for one in LOCATION.findall(connection.getresponse().read())]
            slugs = [place.rsplit("/", 1)[-1] for place in places if place.startswith("/modules/")]
            for name, work in cases(server):
                people, done = People(server, slugs), list[int]()
                took = people.during(lambda work=work, done=done: done.append(work()))  # type: ignore[misc]
                p95 = statistics.quantiles(people.times, n=20)[18]
                print(f"{name:30} {done[0]:7} {took:7.1f} {done[0] / took:9.1f} {statistics.median(people.times):8.0f} {p95:7.0f} {len(people.times):7} {len(people.wrong):6}", flush=True)  # fmt: skip
                if people.wrong:
                    sys.exit("people were refused")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure with as many modules as asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.harvest", description=__doc__)
    parser.add_argument("--modules", type=int, default=MODULES)
    modules = parser.parse_args().modules
    print(f"\n{modules} modules; {PEOPLE} people search and read meanwhile")
    print(f"{'meanwhile':30} {'items':>7} {'seconds':>7} {'items/s':>9} {'page p50':>8} {'p95 ms':>7} {'pages':>7} {'errors':>6}")  # fmt: skip
    measure(modules)


if __name__ == "__main__":
    main()
