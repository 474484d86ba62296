"""Six processes mark and withdraw the same module a hundred times each: every change is counted once, none is lost."""

import pickle
import subprocess
import sys

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.models import Demand, DemandEvent
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People
from tests.faults.servers import environment
from tests.faults.table import Faults

PROCESSES, TOGGLES = 6, 100
# one company's colleague; says what was acknowledged: the changes that were made, as the versions of the record
PROGRAM = """
import pickle, sys
from catalogue.cli.context import open_database
from catalogue.db import DBAPIError, is_busy
from catalogue.services import demand, modules
database, versions, actor = open_database(), [], pickle.loads(bytes.fromhex(sys.argv[1]))
def toggle():
    with database.write() as session:
        module = modules.get(session, actor, "sicherheit")
        before = demand.find(session, actor, module)
        if before is None or before.withdrawn_at is not None:
            return demand.mark_relevant(session, actor, module).version
        return demand.withdraw(session, actor, module).version
while len(versions) < int(sys.argv[2]):
    try:
        versions.append(toggle())
    except DBAPIError as error:  # on a busy machine somebody may be told to come back, and does
        assert is_busy(error), error
print(*versions)
"""


@pytest.mark.slow
@pytest.mark.parametrize("toggles", [TOGGLES])
def test_every_change_of_many_processes_counts_once(
    settings: Settings, database: Database, people: People, toggles: int, faults: Faults
) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    database.dispose()
    colleagues = [people.member, people.company_admin] * (PROCESSES // 2)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, pickle.dumps(actor).hex(), str(toggles)],
            env=environment(settings), stdout=subprocess.PIPE, text=True,
        )
        for actor in colleagues
    ]  # fmt: skip
    said = [process.communicate(timeout=600)[0] for process in running]
    versions = [int(word) for words in said for word in words.split()]
    with database.read() as session:
        record = session.scalars(sa.select(Demand)).one()
        events = session.scalar(sa.select(sa.func.count()).select_from(DemandEvent)) or 0
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    lost = len(set(range(1, record.version + 1)) ^ set(versions))
    faults.record(
        "R8",
        f"toggles of {PROCESSES} processes, {kind}",
        tries=len(versions),
        lost=lost,
        duplicated=events - record.version,
    )
    assert [process.returncode for process in running] == [0] * PROCESSES
    assert events == record.version
    assert set(versions) == set(range(1, record.version + 1))
    if database.is_sqlite:  # who writes reads first, alone: no two of them mark what is not marked
        assert len(versions) == len(set(versions)) == PROCESSES * toggles
    assert (record.withdrawn_at is not None) == (record.version % 2 == 0)
