"""The two servers that are compared: ours, and Datasette over the same rows."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.data import Row

__all__ = ["Server", "catalogue", "datasette", "datasette_command", "datasette_file"]

HERE = Path(__file__).resolve().parent
FACETS = ("topic", "format", "level", "region")
PATIENCE = 120  # seconds until a server answers


@dataclass
class Server:
    """A running server and how it is asked."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    path: str
    parameters: tuple[tuple[str, str], ...]
    text: str

    def address(self, query: str) -> str:
        """Return the address that asks *query*."""
        return f"{self.path}?{urlencode([*self.parameters, (self.text, query)])}"

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def memory(self) -> float:
        """Return the highest resident memory so far in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection = server.connect()
                connection.request("GET", server.address("anfang"))
                assert connection.getresponse().read()
                break
            except OSError:
                assert server.process.poll() is None, f"{server.name} did not start"
                assert time.monotonic() < end, f"{server.name} does not answer"
                time.sleep(0.2)
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


@contextmanager
def catalogue(state: Path) -> Iterator[Server]:
    """Run our server on the state folder *state*."""
    port = free_port()
    environment = {**os.environ, "CATALOGUE_STATE": str(state), "CATALOGUE_RATE_LIMITS": "off"}
    command = [str(Path(sys.executable).parent / "catalogue"), "serve", "--port", str(port)]
    with open(state / "server.log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        with _running(Server("catalogue", port, process, "/", (), "q")) as server:
            yield server


def datasette_command(folder: Path) -> Path:
    """Install Datasette into its own environment below *folder* (once) and return its command."""
    environment = folder / "datasette"
    command = environment / "bin" / "datasette"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        install = [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*map(str, install), "-r", str(HERE / "requirements-bench.txt")], check=True)
    return command


def datasette_file(path: Path, rows: list[Row]) -> None:
    """Write *rows* as one table with full-text search (unicode61, diacritics removed) and indexed facet columns."""
    database = sqlite3.connect(path)
    columns = "title, summary, description, contents"
    database.execute(f"CREATE TABLE modules (id TEXT PRIMARY KEY, {columns}, provider, {', '.join(FACETS)})")
    values = (
        (str(r.id), r.title, r.summary, r.description, json.dumps(r.contents), f"Anbieter {r.provider}", *(r.facets[f] for f in FACETS))
        for r in rows
    )  # fmt: skip
    database.executemany(f"INSERT INTO modules VALUES ({','.join('?' * (6 + len(FACETS)))})", values)  # noqa: S608 - our own names
    for facet in FACETS:
        database.execute(f"CREATE INDEX ix_{facet} ON modules ({facet})")
    database.execute(
        f"CREATE VIRTUAL TABLE modules_fts USING fts5({columns}, content='modules', tokenize='unicode61 remove_diacritics 2')"
    )
    database.execute(f"INSERT INTO modules_fts (rowid, {columns}) SELECT rowid, {columns} FROM modules")  # noqa: S608
    database.execute("ANALYZE")
    database.commit()
    database.close()


@contextmanager
def datasette(command: Path, file: Path) -> Iterator[Server]:
    """Run Datasette on *file*; each page searches and counts four facets, twenty rows a page."""
    port = free_port()
    arguments = ["serve", "-i", str(file), "--port", str(port), "--setting", "facet_time_limit_ms", "2000"]
    process = subprocess.Popen([str(command), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    parameters = (("_size", "20"), *(("_facet", facet) for facet in FACETS))
    with _running(Server("datasette", port, process, f"/{file.stem}/modules", parameters, "_search")) as server:
        yield server
