"""kill -9 in the middle of an import leaves all of it or nothing, and it can be begun again."""

import os
import subprocess
import sys

import pytest

from catalogue.db import Database
from catalogue.models import ImportRow, ImportState, Module, ModuleVersion
from catalogue.search.index import SearchIndex
from catalogue.services import imports
from catalogue.settings import Settings
from tests.conftest import People
from tests.services.lists import Desk, csv_file

ROWS = 700
# says how far it is after each part of the list, and waits there to be killed or let go on
PROGRAM = """
import sys, uuid
from catalogue.cli.context import open_database, open_index, open_settings
from catalogue.services import import_jobs
from catalogue.services.permissions import SYSTEM
def report(done, total):
    print(done, flush=True)
    sys.stdin.readline()
print(import_jobs.run(open_database(), open_settings(), open_index(), SYSTEM, uuid.UUID(sys.argv[1]), report).value)
"""


def kill_after(settings: Settings, run_id: str, reports: int) -> str:
    """Begin the work in a process of its own, kill it after some reports; return the last line it wrote."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CATALOGUE_")}
    environment |= {"CATALOGUE_STATE": str(settings.state), "CATALOGUE_DATABASE": settings.database}
    environment["CATALOGUE_INLINE_INDEXING"] = "off"
    command = [sys.executable, "-c", PROGRAM, run_id]
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(reports):
            line = process.stdout.readline().strip()
            if _ < reports - 1:
                process.stdin.write("\n")
                process.stdin.flush()
        process.kill()
    return line


def found(database: Database) -> tuple[int, int, int]:
    """Modules, versions, and rows that say they were written."""
    with database.read() as session:
        written = session.query(ImportRow).filter(ImportRow.version.is_not(None)).count()
        return session.query(Module).count(), session.query(ModuleVersion).count(), written


@pytest.mark.slow
def test_killed_imports_leave_all_or_nothing(
    settings: Settings, database: Database, index: SearchIndex, people: People
) -> None:
    desk = Desk(database, settings, index, people.curator)
    run = desk.upload(csv_file("Titel;Ort", *(f"Modul {number};Erfurt" for number in range(ROWS))), "liste.csv")
    with database.write() as session:
        imports.ask_apply(session, people.curator, run.id)

    for reports, done in ((2, 400), (5, ROWS + 200), (7, ROWS + 600), (8, 2 * ROWS)):  # the first half is working out
        assert kill_after(settings, str(run.id), reports) == str(done)
        assert found(database) == (0, 0, 0)

    assert desk.work(run).state == ImportState.APPLIED
    assert found(database) == (ROWS, ROWS, ROWS)
    with database.write() as session:
        imports.ask_undo(session, people.curator, run.id)
    kill_after(settings, str(run.id), 6)
    assert found(database) == (ROWS, ROWS, ROWS)
    assert desk.work(run).state == ImportState.UNDONE
    assert found(database) == (ROWS, 2 * ROWS, ROWS)
