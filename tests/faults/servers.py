"""The shipped server in a process of its own, and a browser without scripts that talks to it."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from catalogue.settings import Settings
from tests import factories

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
START_SECONDS = 180
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
Gone = (OSError, http.client.HTTPException)  # what a browser meets when the server dies meanwhile


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Return the environment of a ``catalogue`` command that works on the installation of *settings*."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    own = {"CATALOGUE_STATE": str(settings.state), "CATALOGUE_SECRET_KEY": settings.secret_key}
    return kept | own | {"CATALOGUE_DATABASE": settings.database, "CATALOGUE_RATE_LIMITS": "off"} | more


def command(*words: str) -> list[str]:
    """Return how ``catalogue`` is called with *words*."""
    return [sys.executable, "-m", "catalogue.cli", *words]


class Server:
    """``catalogue serve`` of one installation. *before* is put before the command, as ``["prlimit", "--as=…"]``."""

    def __init__(
        self, settings: Settings, *, before: Sequence[str] = (), log: Any = subprocess.DEVNULL, **more: str
    ) -> None:
        self.port = free_port()
        self.environment = environment(settings, **more)
        self.before, self.log = list(before), log
        self.start()

    def start(self) -> float:
        """Start it, wait until it answers and return how long that took; fails after a minute."""
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [*self.before, *command("serve", "--port", str(self.port))],
            env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        while time.monotonic() - begun < START_SECONDS:
            try:
                if Browser(self.port).get("/healthz").status == 200:
                    return time.monotonic() - begun
            except Gone:
                time.sleep(0.05)
        self.kill()
        raise AssertionError("the server does not start")

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End it and what it started, without any warning."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    page: str
    headers: http.client.HTTPMessage
    seconds: float


@dataclass
class Browser:
    """One visitor: a connection per request, cookies kept, redirects not followed. Copies may work side by side."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    timeout: float = 60

    def ask(self, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send one request; raises one of :data:`Gone` if the server goes away."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            cookie = (
                {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
            )
            connection.request(method, path, body or None, {**cookie, **(headers or {})})
            answer = connection.getresponse()
            page = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, page, answer.headers, time.monotonic() - begun)

    def get(self, path: str) -> Answer:
        """Read a page."""
        return self.ask("GET", path)

    def post(self, path: str, fields: dict[str, Any] | None = None) -> Answer:
        """Send a form, with the token that :meth:`sign_in` or :meth:`read_token` found."""
        return self.ask("POST", path, urlencode({"csrf_token": self.token, **(fields or {})}, doseq=True), FORM)

    def read_token(self, path: str) -> None:
        """Take the CSRF token of a page."""
        found = TOKEN.search(self.get(path).page)
        assert found, f"no form with a CSRF token on {path}"
        self.token = found[1]

    def sign_in(self, email: str, password: str = factories.PASSWORD) -> "Browser":
        """Sign in through the real form."""
        self.read_token("/login")
        assert self.post("/login", {"email": email, "password": password}).status == 303
        self.read_token("/imprint")  # the page that first shows a token also renews the cookie
        return self
