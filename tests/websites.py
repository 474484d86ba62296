"""A web server on 127.0.0.1 for the tests: what it answers is put in, what it was asked is read."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Page", "Website", "website"]


@dataclass
class Page:
    """What one address answers. *drip* sends the body byte by byte with pauses; *stated* is a length that is not true."""

    body: bytes = b""
    kind: str = "text/csv; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: bool = False
    stated: int | None = None


@dataclass
class Website:
    """The server: its address, its pages by path, and the requests so far as (path, headers)."""

    url: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def website() -> Iterator[Website]:
    """Give a running server."""
    site = Website()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            site.asked.append((self.path, dict(self.headers)))
            page = site.pages.get(self.path, Page(b"nothing here", "text/plain", 404))
            etag = page.headers.get("ETag")
            unchanged = bool(etag) and self.headers.get("If-None-Match") == etag
            self.send_response(304 if unchanged else page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if not unchanged:
                self.send_header("Content-Type", page.kind)
                self.send_header("Content-Length", str(len(page.body) if page.stated is None else page.stated))
            self.end_headers()
            if not unchanged:
                self._send(page)

        def _send(self, page: Page) -> None:
            with suppress(OSError):
                for byte in page.body if page.drip else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)
                if not page.drip:
                    self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
