"""``python -m tests.bench.load``: fifty people at once, nine of ten requests read, one writes, on the three ways to serve the catalogue.

The clients are a process of their own. Reads are pages as people open them; writes are real marks of real accounts with their CSRF
token. Anything else than the expected answer is an error, and none is allowed.
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from catalogue import schema
from catalogue.db import Database
from catalogue.models import Company, Membership, Module
from tests import factories
from tests.bench.data import fill, queries
from tests.bench.demand import fill_demand
from tests.bench.servers import free_port
from tests.postgres import postgres_url

CLIENTS, MODULES, COMPANIES, EVENTS = 50, 500, 60, 6_000
WRITES = 0.1
TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
BIN = Path(sys.executable).parent
SERVERS = ("waitress", "gunicorn", "nodes")
NAMES = {
    "waitress": "waitress + SQLite",
    "gunicorn": "gunicorn, 2 workers × 4 threads + SQLite",
    "nodes": "2 nodes (waitress) + PostgreSQL",
}


# --- servers


def environment(state: Path, database: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    own = {"CATALOGUE_STATE": str(state), "CATALOGUE_RATE_LIMITS": "off", "CATALOGUE_SECRET_KEY": "bench" * 8}
    return kept | own | ({"CATALOGUE_DATABASE": database} if database else {})


def prepare(url: str) -> list[str]:
    """Fill the database with modules, companies with one person each, and what they said; return the slugs of the modules."""
    database = Database(url)
    schema.upgrade(database)
    fill(database, MODULES)
    fill_demand(database, COMPANIES, EVENTS)
    with database.write() as session:
        taken = {membership.company_id for membership in session.query(Membership)}
        for company in session.query(Company).order_by(Company.slug):
            if company.id not in taken:
                factories.make_user(session, f"person@{company.slug}.example", company=company)
        slugs = [slug for (slug,) in session.query(Module.slug)]
    database.dispose()
    return slugs


def commands(kind: str, folder: Path, ports: list[int], database: str) -> Iterator[tuple[list[str], Path]]:
    if kind == "gunicorn":
        listen = [
            "--bind",
            f"127.0.0.1:{ports[0]}",
            "--workers",
            "2",
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--keep-alive",
            "75",
        ]
        yield [str(BIN / "gunicorn"), *listen, "--log-level", "warning", "catalogue.app:create_serving_app()"], folder
        return
    for number, port in enumerate(ports):
        yield [str(BIN / "catalogue"), "serve", "--port", str(port)], folder / str(number) if database else folder


@contextmanager
def serving(kind: str) -> Iterator[tuple[list[int], list[str]]]:
    """Serve a filled catalogue in this way; gives the ports and the slugs of the modules."""
    folder = Path(tempfile.mkdtemp(prefix="catalogue-load-"))
    ports = [free_port() for _ in range(2 if kind == "nodes" else 1)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = stack.enter_context(postgres_url("load")) if kind == "nodes" else ""
        slugs = prepare(database or f"sqlite:///{folder / 'catalogue.sqlite3'}")
        for command, state in commands(kind, folder, ports, database):
            state.mkdir(exist_ok=True)
            log = stack.enter_context(open(folder / "server.log", "ab"))
            process = subprocess.Popen(command, env=environment(state, database), stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield ports, slugs


# --- clients: they run in a process of their own, see `main`


@dataclass
class Person:
    """A signed-in member at one node, on a connection that stays open as long as the server lets it."""

    port: int
    email: str
    chance: random.Random
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    marked: set[str] = field(default_factory=set)
    stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send one request; a connection that the server closed meanwhile is opened anew, once."""
        body = urlencode(fields).encode() if fields is not None else b""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {cookie}"]
        if fields is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        sent = "\r\n".join([*lines, "", ""]).encode() + body
        was_open = self.stream is not None
        try:
            return await self._exchange(sent)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.stream = None
            if not was_open or method != "GET":
                raise
            return await self._exchange(sent)

    async def _exchange(self, sent: bytes) -> tuple[int, bytes]:
        if self.stream is None:
            self.stream = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        reader, writer = self.stream
        writer.write(sent)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in head[1:] if line)]
        known = dict(headers)
        for name, value in headers:
            if name == "set-cookie":
                key, _, text = value.partition(";")[0].partition("=")
                self.cookies[key] = text
        body = await (self._chunks(reader) if "chunked" in known.get("transfer-encoding", "") else reader.readexactly(int(known.get("content-length", "0"))))  # fmt: skip
        if known.get("connection", "").lower() == "close":
            writer.close()
            self.stream = None
        return int(head[0].split()[1]), body

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
        return b"".join(parts)

    async def sign_in(self) -> None:
        """Sign in through the real form."""
        await self._read_token("/login")
        status, _ = await self.ask("POST", "/login", {"csrf_token": self.token, "email": self.email, "password": factories.PASSWORD})  # fmt: skip
        assert status == 303, f"{self.email} cannot sign in: {status}"
        await self._read_token("/imprint")

    async def _read_token(self, path: str) -> None:
        found = TOKEN.search((await self.ask("GET", path))[1])
        assert found, f"no form on {path}"
        self.token = found[1].decode()

    async def write(self, slugs: list[str]) -> tuple[str, int, int]:
        """Mark a module, or take a mark back."""
        slug = self.chance.choice(slugs)
        action = "withdraw" if slug in self.marked else "mark"
        status, _ = await self.ask("POST", f"/modules/{slug}/demand/{action}", {"csrf_token": self.token})
        if status == 303:
            self.marked ^= {slug}
        return "write", status, 303

    async def read(self, slugs: list[str], texts: list[str]) -> tuple[str, int, int]:
        """Open a page, as often as people open it."""
        text = urlencode({"q": self.chance.choice(texts)})
        pages = [f"/?{text}", f"/modules/{self.chance.choice(slugs)}", f"/api/v1/modules?{text}", f"/suggest?{text}", "/", "/company"]  # fmt: skip
        (path,) = self.chance.choices(pages, weights=(35, 30, 10, 10, 5, 10))
        status, _ = await self.ask("GET", path)
        return "read", status, 200


