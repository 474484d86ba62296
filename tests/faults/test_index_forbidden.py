"""The folder of the index may not be written, or not even read, while people search and staff save: nobody is refused, and it heals."""

import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.models import TokenScope
from catalogue.services import sessions, tokens
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.disks import mounted
from tests.faults.servers import Browser, Server
from tests.faults.table import Faults
from tests.faults.test_nodes import Staff, found, seen_after

SEARCHERS = 3
# root that obeys the rights of files, as everybody else must
OBEYING = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("settings", ["sqlite"], indirect=True),
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv"),
]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)


@contextmanager
def of_another_owner(folder: Path) -> Iterator[None]:
    os.chown(folder, 65534, 65534)
    folder.chmod(0o700)
    try:
        yield
    finally:
        os.chown(folder, 0, 0)


@dataclass
class Searchers:
    """People who search without a pause, and what they were answered."""

    port: int
    stop: threading.Event = field(default_factory=threading.Event)
    answers: list[int] = field(default_factory=list)

    def search(self) -> None:
        while not self.stop.is_set():
            self.answers.append(Browser(self.port).get("/?q=sicherheit").status)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.search) for _ in range(SEARCHERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()


@pytest.mark.parametrize("fault", [read_only, of_another_owner])
def test_nobody_is_refused_and_what_was_saved_is_found_afterwards(
    settings: Settings,
    database: Database,
    people: People,
    fault: Callable[[Path], AbstractContextManager[None]],
    faults: Faults,
) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
        token = tokens.create(session, sessions.actor_of(people.admin_user), "test", scope=TokenScope.WRITE)
    database.dispose()
    folder = settings.index_folder
    mounted(folder, "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs")
    try:
        with Server(settings, before=OBEYING) as server:
            staff, searchers = Staff(server.port, token), Searchers(server.port)
            with searchers.at_work():
                seen_after(lambda: found(server.port, "Sicherheit") == {"sicherheit"})
                saved = []
                with fault(folder):
                    for number in range(5):
                        saved.append(f"Sicherheit {number} Wort{random.getrandbits(40):x}")
                        staff.retitle("sicherheit", saved[-1])
                        time.sleep(0.3)
                    assert found(server.port, "Sicherheit") == {"sicherheit"}
                healed = seen_after(lambda: found(server.port, saved[-1].split()[-1]) == {"sicherheit"}, 60)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
    refused = [status for status in searchers.answers if status != 200]
    about = f"index: {fault.__name__.replace('_', ' ')}, while people search"
    faults.record("R5", about, tries=len(searchers.answers), lost=len(refused), healed=healed)
    assert refused == []
    assert len(searchers.answers) > 20
