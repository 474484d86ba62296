"""The index follows the database: drained, rebuilt, checked, mended; damaged in every way and healed."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from catalogue.db import Database
from catalogue.models import Module, WorkflowState
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search
from catalogue.services.permissions import VISITOR
from tests import factories


def found(database: Database, index: SearchIndex, text: str = "") -> list[str]:
    with database.read() as session:
        page = search.find(session, VISITOR, index, Query(text=text))
    assert not page.degraded
    return [hit.module.title for hit in page.hits]


def waiting(database: Database, index: SearchIndex) -> int:
    with database.read() as session:
        return len(sync.lag(session, index).modules)


def fill(database: Database, *titles: str) -> None:
    with database.write() as session:
        for title in titles:
            factories.make_module(session, title)


def test_a_committed_change_is_found_after_draining(database: Database, index: SearchIndex) -> None:
    fill(database, "Batterien lagern")
    sync.drain_quietly(database, index)
    assert found(database, index, "Lagerung") == ["Batterien lagern"]
    assert waiting(database, index) == 0
    with database.write() as session:
        session.scalars(select(Module)).one().title = "Batterien fügen"
    sync.drain_quietly(database, index)
    assert found(database, index, "Lagerung") == []
    assert found(database, index, "fügen") == ["Batterien fügen"]


def test_only_published_modules_are_in_the_index(database: Database, index: SearchIndex) -> None:
    with database.write() as session:
        module = factories.make_module(session, "Geheim", state=WorkflowState.DRAFT)
    sync.drain_quietly(database, index)
    assert found(database, index, "Geheim") == []
    for state, titles in ((WorkflowState.PUBLISHED, ["Geheim"]), (WorkflowState.ARCHIVED, [])):
        with database.write() as session:
            session.get_one(Module, module.id).state = state
        sync.drain_quietly(database, index)
        assert found(database, index, "Geheim") == titles


def test_many_changes_of_one_module_leave_one_document(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    sync.drain_quietly(database, index)
    for title in ("Zwei", "Drei", "Vier"):
        with database.write() as session:
            session.scalars(select(Module)).one().title = title
    sync.drain_quietly(database, index)
    assert index.snapshot().count == 1
    assert found(database, index) == ["Vier"]


def test_another_process_sees_the_commit(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    sync.drain_quietly(database, index)
    other = SearchIndex(index.folder)
    assert other.snapshot().count == 1
    fill(database, "Zwei")
    sync.drain_quietly(database, index)
    assert other.snapshot().count == 2
    sync.rebuild(database, index)
    assert other.snapshot().generation == index.current()


def test_a_drain_leaves_the_work_to_whoever_is_at_it(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    with SearchIndex(index.folder).lock(wait=False) as mine:
        assert mine
        assert sync.drain(database, index) == 0
    assert waiting(database, index) == 1
    assert sync.drain(database, index) == 1


def test_the_folder_is_for_its_owner_only_and_two_generations_are_kept(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    for _ in range(4):
        sync.rebuild(database, index)
    assert index.folder.stat().st_mode & 0o777 == 0o700
    assert len(list(index.folder.glob("gen-*"))) == 2


def test_check_finds_and_repair_mends_differences(database: Database, index: SearchIndex) -> None:
    fill(database, "Bleibt", "Ändert sich", "Verschwindet")
    sync.drain_quietly(database, index)
    assert not sync.check(database, index)
    with database.engine.begin() as connection:  # behind the feed's back
        connection.execute(Module.__table__.update().where(Module.title == "Ändert sich").values(version=7))
        connection.execute(Module.__table__.delete().where(Module.title == "Verschwindet"))
    differences = sync.check(database, index)
    assert (len(differences.stale), len(differences.superfluous), len(differences.missing)) == (1, 1, 0)
    assert sync.repair(database, index)
    assert not sync.check(database, index)


def test_another_index_version_is_not_used(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    sync.drain_quietly(database, index)
    name = index.current()
    old = name.replace("gen-", "gen-0", 1)
    (index.folder / name).rename(index.folder / old)
    (index.folder / "CURRENT").write_text(old)
    assert index.current() == ""
    assert sync.check(database, index).unusable
    sync.repair(database, index)
    assert found(database, index) == ["Eins"]


# --- damage


def generation(index: SearchIndex) -> Path:
    return index.folder / index.current()


def segment(index: SearchIndex) -> Path:
    return next(generation(index).glob("*.seg"))


def toc(index: SearchIndex) -> Path:
    return next(generation(index).glob("*.toc"))


def randomize(path: Path) -> None:
    data = bytearray(path.read_bytes())
    chance = random.Random(7)
    for _ in range(64):
        data[chance.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[SearchIndex], object]] = {
    "folder deleted": lambda index: shutil.rmtree(index.folder),
    "generation deleted": lambda index: shutil.rmtree(generation(index)),
    "pointer deleted": lambda index: (index.folder / "CURRENT").unlink(),
    "pointer nonsense": lambda index: (index.folder / "CURRENT").write_bytes(b"\xff../../etc"),
    "table of contents deleted": lambda index: toc(index).unlink(),
    "table of contents truncated": lambda index: toc(index).write_bytes(toc(index).read_bytes()[:20]),
    "table of contents emptied": lambda index: toc(index).write_bytes(b""),
    "segment zeroed": lambda index: segment(index).write_bytes(bytes(segment(index).stat().st_size)),
    "segment halved": lambda index: segment(index).write_bytes(segment(index).read_bytes()[: segment(index).stat().st_size // 2]),
    "segment deleted": lambda index: segment(index).unlink(),
    "random bytes": lambda index: randomize(segment(index)),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_never_fails_a_search_and_heals(database: Database, index: SearchIndex, damage: str) -> None:
    fill(database, "Batterien lagern", "Zellen fügen")
    sync.drain_quietly(database, index)
    DAMAGE[damage](index)
    fresh = SearchIndex(index.folder)  # a process that starts after the damage
    with database.read() as session:
        page = search.find(session, VISITOR, fresh, Query(text="lagern"))
    assert page.degraded
    assert [hit.module.title for hit in page.hits] == ["Batterien lagern"]
    with fresh.healing:  # until the background thread is done
        pass
    with database.read() as session:
        page = search.find(session, VISITOR, fresh, Query(text="Lagerung"))
    assert not page.degraded
    assert [hit.module.title for hit in page.hits] == ["Batterien lagern"]
    assert not sync.check(database, fresh)


def test_an_index_that_cannot_be_written_is_still_searched(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    sync.drain_quietly(database, index)
    index.folder.joinpath("LOCK").unlink()
    index.folder.joinpath("LOCK").mkdir()  # no lock, no writing; permissions would not stop root
    fill(database, "Zwei")
    sync.drain_quietly(database, index)
    assert found(database, index) == ["Eins"]
    index.folder.joinpath("LOCK").rmdir()
    sync.drain_quietly(database, index)
    assert found(database, index) == ["Eins", "Zwei"]


def test_a_second_writer_waits_or_leaves_the_queue_untouched(database: Database, index: SearchIndex) -> None:
    fill(database, "Eins")
    sync.drain_quietly(database, index)
    fill(database, "Zwei")
    with index.lock(wait=True):
        sync.drain_quietly(database, SearchIndex(index.folder))
        assert waiting(database, index) == 1
    sync.drain_quietly(database, SearchIndex(index.folder))
    assert waiting(database, index) == 0
