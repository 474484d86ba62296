"""kill -9 at every single step of indexing: after the commit of the database, in a commit of the index, in a rebuild.

A child process ends itself without any warning at its first, second, third … touch of a file of the index, until one gets through.
After each the index as it was left serves old or new, never a mixture, and the next round makes up for what was lost.
"""

import os
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.models import Module
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories
from tests.faults.table import Faults

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
MODULES = 12
TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "shutil.rmtree"}
Work = Callable[[Database, SearchIndex], object]


def _retitle(database: Database) -> None:
    with database.write() as session:
        for module in session.query(Module).all()[:3]:
            module.title = f"{module.title} neu"
            module.version += 1


def change(database: Database, index: SearchIndex) -> None:
    """What a request does: commit, then let the index learn it."""
    _retitle(database)
    sync.drain(database, index)


def _killed_at(step: int, settings: Settings, work: Work) -> bool:
    """Do *work* in a child that kills itself at its *step*-th touch of the index; return whether it was killed."""
    child = os.fork()
    if child == 0:
        touched, folder = 0, str(settings.index_folder)

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal touched
            if event in TOUCHES and str(arguments[0]).startswith(folder):
                touched += 1
                if touched == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            work(Database(settings.database_url), SearchIndex(settings.index_folder))
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _held(index: SearchIndex) -> dict[uuid.UUID, int]:
    return index.snapshot().versions()


def _litter(folder: Path) -> list[str]:
    """Return what does not belong there: generations beyond the current and the one before, and files that nobody finished."""
    generations = sorted(path.name for path in folder.glob("gen-*"))
    unfinished = [path.name for path in folder.rglob("*") if path.is_file() and path.name.rpartition(".")[2].isdigit()]
    return [*generations[:-2], *unfinished]


@pytest.mark.parametrize(("work", "number"), [(change, "R2"), (sync.rebuild, "R3")], ids=["change", "rebuild"])
@pytest.mark.parametrize(
    "stride", [pytest.param(9, marks=pytest.mark.short), pytest.param(1, marks=pytest.mark.slow)], ids=["some", "every"]
)
def test_a_kill_at_any_step_leaves_old_or_new(
    settings: Settings, database: Database, work: Work, number: str, stride: int, faults: Faults, tmp_path: Path
) -> None:
    with database.write() as session:
        for place in range(MODULES):
            factories.make_module(session, f"Modul {place}")
    sync.drain(database, SearchIndex(settings.index_folder))
    database.dispose()
    shutil.copytree(settings.state, tmp_path / "state")
    step, tried, wrong, healed = 0, 0, [], 0.0
    while True:
        step += stride
        shutil.rmtree(settings.state)
        shutil.copytree(tmp_path / "state", settings.state)
        before = _held(SearchIndex(settings.index_folder))
        killed = _killed_at(step, settings, work)
        left = _held(SearchIndex(settings.index_folder))
        begun = time.monotonic()
        sync.drain(database, SearchIndex(settings.index_folder))
        healed = max(healed, time.monotonic() - begun)
        after = _held(SearchIndex(settings.index_folder))
        if left not in (before, after) or sync.check(database, SearchIndex(settings.index_folder)):
            wrong.append(step)
        database.dispose()
        if not killed:
            break
        tried += 1
    fault = "kill -9 from the commit on to the index" if number == "R2" else "kill -9 in a rebuild"
    faults.record(number, f"{fault}, step by step", tries=tried, lost=len(wrong), healed=healed)
    assert wrong == []
    assert step > 20


@pytest.mark.slow
@pytest.mark.parametrize("work", [change, sync.rebuild], ids=["change", "rebuild"])
def test_what_killed_processes_leave_is_cleaned_up(settings: Settings, database: Database, work: Work) -> None:
    with database.write() as session:
        factories.make_module(session)
    sync.drain(database, SearchIndex(settings.index_folder))
    database.dispose()
    for step in range(2, 30, 3):
        _killed_at(step, settings, work)
    index = SearchIndex(settings.index_folder)
    sync.rebuild(database, index)
    assert _litter(index.folder) == []
    assert len(list(index.folder.glob("gen-*"))) <= 2
