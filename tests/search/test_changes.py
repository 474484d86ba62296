"""The log of changes: every index follows it by itself, none misses anything, and it does not grow for ever."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalogue.db import Database, utcnow
from catalogue.models import IndexQueue, Module, Provider, WorkflowState
from catalogue.search import changes, feed, sync
from catalogue.search.index import SearchIndex
from catalogue.services import background
from tests import factories

ON_POSTGRESQL = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@pytest.fixture
def other(state_folder: Path, index: SearchIndex) -> SearchIndex:
    """The index of another machine at the same database."""
    return SearchIndex(state_folder / "other-index")


def titles(index: SearchIndex) -> set[str]:
    snapshot = index.snapshot()
    alive = {identity for place, identity in enumerate(snapshot.ids) if snapshot.alive >> place & 1}
    return {str(identity) for identity in alive}


def add(database: Database, *names: str) -> list[str]:
    with database.write() as session:
        return [str(factories.make_module(session, name).id) for name in names]


def rows(database: Database) -> int:
    with database.read() as session:
        return session.query(IndexQueue).count()


def test_two_indexes_follow_one_database_each_by_itself(
    database: Database, index: SearchIndex, other: SearchIndex
) -> None:
    first = add(database, "Eins")
    sync.drain(database, index)
    sync.drain(database, other)
    second = add(database, "Zwei")
    assert sync.drain(database, index) == 1
    assert (titles(index), titles(other)) == ({*first, *second}, {*first})
    assert sync.drain(database, other) == 1
    assert titles(other) == {*first, *second}
    assert (sync.drain(database, index), sync.drain(database, other)) == (0, 0)


def test_an_index_that_was_away_for_months_learns_what_changed(
    database: Database, index: SearchIndex, other: SearchIndex
) -> None:
    stays, leaves = add(database, "Bleibt", "Geht")
    sync.drain(database, other)
    for number in range(5):
        with database.write() as session:
            session.get_one(Module, uuid.UUID(stays)).title = f"Bleibt {number}"
    with database.write() as session:
        session.get_one(Module, uuid.UUID(leaves)).state = WorkflowState.ARCHIVED
    new = add(database, "Neu")
    with database.write() as session:
        session.execute(sa.update(IndexQueue).values(queued_at=utcnow() - timedelta(days=100)))
        assert changes.prune(session) == 6
    assert rows(database) == 3
    assert sync.drain(database, other) == 3
    assert titles(other) == {stays, *new}
    assert not sync.check(database, other)


def test_rows_of_the_last_hour_are_kept(database: Database) -> None:
    (identity,) = add(database, "Eins")
    for number in range(3):
        with database.write() as session:
            session.get_one(Module, uuid.UUID(identity)).title = f"Eins {number}"
    with database.write() as session:
        assert changes.prune(session) == 0


def test_a_long_log_is_read_in_parts(database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    sync.rebuild(database, index)
    with database.write() as session:
        made = {str(factories.make_module(session, f"Modul {number}").id) for number in range(7)}
    monkeypatch.setattr(sync, "_AT_ONCE", 3)
    assert sync.drain(database, index) == 7
    assert titles(index) == made
    assert not sync.is_waiting(database, index)


def test_a_page_learns_a_part_and_leaves_the_rest(database: Database, index: SearchIndex) -> None:
    sync.rebuild(database, index)
    add(database, "Eins", "Zwei", "Drei")
    assert sync.drain(database, index, at_most=2) == 2
    assert sync.is_waiting(database, index)
    assert sync.drain(database, index, at_most=2) == 1
    assert not sync.is_waiting(database, index)


def test_a_provider_s_new_name_reaches_an_index_whose_modules_kept_their_version(
    database: Database, index: SearchIndex
) -> None:
    with database.write() as session:
        provider = factories.make_provider(session, "Alte Akademie")
        factories.make_module(session, "Eins", provider=provider)
    sync.drain(database, index)
    with database.write() as session:
        session.get_one(Provider, provider.id).name = "Neue Akademie"
    with database.read() as session:
        assert len(sync.lag(session, index).modules) == 1


# --- positions that say nothing


def test_an_index_of_another_database_is_made_anew(database: Database, index: SearchIndex) -> None:
    (identity,) = add(database, "Eins")
    sync.drain(database, index)
    before, name = index.current(), index.current()
    position = index.position(name)
    assert position
    index.set_position(name, changes.Position("another", position.done))
    with database.read() as session:
        assert sync.lag(session, index).lost
    assert sync.check(database, index).unusable
    sync.drain(database, index)
    assert index.current() != before
    assert titles(index) == {identity}


def test_a_log_that_went_back_is_noticed(database: Database, index: SearchIndex) -> None:
    add(database, "Eins", "Zwei")
    sync.drain(database, index)
    name = index.current()
    with database.write() as session:  # as when somebody copies an older database into the file
        session.execute(sa.delete(IndexQueue))
    sync.drain(database, index)
    assert index.current() != name
    assert not sync.check(database, index)


@pytest.mark.parametrize("left", ["", "{}", '{"log": "x", "done": [1], "ahead": [], "commit": 1}', "\x00"])
def test_a_position_that_cannot_be_read_is_none(database: Database, index: SearchIndex, left: str) -> None:
    add(database, "Eins")
    sync.drain(database, index)
    name = index.current()
    (index.folder / name / "POSITION").write_text(left)
    assert index.position(name) is None
    sync.drain(database, index)
    assert index.position(index.current())


def test_a_position_whose_commit_was_lost_is_none(database: Database, index: SearchIndex) -> None:
    add(database, "Eins")
    sync.drain(database, index)
    name = index.current()
    old = {path.name: path.read_bytes() for path in (index.folder / name).iterdir() if path.name != "POSITION"}
    add(database, "Zwei")
    sync.drain(database, index)
    for path in (index.folder / name).glob("*MAIN*"):
        path.unlink()
    for file, data in old.items():  # the disk kept the position and lost the commit
        (index.folder / name / file).write_bytes(data)
    assert SearchIndex(index.folder).position(name) is None


def eventually(happens: Callable[[], object]) -> bool:
    """Whether it happens within ten seconds: other databases of the same server write, too, and hold up the horizon for moments."""
    end = time.monotonic() + 10
    while not happens():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


# --- PostgreSQL: numbers are given when rows are written, not when they are committed


@pytest.fixture
def slow(database: Database) -> Iterator[sa.orm.Session]:
    """A transaction that wrote early and commits late."""
    with database.session(write=True) as session:
        yield session


@ON_POSTGRESQL
def test_what_is_committed_late_is_not_skipped(
    database: Database, index: SearchIndex, other: SearchIndex, slow: sa.orm.Session
) -> None:
    sync.rebuild(database, index)
    late = str(factories.make_module(slow, "Spät").id)
    quick = add(database, "Schnell")
    assert sync.drain(database, index) == 1  # at once, although an earlier row may still appear
    assert titles(index) == {*quick}
    assert sync.drain(database, index) == 0  # and only once
    sync.rebuild(database, other)
    slow.commit()
    assert sync.drain(database, index) == 1
    assert late in titles(index)
    sync.drain(database, other)
    assert late in titles(other)


@ON_POSTGRESQL
def test_what_was_rolled_back_holds_nothing_up(database: Database, index: SearchIndex, slow: sa.orm.Session) -> None:
    sync.rebuild(database, index)
    factories.make_module(slow, "Nie")
    add(database, "Schnell")
    sync.drain(database, index)
    assert len(index.position(index.current()).ahead) == 1  # type: ignore[union-attr]
    slow.rollback()
    assert eventually(lambda: sync.drain(database, index) == 0 and index.position(index.current()).ahead == ())  # type: ignore[union-attr]
    add(database, "Danach")
    assert sync.drain(database, index) == 1


@ON_POSTGRESQL
def test_few_rows_are_remembered_while_a_transaction_takes_long(
    database: Database, index: SearchIndex, slow: sa.orm.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_AHEAD", 2)
    sync.rebuild(database, index)
    factories.make_module(slow, "Spät")
    made = [add(database, f"Modul {number}")[0] for number in range(4)]
    while sync.drain(database, index, at_most=1):
        pass
    assert titles(index) == set(made[:2])
    slow.commit()
    assert eventually(lambda: sync.drain(database, index) >= 0 and set(made) < titles(index))
    assert not sync.is_waiting(database, index)


@ON_POSTGRESQL
@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_order_of_commits_everything_is_learnt(
    database: Database, index: SearchIndex, other: SearchIndex, seed: int
) -> None:
    """Transactions begin, write, commit and roll back in any order while two indexes read parts of the log."""
    chance, open_ones, wanted = random.Random(seed), [], set()
    sync.rebuild(database, index)
    sync.rebuild(database, other)
    reached: dict[int, set[uuid.UUID]] = {0: set(), 1: set()}

    def read(which: int) -> None:
        held = (index, other)[which]
        name = held.current()
        with database.read() as session:
            batch = changes.next_batch(session, held.position(name) or changes.Position(""), chance.randint(1, 4))
        reached[which] |= batch.modules
        held.set_position(name, batch.after)

    for _ in range(60):
        step = chance.random()
        if step < 0.4 and len(open_ones) < 5:
            session = database.session(write=True)
            ids = {uuid.uuid4() for _ in range(chance.randint(1, 3))}
            feed.queue(session, ids)
            open_ones.append((session, ids))
        elif step < 0.7 and open_ones:
            session, ids = open_ones.pop(chance.randrange(len(open_ones)))
            if chance.random() < 0.8:
                session.commit()
                wanted |= ids
            session.close()
        else:
            read(chance.randint(0, 1))
    for session, _ in open_ones:
        session.close()
    for _ in range(100):
        read(0)
        read(1)
    assert (reached[0], reached[1]) == (wanted, wanted)


# --- the thread that follows


def test_a_follower_learns_by_itself_and_outlives_failures(
    database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "EVERY", 0.02)
    sync.rebuild(database, index)
    stop, failures = threading.Event(), iter([OSError("away"), OSError("still away")])
    waiting = sync.is_waiting

    def sometimes(*arguments: object) -> bool:
        if error := next(failures, None):
            raise error
        return waiting(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sync, "is_waiting", sometimes)
    follower = threading.Thread(target=background.follow, args=(database, index, stop), name="index-follow")
    follower.start()
    made = add(database, "Eins")
    try:
        for _ in range(200):
            if titles(index) == set(made):
                break
            stop.wait(0.02)
        assert titles(index) == set(made)
    finally:
        stop.set()
        follower.join(5)
