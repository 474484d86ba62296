"""Links are looked at politely and safely; a broken one is told to staff and hides nothing."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from catalogue.db import Database, utcnow
from catalogue.models import LinkCheck, Module, WorkflowState
from catalogue.services import fetching, link_check
from catalogue.services.errors import NotAllowed
from catalogue.services.fetching import FetchError, fetch
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People


class Site(BaseHTTPRequestHandler):
    """/ok, /gone (404), /get-only (HEAD refused), /loop, /hop/N, /away, /big, /drip."""

    asked: list[str] = []  # noqa: RUF012

    def do_HEAD(self) -> None:  # noqa: N802
        self.answer()

    def do_GET(self) -> None:  # noqa: N802
        self.answer()

    def answer(self) -> None:
        Site.asked.append(f"{self.command} {self.path}")
        path = self.path
        if path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            with suppress(OSError):
                for _ in range(60):
                    time.sleep(0.05)
                    self.wfile.write(b"X: y\r\n")
            return
        status = 404 if path == "/gone" else 405 if path == "/get-only" and self.command == "HEAD" else 200
        status = 403 if path == "/forbidden" else status
        place = {"/loop": "/loop", "/away": "http://169.254.169.254/", "/file": "file:///etc/passwd"}.get(path, "")
        if path.startswith("/hop/"):
            place = f"/hop/{int(path[5:]) - 1}" if path != "/hop/0" else ""
        self.send_response(302 if place else status)
        if place:
            self.send_header("Location", place)
        self.end_headers()
        if self.command == "GET" and path == "/big":
            self.wfile.write(b"x" * 200_000)

    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def encrypted_site(tmp_path: Path) -> Iterator[str]:
    """A server with a certificate that nobody vouches for."""
    path = tmp_path / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", path, "-out", path], check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_certificates_are_verified(encrypted_site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FetchError, match="certificate not valid"):
        fetch(f"{encrypted_site}/ok", private=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))  # now somebody vouches for it
    assert fetch(f"{encrypted_site}/ok", private=True).status == 200


def test_answers_and_failures_are_told_apart(site: str) -> None:
    assert link_check.look(f"{site}/ok", private=True).problem == ""
    assert link_check.look(f"{site}/get-only", private=True).problem == ""
    assert link_check.look(f"{site}/forbidden", private=True).problem == ""
    assert link_check.look(f"{site}/gone", private=True) == link_check.Found(404, "HTTP 404")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert link_check.look(f"http://127.0.0.1:{unused.getsockname()[1]}/", private=True).status is None


def test_redirects_are_counted_and_bodies_cut(site: str) -> None:
    assert fetch(f"{site}/hop/5", private=True).url == f"{site}/hop/0"
    for path in ("/hop/6", "/loop"):
        with pytest.raises(FetchError, match="too many redirects"):
            fetch(f"{site}{path}", private=True)
    with pytest.raises(FetchError, match="not a web address"):
        fetch(f"{site}/file", private=True)
    assert len(fetch(f"{site}/big", private=True).body) == fetching.MOST_BYTES


def test_a_server_that_drips_is_cut_off(site: str) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match="too slow"):
        fetch(f"{site}/drip", private=True, seconds=0.5)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",  # noqa: S104
     "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
     "2130706433", "0x7f000001", "127.1"],
)  # fmt: skip
def test_private_addresses_are_never_asked(host: str) -> None:
    with pytest.raises(FetchError, match="address not allowed|host not found|not a web address"):
        fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.example/", "http://", "http://a.example:99999/", "http://u:p@a.example/", "http://a\nb/", "//a"],
)
def test_what_is_no_web_address_is_not_asked(url: str) -> None:
    with pytest.raises(FetchError, match="not a web address"):
        fetch(url)


def test_a_redirect_to_a_private_address_is_refused(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = site.rpartition(":")[2]
    public = fetching._is_public
    monkeypatch.setattr(fetching, "_is_public", lambda text: text == "127.0.0.1" or public(text))
    assert fetch(f"http://127.0.0.1:{port}/ok").status == 200
    with pytest.raises(FetchError, match="address not allowed"):
        fetch(f"http://127.0.0.1:{port}/away")


def test_each_link_is_looked_at_once_a_week_and_failures_are_counted(
    database: Database, settings: Settings, people: People, site: str
) -> None:
    here = replace(settings, link_check_private=True)
    with database.write() as session:
        factories.make_module(session, "Eins", source_url=f"{site}/gone", more_sources=[f"{site}/ok"])
        factories.make_module(session, "Zwei", source_url=f"{site}/gone")
        factories.make_module(session, "Entwurf", source_url=f"{site}/draft", state=WorkflowState.DRAFT)

    def run() -> int:
        return link_check.run_due(database, here, at_once=10, pause=0)

    def later() -> None:
        with database.write() as session:
            for check in session.scalars(select(LinkCheck)):
                check.checked_at = utcnow() - timedelta(days=7, minutes=1)

    assert (run(), run()) == (2, 0)
    later()
    assert run() == 2
    with database.read() as session:
        (found,) = link_check.broken(session, people.curator)
        assert (found.check.failures, found.check.problem) == (2, "HTTP 404")
        assert {named.title for named in found.modules} == {"Eins", "Zwei"}
        assert all(session.scalars(select(Module.state == WorkflowState.PUBLISHED).where(Module.title != "Entwurf")))
        with pytest.raises(NotAllowed):
            link_check.broken(session, people.company_admin)
    with database.write() as session:
        for module in session.scalars(select(Module)):
            module.source_url = f"{site}/ok"
    later()
    run()
    with database.read() as session:
        assert session.scalars(select(LinkCheck.url)).all() == [f"{site}/ok"]
    assert link_check.run_due(database, replace(here, link_checks=False)) == 0
    assert not any("draft" in line for line in Site.asked)
