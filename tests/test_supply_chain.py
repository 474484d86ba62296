"""The bill of materials is complete; an audit that skipped something is not taken for one."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.supply_chain import LOCK, Locked, NotAudited, audit, drifted, locked, sbom


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    assert sbom(out, validate=False) == len(locked()) > 40
    assert json.loads(out.read_text())["specVersion"] == "1.6"


@pytest.mark.parametrize("line", ["flask>=3", "flask==3.1.0", "flask @ https://example.org/flask.whl"])
def test_what_is_not_locked_with_a_hash_is_no_lock(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"{line}\n")
    with pytest.raises(NotAudited, match="not locked"):
        locked(path)


@pytest.fixture
def source() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A source of vulnerabilities, and the list it answers with."""
    results: list[dict[str, object]] = [{} for _ in locked()]

    class Source(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": results}).encode())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Source) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", results
        server.shutdown()


def test_an_audit_says_what_is_known_and_fails_when_something_was_skipped(
    source: tuple[str, list[dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    address, results = source
    assert audit(address) == 0
    results[0] = {"vulns": [{"id": "PYSEC-2026-1"}]}
    assert audit(address) == 1
    assert f"{locked()[0].name}: PYSEC-2026-1" in capsys.readouterr().out
    results.pop()
    assert audit(address) == 2
    assert "no audit" in capsys.readouterr().out
    assert audit("http://127.0.0.1:1/") == 2
    assert "Nothing was audited" in capsys.readouterr().out


def test_what_is_installed_otherwise_than_locked_is_named() -> None:
    assert drifted(locked()) == []
    assert drifted([Locked("flask", "0.1", frozenset()), Locked("not-installed", "1", frozenset())]) == ["flask"]


def test_the_development_lock_is_complete_too() -> None:
    assert len(locked(LOCK.with_name("requirements-dev.txt"))) > len(locked())
