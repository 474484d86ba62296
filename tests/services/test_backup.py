"""Backup and the way back: consistent under load, and nothing but what was backed up comes back."""

import gzip
import io
import json
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalogue.db import Database
from catalogue.models import AuditEvent, Company, OutboxMail, UserSession
from catalogue.services import backup, outbox, sessions
from catalogue.services.errors import Invalid
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

SQLITE = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """An installation with nothing in it."""
    state = tmp_path / "elsewhere"
    state.mkdir()
    return Settings(state=state, secret_key="other" * 10)


@pytest.fixture
def archive(settings: Settings, database: Database, people: People, tmp_path: Path) -> Path:
    """A backup with an upload in it."""
    (settings.state / "uploads").mkdir()
    (settings.state / "uploads" / "liste.xlsx").write_bytes(b"content")
    target = tmp_path / "backup.tar.gz"
    backup.create(database, settings, target)
    return target


def restored(settings: Settings, source: Path, force: bool = False) -> Database:
    database = Database(settings.database_url)
    backup.restore(settings, database, source, force=force)
    return database


def repacked(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """The archive with some entries replaced, added, or (None) left out."""
    with tarfile.open(source) as archive:
        entries = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    entries |= {name: content for name, content in change.items() if content is not None}
    with tarfile.open(target, "w:gz") as archive:
        for name, content in entries.items():
            if change.get(name, b"") is not None:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return target


@SQLITE
def test_what_was_backed_up_comes_back_without_index_and_secret(archive: Path, elsewhere: Settings) -> None:
    with tarfile.open(archive) as packed:
        assert sorted(packed.getnames()) == ["catalogue.sqlite3", "manifest.json", "uploads/liste.xlsx"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    database = restored(elsewhere, archive)
    with database.read() as session:
        assert set(session.scalars(select(Company.name))) == {"Muster AG", "Beispiel GmbH"}
    assert (elsewhere.state / "uploads" / "liste.xlsx").read_bytes() == b"content"
    database.dispose()


@SQLITE
def test_sign_ins_do_not_come_alive_again_and_mails_are_not_sent_twice(
    settings: Settings, database: Database, people: People, elsewhere: Settings, tmp_path: Path
) -> None:
    with database.write() as session:
        sessions.start(session, settings, session.merge(people.member_user))
        outbox.send(session, "a@b.example", "Betreff", "Text")
    backup.create(database, settings, tmp_path / "b.tgz")
    again = restored(elsewhere, tmp_path / "b.tgz")
    with again.read() as session:
        assert session.scalars(select(UserSession)).all() == []
        assert outbox.waiting(session) == 0
        assert session.scalars(select(OutboxMail.failed_at)).one() is not None
    again.dispose()


@SQLITE
def test_a_backup_under_load_holds_whole_transactions_only(
    settings: Settings, database: Database, elsewhere: Settings, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with database.write() as session:  # two rows together, always
                session.add_all([AuditEvent(action="left"), AuditEvent(action="right")])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup.create(database, settings, tmp_path / f"{number}.tgz")
    finally:
        stop.set()
        writer.join()
    again = restored(elsewhere, tmp_path / "2.tgz")
    with again.read() as session:
        counted = [session.scalar(select(func.count()).where(AuditEvent.action == side)) for side in ("left", "right")]
    assert counted[0] == counted[1]
    again.dispose()


@SQLITE
def test_an_installation_that_holds_something_is_not_overwritten_without_force(
    settings: Settings, database: Database, archive: Path
) -> None:
    with database.write() as session:
        factories.make_company(session, "Nach der Sicherung")
    with pytest.raises(Invalid, match="--force"):
        backup.restore(settings, database, archive)
    backup.restore(settings, database, archive, force=True)
    with database.read() as session:
        assert session.scalar(select(Company).where(Company.name == "Nach der Sicherung")) is None
    aside = next(settings.state.glob("before-restore-*")) / "catalogue.sqlite3"
    with closing(sqlite3.connect(aside)) as old:
        assert old.execute("SELECT count(*) FROM company WHERE name = 'Nach der Sicherung'").fetchone()[0] == 1


@SQLITE
@pytest.mark.parametrize(
    "damage",
    [
        "cut",
        "not a tar",
        "empty",
        "missing",
        "changed file",
        "missing file",
        "foreign file",
        "outside",
        "no manifest",
        "format",
        "newer",
    ],
)
def test_a_damaged_or_foreign_archive_changes_nothing(
    archive: Path, elsewhere: Settings, tmp_path: Path, damage: str
) -> None:
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(archive) as packed:
        manifest = json.loads(packed.extractfile("manifest.json").read())  # type: ignore[union-attr]
    changes: dict[str, dict[str, bytes | None]] = {
        "changed file": {"uploads/liste.xlsx": b"other"},
        "missing file": {"uploads/liste.xlsx": None},
        "foreign file": {"uploads/neu.xlsx": b"new"},
        "outside": {"../evil": b"evil"},
        "no manifest": {"manifest.json": None},
        "format": {"manifest.json": json.dumps(manifest | {"format": 99}).encode()},
        "newer": {"manifest.json": json.dumps(manifest | {"revision": "ffffffffffff"}).encode()},
    }
    if damage in changes:
        repacked(archive, bad, changes[damage])
    elif damage != "missing":
        whole = archive.read_bytes()
        bad.write_bytes({"cut": whole[: len(whole) // 2], "not a tar": gzip.compress(b"x" * 99), "empty": b""}[damage])
    with pytest.raises(Invalid):
        restored(elsewhere, bad)
    assert list(elsewhere.state.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@SQLITE
def test_an_existing_file_is_not_overwritten_and_nothing_half_written_stays(
    settings: Settings, database: Database, archive: Path, tmp_path: Path
) -> None:
    before = archive.read_bytes()
    with pytest.raises(Invalid):
        backup.create(database, settings, archive)
    with pytest.raises(Invalid):
        backup.create(database, settings, tmp_path / "no" / "such" / "folder.tgz")
    assert archive.read_bytes() == before
    assert not list(tmp_path.glob(".backup-*"))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_on_postgresql_its_own_tools_are_named(settings: Settings, database: Database, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="pg_dump"):
        backup.create(database, settings, tmp_path / "x.tgz")
    with pytest.raises(Invalid, match="pg_restore"):
        backup.restore(replace(settings), database, tmp_path / "x.tgz")
