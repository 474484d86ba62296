"""``catalogue backup`` and ``catalogue restore``."""

from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services.backup_archive import Unusable
from catalogue.settings import Settings
from tests import factories
from tests.cli.conftest import Run
from tests.conftest import ON_SQLITE


@ON_SQLITE
def test_a_backup_is_checked_and_restored_into_an_empty_folder_with_a_fresh_index(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit im Prüffeld")
    file = tmp_path / "sicherung.tar.gz"
    made = run("backup", file)
    assert "1 files" in made.output
    assert run("backup", "verify", file).output == made.output
    assert isinstance(run("restore", file).exception, Unusable)
    state = tmp_path / "neu"
    monkeypatch.setenv("CATALOGUE_STATE", str(state))
    restored = run("restore", file)
    assert restored.exit_code == 0, restored.output
    assert "secret key" not in restored.output, "there was none"
    fresh = Database(Settings(state=state).database_url)
    assert not sync.check(fresh, SearchIndex(state / "index"))
    fresh.dispose()


@ON_SQLITE
def test_old_backups_are_named_before_they_are_deleted(run: Run, database: Database, tmp_path: Path) -> None:
    for name in ("a.tar.gz", "b.tar.gz"):
        run("backup", tmp_path / name)
    assert run("backup", "prune", tmp_path, "--dry-run").output == "0 old backups, 2 kept.\n"
    (tmp_path / "c.tar.gz").write_bytes(b"broken")
    assert "no backup, or damaged" in run("backup", "prune", tmp_path).output
    assert len(list(tmp_path.glob("*.tar.gz"))) == 3


@ON_SQLITE
def test_another_secret_key_is_told(
    run: Run, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOGUE_SECRET_KEY", "first" * 10)
    run("backup", tmp_path / "b.tar.gz")
    monkeypatch.setenv("CATALOGUE_SECRET_KEY", "second" * 10)
    assert "CATALOGUE_SECRET_KEY_FALLBACKS" in run("restore", tmp_path / "b.tar.gz", "--replace").output