async def one(person: Person, slugs: list[str], texts: list[str], begin: float, end: float, seen: list[Any]) -> None:
    """Ask and ask until *end*; what is answered before *begin* or after *end* does not count."""
    while (started := time.monotonic()) < end:
        try:
            kind, status, wanted = await (person.write(slugs) if person.chance.random() < WRITES else person.read(slugs, texts))  # fmt: skip
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            kind, status, wanted = type(error).__name__, 0, 1
            person.stream = None
        if begin <= (now := time.monotonic()) <= end or status != wanted:
            seen.append((kind, status if status != wanted else 0, now - started))


async def load(given: dict[str, Any]) -> list[Any]:
    """Let everybody sign in, then all ask at once."""
    ports, emails = given["ports"], given["emails"]
    people = [Person(ports[n % len(ports)], emails[n % len(emails)], random.Random(n)) for n in range(given["clients"])]
    for person in people:
        await person.sign_in()
    begin = time.monotonic() + given["warm"]
    seen: list[Any] = []
    texts = queries(2_000)
    await asyncio.gather(*(one(p, given["slugs"], texts, begin, begin + given["seconds"], seen) for p in people))
    return seen


# --- the table


def percentile(times: list[float], share: float) -> float:
    return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")


def wait_for(ports: list[int]) -> None:
    end = time.monotonic() + 120
    for port in ports:
        while time.monotonic() < end:
            command = ["curl", "-fsS", "-o", "/dev/null", f"http://127.0.0.1:{port}/api/v1/modules?q=anfang"]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.2)


def measure(kind: str, seconds: float, clients: int) -> bool:
    """Measure one way to serve; return whether all answers were as expected."""
    with serving(kind) as (ports, slugs):
        wait_for(ports)
        emails = [f"person@firma-{n}.example" for n in range(1, COMPANIES)]
        given = {"ports": ports, "emails": emails, "slugs": slugs, "seconds": seconds, "clients": clients, "warm": 25.0}
        client = [sys.executable, "-m", "tests.bench.load", "--client"]
        answer = subprocess.run(client, input=json.dumps(given), capture_output=True, text=True, check=True)
        seen = json.loads(answer.stdout)
    times = {kind: sorted(took for name, _, took in seen if name == kind) for kind in ("read", "write")}
    every = sorted(took for _, _, took in seen)
    wrong = Counter(f"{name} {status}" for name, status, _ in seen if status or name not in times)
    cells = [f"{percentile(every, share):7.0f}" for share in (0.5, 0.95, 0.99)]
    cells += [f"{percentile(times['write'], share):7.0f}" for share in (0.5, 0.95, 0.99)]
    print(f"{NAMES[kind]:42} {len(seen) / seconds:7.1f} {' '.join(cells)} {len(seen):8} {sum(wrong.values()):6}  {dict(wrong) or ''}", flush=True)  # fmt: skip
    return not wrong


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("servers", nargs="*", help=f"which to measure: {', '.join(SERVERS)}")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        print(json.dumps(asyncio.run(load(json.load(sys.stdin)))))
        return
    print(f"\n{arguments.clients} clients, 90 % reads, 10 % writes; {MODULES} modules, {COMPANIES} companies, {EVENTS} events; load {os.getloadavg()[0]:.1f} before")  # fmt: skip
    print(f"{'':42} {'req/s':>7} {'p50 ms':>7} {'p95':>7} {'p99':>7} {'write50':>7} {'p95':>7} {'p99':>7} {'requests':>8} {'errors':>6}")  # fmt: skip
    fine = [measure(kind, arguments.seconds, arguments.clients) for kind in arguments.servers or SERVERS]
    if not all(fine):
        sys.exit("errors under load: none is allowed")


if __name__ == "__main__":
    main()
