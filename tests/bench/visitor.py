"""A server of ours in a process of its own, and a signed-in browser without scripts that asks it."""

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

__all__ = ["Visitor", "megabytes", "start"]


class Visitor:
    """A signed-in browser without scripts."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get_bytes(self, path: str) -> bytes:
        """Return what a page or file holds."""
        with self.opener.open(urllib.parse.urljoin(self.site, path), timeout=120) as answer:
            return bytes(answer.read())

    def get(self, path: str) -> str:
        """Return the text of a page."""
        return self.get_bytes(path).decode()

    def post(self, path: str, data: dict[str, str], page: str = "/help") -> str:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page if "csrf" in page else "/login?csrf"))
        token = token or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/help"))
        assert token
        body = urllib.parse.urlencode({"csrf_token": token[1], **data}).encode()
        with self.opener.open(urllib.parse.urljoin(self.site, path), body, timeout=120) as answer:
            answer.read()
            return str(answer.geturl())

    def upload(self, content: bytes) -> str:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/curation/imports"))
        assert token
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n--{mark}\r\n'
        head += 'Content-Disposition: form-data; name="file"; filename="kurse.xlsx"\r\nContent-Type: application/octet-stream\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        request = urllib.request.Request(
            f"{self.site}/curation/imports", body, {"Content-Type": f"multipart/form-data; boundary={mark}"}
        )
        with self.opener.open(request, timeout=120) as answer:
            return str(answer.geturl())


def start(state: Path) -> "tuple[subprocess.Popen[bytes], str]":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    environment |= {"CATALOGUE_STATE": str(state), "CATALOGUE_RATE_LIMITS": "off"}
    program = "from catalogue.cli import main; main()"
    server = subprocess.Popen([sys.executable, "-c", program, "serve", "--port", str(port)], env=environment)
    site = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{site}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return server, site
    raise RuntimeError("the server does not start")


def megabytes(process: "subprocess.Popen[bytes]") -> int:
    """The most memory that the process ever held."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0
