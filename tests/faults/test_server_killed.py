"""kill -9 of the server while companies mark modules: what was acknowledged is there after the restart, and the database is sound."""

import http.client
import os
import random
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

import pytest

from catalogue.db import Database
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
ROUNDS = int(os.environ.get("CATALOGUE_TEST_ROUNDS", "20"))
MODULES = 12
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Server:
    """The shipped server in a process of its own."""

    def __init__(self, settings: Settings) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
        self.environment = kept | {
            "CATALOGUE_STATE": str(settings.state), "CATALOGUE_SECRET_KEY": settings.secret_key, "CATALOGUE_RATE_LIMITS": "off",
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers; fails after 30 seconds."""
        command = [sys.executable, "-c", f"from catalogue.cli import cli; cli(['serve', '--port', '{self.port}'])"]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server does not start")

    def ask(self, method: str, path: str, cookie: str = "", body: str = "") -> tuple[int, str, str]:
        """Return status, cookie and page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, {"Cookie": cookie, **(FORM if body else {})})
            answer = connection.getresponse()
            page = answer.read().decode()
            fresh = [one for one in answer.headers.get_all("Set-Cookie") or [] if one.startswith("session=")]
            return answer.status, (fresh or [cookie])[0].partition(";")[0], page
        finally:
            connection.close()

    def kill(self) -> None:
        """End it without any warning."""
        self.process.kill()
        self.process.wait()


class Company(threading.Thread):
    """Marks and withdraws one module after the other and remembers what the server acknowledged; ends when it is gone."""

    def __init__(self, server: Server, cookie: str, token: str, slugs: list[str], known: dict[str, set[bool]]) -> None:
        super().__init__()
        self.acknowledged = 0
        self.server, self.cookie, self.token, self.slugs, self.known = server, cookie, token, slugs, known

    def run(self) -> None:
        for number in range(10_000):
            slug = self.slugs[number % len(self.slugs)]
            wanted = True not in self.known[slug]
            verb = "mark" if wanted else "withdraw"
            before, self.known[slug] = self.known[slug], {True, False}  # until it is answered both may be
            try:
                status, _, _ = self.server.ask(
                    "POST", f"/modules/{slug}/demand/{verb}", self.cookie, urlencode({"csrf_token": self.token})
                )
            except (OSError, http.client.HTTPException):
                return
            self.known[slug] = {wanted} if status == 303 else before
            self.acknowledged += status == 303


def sign_in(server: Server, email: str) -> tuple[str, str]:
    """Return cookie and CSRF token of a fresh sign-in."""
    _, cookie, page = server.ask("GET", "/login")
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]
    body = urlencode({"csrf_token": token, "email": email, "password": factories.PASSWORD})
    status, cookie, _ = server.ask("POST", "/login", cookie, body)
    assert status == 303
    _, cookie, page = server.ask("GET", "/imprint", cookie)  # the page that first shows a token also renews the cookie
    return cookie, re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]


def stored(settings: Settings) -> tuple[set[str], list[str]]:
    """Return which modules are marked now, and what SQLite has to complain about."""
    with sqlite3.connect(settings.state / "catalogue.sqlite3") as connection:
        marked = "SELECT slug FROM demand JOIN module ON module.id = module_id WHERE withdrawn_at IS NULL"
        found = {slug for (slug,) in connection.execute(marked)}
        wrong = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        wrong += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
    connection.close()
    return found, wrong


@pytest.mark.slow
def test_what_was_acknowledged_survives(settings: Settings, database: Database, people: People) -> None:
    with database.write() as session:
        slugs = [
            factories.make_module(session, f"Modul {number}", slug=f"modul-{number}").slug for number in range(MODULES)
        ]
    database.dispose()
    known = {slug: {False} for slug in slugs}
    server, chance, acknowledged = Server(settings), random.Random(7), 0
    try:
        cookie, token = sign_in(server, people.member_user.email)
        for _ in range(ROUNDS):
            parts = [Company(server, cookie, token, slugs[start::3], known) for start in range(3)]
            for part in parts:
                part.start()
            time.sleep(0.3 + chance.random() * 0.7)
            server.kill()
            for part in parts:
                part.join()
            found, wrong = stored(settings)
            assert wrong == []
            assert {slug: slug in found for slug in slugs if (slug in found) not in known[slug]} == {}
            acknowledged += sum(part.acknowledged for part in parts)
            known.update({slug: {slug in found} for slug in slugs})
            server.start()
            assert server.ask("GET", "/company", cookie)[0] == 200, "signed out by the restart"
    finally:
        server.kill()
    assert acknowledged > ROUNDS  # otherwise nothing was tried
