"""The disk answers "I/O error" when it should keep what was written: nobody is told that something was saved, and reading goes on."""

import shutil
import subprocess
import time

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.models import Demand
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import Browser, Server
from tests.faults.table import Faults

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
FAULT = "inject=fsync,fdatasync:error=EIO"


def _marks(database: Database) -> int:
    with database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Demand)) or 0


@pytest.mark.slow
def test_what_the_disk_did_not_keep_is_not_acknowledged(
    settings: Settings, database: Database, people: People, faults: Faults
) -> None:
    if not (strace := shutil.which("strace")):
        pytest.skip("needs strace")
    with database.write() as session:
        for number in range(6):
            factories.make_module(session, f"Modul {number}", slug=f"modul-{number}")
    database.dispose()
    with Server(settings) as server:
        browser = Browser(server.port).sign_in(people.member_user.email)
        assert browser.post("/modules/modul-0/demand/mark").status == 303
        command = [strace, "-f", "-qq", "-o", "/dev/null", "-e", FAULT, "-p", str(server.process.pid)]
        tracing = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(3)
        if tracing.poll() is not None:
            pytest.skip("strace may not trace here")
        try:
            answers = [browser.post(f"/modules/modul-{number}/demand/mark") for number in range(1, 5)]
            pages = [browser.get(path).status for path in ("/", "/modules/modul-1", "/company")]
        finally:
            tracing.terminate()
            tracing.wait()
        freed = time.monotonic()
        after = browser.post("/modules/modul-5/demand/mark")
        faults.record(
            "R21",
            "fsync answers EIO",
            tries=len(answers),
            lost=sum(a.status == 303 for a in answers),
            healed=time.monotonic() - freed,
        )
    assert {answer.status for answer in answers} == {503}
    assert "kann zurzeit nichts speichern" in answers[0].page
    assert pages == [200] * 3
    assert after.status == 303
    assert _marks(database) == 2
