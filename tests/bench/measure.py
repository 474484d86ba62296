"""Asking a server and counting the time."""

import http.client
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.servers import Server

__all__ = ["Times", "ask_all", "throughput", "until_found"]

AT_ONCE = 4


@dataclass(frozen=True)
class Times:
    """Milliseconds per request, one at a time over one open connection."""

    p50: float
    p95: float
    mean: float


def ask_all(server: Server, queries: Sequence[str]) -> Times:
    """Ask all *queries* one after the other; every answer must be a page."""
    connection = server.connect()
    times = []
    for query in queries:
        started = time.perf_counter()
        try:
            connection.request("GET", server.address(query))
            response = connection.getresponse()
        except http.client.RemoteDisconnected:  # a server may end a connection that stays open too long
            print(f"  {server.name} closed a connection", flush=True)
            connection = server.connect()
            connection.request("GET", server.address(query))
            response = connection.getresponse()
        body = response.read()
        times.append((time.perf_counter() - started) * 1000)
        assert response.status == 200, (server.name, query, response.status, body[:300])
    cuts = statistics.quantiles(times, n=20)
    return Times(statistics.median(times), cuts[18], statistics.mean(times))


def throughput(server: Server, queries: Sequence[str]) -> float:
    """Return requests per second with several clients at once."""

    def client(part: Sequence[str]) -> None:
        ask_all(server, part)

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(client, [queries[n::AT_ONCE] for n in range(AT_ONCE)]))
    return len(queries) / (time.perf_counter() - started)


def until_found(server: Server, word: str, patience: float = 30.0) -> float:
    """Return the seconds until a page shows *word* as a hit."""
    connection = server.connect()
    started = time.perf_counter()
    while time.perf_counter() - started < patience:
        connection.request("GET", server.address(word))
        if b"<mark>" in connection.getresponse().read():
            return time.perf_counter() - started
        time.sleep(0.01)
    return float("inf")
