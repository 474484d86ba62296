"""The index of a serving catalogue is deleted or spoiled: searches answer from the database with a notice, and it heals by itself."""

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import background
from tests import factories
from tests.faults.table import Faults

NOTICE = "Die Suche läuft gerade vereinfacht."


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def spoil(folder: Path) -> None:
    for file in folder.glob("gen-*/*"):
        file.write_bytes(b"\x80\x04garbage" * 50)


def cut(folder: Path) -> None:
    for file in folder.glob("gen-*/*"):
        file.write_bytes(file.read_bytes()[:20])


def flip_bits(folder: Path) -> None:
    """Whoosh notices none of these."""
    chance = random.Random(3)
    for file in folder.glob("gen-*/*.seg"):
        bytes_ = bytearray(file.read_bytes())
        for _ in range(20):
            bytes_[chance.randrange(len(bytes_))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes_)


def of_another_version(folder: Path) -> None:
    (folder / "CURRENT").write_text("gen-of-another-version-1")


def mislead(folder: Path) -> None:
    (folder / "CURRENT").write_text("../../etc")


def put_a_file_there(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def found(app: Flask) -> tuple[int, bool, bool]:
    """Status, whether the module is found, whether the notice is shown."""
    answer = app.test_client().get("/?q=sicherheit")
    page = answer.get_data(as_text=True)
    return answer.status_code, "/modules/sicherheit" in page, NOTICE in page


@pytest.mark.short
@pytest.mark.parametrize("fault", [delete, spoil, cut, flip_bits, of_another_version, mislead, put_a_file_there])
def test_a_broken_index_is_told_and_heals(
    app: Flask, database: Database, fault: Callable[[Path], None], faults: Faults
) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    index: SearchIndex = app.extensions["search"]
    sync.drain_quietly(database, index)
    assert found(app) == (200, True, False)
    fault(index.folder)
    app.extensions["search"] = fresh = SearchIndex(index.folder)  # what is open already would hide the fault
    assert found(app) == (200, True, True)
    assert app.test_client().get("/suggest?q=sich").status_code == 200
    assert app.test_client().get("/readyz").status_code == 200
    begun = time.monotonic()
    if fault is put_a_file_there:
        index.folder.unlink()
        fresh.healed_at = 0.0  # it is tried every half minute
    for _ in range(100):
        if found(app) == (200, True, False):
            healed = time.monotonic() - begun
            faults.record("R5", f"index: {fault.__name__.replace('_', ' ')}", tries=1, healed=healed)
            return
        time.sleep(0.1)
    faults.record("R5", f"index: {fault.__name__.replace('_', ' ')}", tries=1, lost=1)
    raise AssertionError("the index has not healed within ten seconds")


@pytest.mark.short
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_bits_that_flip_under_an_open_index_are_found(app: Flask, database: Database, faults: Faults) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit", slug="sicherheit")
    index: SearchIndex = app.extensions["search"]
    sync.drain_quietly(database, index)
    assert found(app) == (200, True, False)
    assert index.verify()
    flip_bits(index.folder)
    begun, stop = time.monotonic(), threading.Event()
    before = index.current()
    follower = threading.Thread(target=background.follow, args=(database, index, stop, 0.0))
    follower.start()
    while index.current() == before and time.monotonic() < begun + 10:
        assert found(app)[:2] == (200, True)
        time.sleep(0.05)
    healed = time.monotonic() - begun
    stop.set()
    follower.join()
    faults.record("R5", "index: bits flip while it is open", tries=1, lost=int(not index.verify()), healed=healed)
    assert index.current() != before
    assert index.verify()
