"""The server as the image runs it: as another user, without capabilities, on a read-only root; only the state folder and /tmp are writable."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import Browser, Server

NOBODY = 65534
# what is bound to itself is a mount of its own and stays writable when the root is remounted
ENTER = """set -e
mount --bind "$STATE" "$STATE"; mount --bind "$TMPDIR" "$TMPDIR"
mount -o remount,bind,ro /
if touch /written-by-the-test 2>/dev/null; then echo "the root is not read-only" >&2; exit 1; fi
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set -all --inh-caps -all -- "$@"
"""
BEFORE = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]


def _possible() -> bool:
    tools = all(shutil.which(tool) for tool in ("unshare", "setpriv", "mount"))
    return tools and os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _possible(), reason="needs root, unshare and setpriv"),
    pytest.mark.parametrize("settings", ["sqlite"], indirect=True),
]


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """State folder and folder for temporary files, both of nobody, below one that everybody may pass."""
    above = Path(tempfile.mkdtemp(prefix="catalogue-read-only-"))
    above.chmod(0o755)
    made = above / "state", above / "tmp"
    for folder in made:
        folder.mkdir(mode=0o700)
    yield made
    shutil.rmtree(above, ignore_errors=True)


def test_it_serves_marks_and_indexes(
    settings: Settings, database: Database, people: People, folders: tuple[Path, Path]
) -> None:
    state, temporary = folders
    readable = subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--clear-groups", sys.executable, "-c", "import catalogue"], check=False
    )
    if readable.returncode:
        pytest.skip("this checkout cannot be read by others")
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    with (
        sqlite3.connect(settings.state / "catalogue.sqlite3") as source,
        sqlite3.connect(state / "catalogue.sqlite3") as copy,
    ):
        source.backup(copy)
    for path in (state, temporary, *state.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    more = {"STATE": str(state), "TMPDIR": str(temporary), "HOME": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    with Server(replace(settings, state=state, secret_key=""), before=BEFORE, **more) as server:
        browser = Browser(server.port).sign_in(people.member_user.email)
        assert browser.post("/modules/sicherheit/demand/mark").status == 303
        assert "/modules/sicherheit" in browser.get("/?q=sicherheit").page
        assert '"index":"ok"' in browser.get("/readyz").page.replace(" ", "")
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == [str(NOBODY)] * 4
    assert (facts["CapEff"], facts["CapBnd"], facts["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
    owners = {path.stat().st_uid for path in state.rglob("*")}
    assert owners == {NOBODY}
    assert {path.name for path in state.iterdir()} >= {"catalogue.sqlite3", "index", "secret_key"}
