"""The index of a serving catalogue is deleted or spoiled: searches answer from the database with a notice, and it heals by itself."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from tests import factories

NOTICE = "Die Suche läuft gerade vereinfacht."


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def spoil(folder: Path) -> None:
    for file in folder.glob("gen-*/*"):
        file.write_bytes(b"\x80\x04garbage" * 50)


def cut(folder: Path) -> None:
    for file in folder.glob("gen-*/*"):
        file.write_bytes(file.read_bytes()[:20])


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
@pytest.mark.parametrize("fault", [delete, spoil, cut, mislead, put_a_file_there])
def test_a_broken_index_is_told_and_heals(app: Flask, database: Database, fault: Callable[[Path], None]) -> None:
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
    if fault is put_a_file_there:
        index.folder.unlink()
        fresh.healed_at = 0.0  # it is tried every half minute
    for _ in range(100):
        if found(app) == (200, True, False):
            return
        time.sleep(0.1)
    raise AssertionError("the index has not healed within ten seconds")
