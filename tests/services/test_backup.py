"""Backup and the way back: one moment under load, nothing but what was backed up comes back, nothing broken gets in."""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue import schema
from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, Company, Membership, OneTimeLink, OutboxMail, User, UserSession
from catalogue.services import backup, backup_archive, backup_postgres, erasure, outbox, sessions
from catalogue.services.backup_archive import Manifest, Unusable
from catalogue.services.permissions import SYSTEM
from catalogue.services.restore import Restored, restore
from catalogue.settings import Settings
from tests import factories, postgres
from tests.conftest import ON_SQLITE, People
from tests.postgres import postgres_url

ON_POSTGRES = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
Change = dict[str, bytes | None]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and its like are those of the server of the tests."""
    monkeypatch.setenv("PATH", f"{postgres.programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """An installation with nothing in it, on the same kind of database."""
    state = tmp_path / "elsewhere"
    state.mkdir()
    empty = Settings(state=state, secret_key="other" * 10)
    if not settings.database:
        yield empty
        return
    with postgres_url("elsewhere") as url:
        yield replace(empty, database=url)


@pytest.fixture
def opened_database() -> Iterator[Callable[[Settings], Database]]:
    """Opens databases and closes them at the end."""
    made: list[Database] = []

    def open_one(settings: Settings) -> Database:
        made.append(Database(settings.database_url))
        return made[-1]

    yield open_one
    for one in made:
        one.dispose()


@pytest.fixture
def archive(settings: Settings, database: Database, people: People, tmp_path: Path) -> Path:
    """A backup with an upload in it."""
    (settings.state / "uploads").mkdir()
    (settings.state / "uploads" / "liste.xlsx").write_bytes(b"content")
    target = tmp_path / "backup.tar.gz"
    backup.create(database, settings, target)
    return target


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Company.name)))


def entries(source: Path) -> dict[str, bytes]:
    with tarfile.open(source) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def repacked(source: Path, target: Path, change: Change) -> Path:
    """The archive with some entries replaced, added, or (None) left out."""
    return packed(target, {**entries(source), **change})


def packed(target: Path, content: Change) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        for name, text in content.items():
            if text is not None:
                info = tarfile.TarInfo(name)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text))
    return target


def said(manifest: dict[str, Any]) -> Change:
    """A manifest with a checksum that fits: what somebody writes who knows the format."""
    text = json.dumps(manifest).encode()
    return {
        "manifest.json": text,
        "manifest.sha256": f"{hashlib.sha256(text).hexdigest()}  manifest.json\n".encode(),
    }


def test_what_was_backed_up_comes_back_without_index_and_secret(
    archive: Path, elsewhere: Settings, opened_database: Callable[[Settings], Database]
) -> None:
    name = "catalogue.dump" if elsewhere.database else "catalogue.sqlite3"
    assert sorted(entries(archive)) == [name, "manifest.json", "manifest.sha256", "uploads/liste.xlsx"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    database = opened_database(elsewhere)
    done = restore(elsewhere, database, archive)
    assert names(database) == {"Muster AG", "Beispiel GmbH"}
    assert schema.is_current(database)
    assert (elsewhere.state / "uploads" / "liste.xlsx").read_bytes() == b"content"
    assert (done.aside, done.same_key) == ("", False)
    assert not list(elsewhere.state.glob(".restore-*"))


@ON_SQLITE
def test_sign_ins_and_links_do_not_come_alive_again_and_mails_are_not_sent_twice(
    settings: Settings, database: Database, people: People, elsewhere: Settings, tmp_path: Path,
    opened_database: Callable[[Settings], Database],
) -> None:  # fmt: skip
    with database.write() as session:
        sessions.start(session, settings, session.merge(people.member_user))
        outbox.send(session, "a@b.example", "Betreff", "Text")
        session.add(
            OneTimeLink(token_hash="x", user_id=people.member_user.id, purpose="reset", email="a@b.example", expires_at=utcnow())
        )  # fmt: skip
    backup.create(database, settings, tmp_path / "b.tgz")
    again = opened_database(elsewhere)
    restore(elsewhere, again, tmp_path / "b.tgz")
    with again.read() as session:
        assert session.scalars(select(UserSession)).all() == []
        assert session.scalars(select(OneTimeLink)).all() == []
        assert outbox.waiting(session) == 0
        assert session.scalars(select(OutboxMail.failed_at)).one() is not None


@ON_SQLITE
def test_a_backup_under_load_holds_whole_transactions_only(
    settings: Settings, database: Database, elsewhere: Settings, tmp_path: Path,
    opened_database: Callable[[Settings], Database],
) -> None:  # fmt: skip
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with database.write() as session:  # two rows together, always
                session.add_all([AuditEvent(action="left"), AuditEvent(action="right")])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(2):
            backup.create(database, settings, tmp_path / f"{number}.tgz")
    finally:
        stop.set()
        writer.join()
    again = opened_database(elsewhere)
    restore(elsewhere, again, tmp_path / "1.tgz")
    with again.read() as session:
        counted = [session.scalar(select(func.count()).where(AuditEvent.action == side)) for side in ("left", "right")]
    assert counted[0] == counted[1] > 0  # type: ignore[operator]


def test_an_installation_that_holds_something_is_kept_aside_and_only_when_asked(
    archive: Path, elsewhere: Settings, opened_database: Callable[[Settings], Database]
) -> None:
    database = opened_database(elsewhere)
    restore(elsewhere, database, archive)
    with database.write() as session:
        factories.make_company(session, "Nach der Sicherung")
    (elsewhere.state / "uploads" / "neu.xlsx").write_bytes(b"new")
    with pytest.raises(Unusable, match="--replace"):
        restore(elsewhere, database, archive)
    running = opened_database(elsewhere)
    assert "Nach der Sicherung" in names(running)  # its connection stays open in the pool
    with pytest.raises(Unusable, match="running"):
        restore(elsewhere, database, archive, replace=True)
    running.dispose()
    assert "Nach der Sicherung" in names(database)
    done = restore(elsewhere, database, archive, replace=True)
    assert names(database) == {"Muster AG", "Beispiel GmbH"}
    assert "Nach der Sicherung" in aside_names(done, database)
    assert [path.name for path in (elsewhere.state / "uploads").iterdir()] == ["liste.xlsx"]
    assert next(elsewhere.state.glob("before-restore-*/uploads/neu.xlsx")).read_bytes() == b"new"


def aside_names(done: Restored, database: Database) -> set[str]:
    """Names of companies in what was kept aside."""
    if database.is_sqlite:
        with closing(sqlite3.connect(Path(done.aside) / "catalogue.sqlite3")) as old:
            return {name for (name,) in old.execute("SELECT name FROM company")}
    with database.engine.connect() as connection:
        table = sa.table("company", sa.column("name"), schema=done.aside.removeprefix("schema "))
        return set(connection.scalars(select(table.c.name)))


DAMAGES: dict[str, Callable[[dict[str, Any], str], Change]] = {
    "changed file": lambda _m, _d: {"uploads/liste.xlsx": b"CONTENT"},
    "longer file": lambda _m, _d: {"uploads/liste.xlsx": b"content and more"},
    "missing file": lambda _m, _d: {"uploads/liste.xlsx": None},
    "foreign file": lambda _m, _d: {"uploads/neu.xlsx": b"new"},
    "outside": lambda _m, _d: {"../evil": b"evil"},
    "outside, declared": lambda m, _d: (
        said(m | {"files": m["files"] | {"uploads/../../evil": declared(b"evil")}}) | {"uploads/../../evil": b"evil"}
    ),
    "absolute, declared": lambda m, _d: (
        said(m | {"files": m["files"] | {"/tmp/evil": declared(b"evil")}}) | {"/tmp/evil": b"evil"}  # noqa: S108
    ),
    "no manifest": lambda _m, _d: {"manifest.json": None},
    "no checksum": lambda _m, _d: {"manifest.sha256": None},
    "changed manifest": lambda m, _d: {"manifest.json": json.dumps(m | {"created_at": "2020-01-01"}).encode()},
    "newer format": lambda m, _d: said(m | {"format": 3}),
    "newer schema": lambda m, _d: said(m | {"revision": "ffffffffffff"}),
    "no database": lambda m, _d: said(m | {"files": {}}),
    "too large": lambda m, d: said(m | {"files": m["files"] | {d: {"sha256": "0" * 64, "bytes": 30 * 1024**3}}}),
    "other rows": lambda m, _d: said(m | {"tables": m["tables"] | {"company": 99}}),
    "not a database": lambda m, d: said(m | {"files": m["files"] | {d: declared(b"x" * 5000)}}) | {d: b"x" * 5000},
}


def declared(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_a_damaged_or_foreign_archive_changes_nothing(
    archive: Path, elsewhere: Settings, tmp_path: Path, opened_database: Callable[[Settings], Database]
) -> None:
    manifest, bad = json.loads(entries(archive)["manifest.json"]), tmp_path / "bad.tar.gz"
    file, database = "catalogue.dump" if elsewhere.database else "catalogue.sqlite3", opened_database(elsewhere)
    sentences = {}
    for damage, change in DAMAGES.items():
        with pytest.raises(Unusable) as refusal:
            restore(elsewhere, database, repacked(archive, bad, change(manifest, file)))
        sentences[damage] = str(refusal.value)
    assert not (tmp_path / "evil").exists()
    assert {path.name for path in elsewhere.state.iterdir()} <= {"schema.lock"}
    if elsewhere.database:
        with database.engine.connect() as connection:
            assert sa.inspect(connection).get_table_names() == []
    assert "newer version" in sentences["newer format"]
    assert "newer version" in sentences["newer schema"]
    assert "30" in sentences["too large"] or "32" in sentences["too large"]
    assert "is missing" in sentences["missing file"]
    assert "was changed" in sentences["changed file"]


@ON_SQLITE
def test_cut_and_foreign_files_links_and_bombs_are_refused(archive: Path, tmp_path: Path) -> None:
    whole, bad = archive.read_bytes(), tmp_path / "bad.tar.gz"
    broken = {
        "cut": whole[: len(whole) // 2],
        "not a tar": gzip.compress(b"x" * 99),
        "empty": b"",
        "zeros": gzip.compress(bytes(4096)),
        "flipped": whole[:2000] + bytes([whole[2000] ^ 0xFF]) + whole[2001:],
        "a header that claims a gigabyte": huge_header(),
    }
    for content in broken.values():
        bad.write_bytes(content)
        with pytest.raises(Unusable, match="damaged|changed"):
            backup_archive.read(bad)
    with pytest.raises(Unusable, match="does not exist"):
        backup_archive.read(tmp_path / "nowhere")
    with pytest.raises(Unusable, match="cannot be read"):
        backup_archive.read(tmp_path)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
        with tarfile.open(bad, "w:gz") as packing:
            for name, content in entries(archive).items():
                info = tarfile.TarInfo(name)
                info.size, info.type, info.linkname = len(content), tarfile.REGTYPE, "/etc/passwd"
                if name.startswith("uploads/"):
                    info.size, info.type = 0, kind
                packing.addfile(info, io.BytesIO(content) if info.size else None)
        with pytest.raises(Unusable, match="damaged"):
            backup_archive.read(bad)


def huge_header() -> bytes:
    """An archive whose first header says that its (absent) long name has a gigabyte."""
    info = tarfile.TarInfo("manifest.json")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1024**3
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


@ON_SQLITE
def test_who_was_deleted_after_the_backup_does_not_come_back(
    archive: Path, people: People, elsewhere: Settings, opened_database: Callable[[Settings], Database]
) -> None:
    database = opened_database(elsewhere)
    restore(elsewhere, database, archive)
    with database.write() as session:
        user = session.scalars(
            select(User)
            .where(User.id == people.stranger_user.id)
            .options(joinedload(User.membership).joinedload(Membership.company))
        ).one()
        erasure.erase(session, SYSTEM, user)
    done = restore(elsewhere, database, archive, replace=True)
    with database.read() as session:
        assert "bob@beispiel.example" not in set(session.scalars(select(User.email)))
        assert "alice@muster.example" in set(session.scalars(select(User.email)))
    assert done.erased == 1


@ON_SQLITE
def test_an_existing_file_is_not_overwritten_and_nothing_half_written_stays(
    settings: Settings, database: Database, archive: Path, tmp_path: Path
) -> None:
    before = archive.read_bytes()
    with pytest.raises(Unusable, match="exists already"):
        backup.create(database, settings, archive)
    with pytest.raises(Unusable, match="does not exist"):
        backup.create(database, settings, tmp_path / "no" / "such" / "folder.tgz")
    with pytest.raises(Unusable, match="no database"):
        backup.create(Database(f"sqlite:///{tmp_path / 'nothing.sqlite3'}"), settings, tmp_path / "x.tgz")
    assert archive.read_bytes() == before
    assert not list(tmp_path.glob(".backup-*"))
    assert not (tmp_path / "nothing.sqlite3").exists()


@ON_POSTGRES
def test_a_backup_of_the_other_database_is_refused_with_a_hint(
    archive: Path, tmp_path: Path, opened_database: Callable[[Settings], Database]
) -> None:
    (tmp_path / "third").mkdir()
    other = Settings(state=tmp_path / "third")
    with pytest.raises(Unusable, match="made on PostgreSQL"):
        restore(other, opened_database(other), archive)


@ON_SQLITE
def test_a_damaged_live_database_can_be_replaced(
    archive: Path, elsewhere: Settings, opened_database: Callable[[Settings], Database]
) -> None:
    live = elsewhere.state / "catalogue.sqlite3"
    live.write_bytes(b"not a database" * 500)
    (elsewhere.state / "catalogue.sqlite3-wal").write_bytes(b"old log")
    database = opened_database(elsewhere)
    done = restore(elsewhere, database, archive, replace=True)
    assert len(names(database)) == 2
    assert (Path(done.aside) / "catalogue.sqlite3").read_bytes().startswith(b"not a database")


@ON_SQLITE
def test_old_backups_are_deleted_but_never_the_newest_good_one(
    settings: Settings, database: Database, people: People, tmp_path: Path
) -> None:
    revisions, now = schema.known_revisions(database), utcnow()
    for days in (60, 50, 40):
        with time_machine.travel(now - timedelta(days=days)):
            backup.create(database, settings, tmp_path / f"{days}.tar.gz")
    shutil.copy(tmp_path / "60.tar.gz", tmp_path / "other.txt")
    damaged = repacked(tmp_path / "40.tar.gz", tmp_path / "damaged.tar.gz", {"catalogue.sqlite3": b"damaged"})
    (tmp_path / "foreign.tar.gz").write_bytes(b"something else")
    found = backup.prune(tmp_path, 35, revisions)
    assert {path.name for path in found.deleted} == {"50.tar.gz", "60.tar.gz", damaged.name}
    assert [path.name for path in found.kept] == ["40.tar.gz"]
    assert [path.name for path in found.unreadable] == ["foreign.tar.gz"]
    backup.create(database, settings, tmp_path / "now.tar.gz")
    assert [path.name for path in backup.prune(tmp_path, 35, revisions).deleted] == ["40.tar.gz"]
    assert backup.prune(tmp_path, 35, revisions).deleted == ()
    assert (tmp_path / "other.txt").exists()


@ON_SQLITE
def test_nothing_is_deleted_if_no_backup_is_good(
    settings: Settings, database: Database, people: People, tmp_path: Path
) -> None:
    with time_machine.travel(utcnow() - timedelta(days=60)):
        backup.create(database, settings, tmp_path / "old.tar.gz")
    repacked(tmp_path / "old.tar.gz", tmp_path / "old.tar.gz", {"catalogue.sqlite3": b"damaged"})
    with pytest.raises(Unusable, match="None of the backups is good"):
        backup.prune(tmp_path, 35, schema.known_revisions(database))
    assert (tmp_path / "old.tar.gz").exists()


def test_a_copy_of_the_live_file_alone_loses_what_was_written_last(tmp_path: Path) -> None:
    """Why ``cp`` is no backup: the newest commits are in the log beside the file, and a log of another moment does not fit."""
    live, copied = tmp_path / "live.sqlite3", tmp_path / "copied.sqlite3"
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE mark (number INTEGER)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executemany("INSERT INTO mark VALUES (?)", [(number,) for number in range(50)])
        shutil.copy(live, copied)
        assert connection.execute("SELECT count(*) FROM mark").fetchone() == (50,)
    with closing(sqlite3.connect(copied)) as connection:
        assert connection.execute("SELECT count(*) FROM mark").fetchone() == (0,)


@ON_POSTGRES
def test_missing_and_old_programs_are_named(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_postgres, "INSTALLED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unusable, match="install postgresql-client-18"):
        backup.create(database, settings, tmp_path / "x.tgz")
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.3'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(Unusable, match=r"pg_dump 15\.3 is older than PostgreSQL 18"):
        backup.create(database, settings, tmp_path / "x.tgz")
    assert not (tmp_path / "x.tgz").exists()


@ON_POSTGRES
def test_the_password_is_never_on_the_command_line(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    for name in ("pg_dump", "pg_restore", "psql"):
        (tmp_path / name).write_text(
            f'#!/bin/sh\nif [ "$1" = --version ]; then echo "pg_dump (PostgreSQL) 18.1"; exit; fi\n'
            f'echo "$@" "password in environment: $PGPASSWORD" > {seen}\necho "error: no" >&2\nexit 1\n'
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    url = sa.make_url(settings.database_url).set(username="postgres", password="streng&geheim")
    secret = Database(url.render_as_string(hide_password=False))
    with pytest.raises(Unusable, match="pg_dump failed: error: no"):
        backup.create(secret, settings, tmp_path / "x.tgz")
    secret.dispose()
    arguments, _, environment = seen.read_text().partition("password in environment: ")
    assert "geheim" not in arguments
    assert environment.strip() == "streng&geheim"


@ON_SQLITE
def test_a_manifest_says_what_is_inside(archive: Path, database: Database, settings: Settings) -> None:
    manifest, sha256 = backup.verify(archive, schema.known_revisions(database))
    assert isinstance(manifest, Manifest)
    assert (manifest.tables["company"], manifest.tables["user"]) == (2, 5)
    assert manifest.revision == schema.head(database)
    assert manifest.secret_key == backup.key_print(settings)
    assert hashlib.sha256(entries(archive)["manifest.json"]).hexdigest() == sha256
    assert settings.secret_key not in archive.read_bytes().decode("latin-1")
