"""``catalogue backup`` and ``catalogue restore``."""

from pathlib import Path

import pytest

from catalogue.db import Database
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services.errors import Invalid
from catalogue.settings import Settings
from tests import factories
from tests.cli.conftest import Run


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_backup_is_restored_into_an_empty_folder_with_a_fresh_index(
    run: Run, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        factories.make_module(session, "Sicherheit im Prüffeld")
    file = tmp_path / "sicherung.tar.gz"
    assert "1 files" in run("backup", file).output
    assert isinstance(run("restore", file).exception, Invalid)
    state = tmp_path / "neu"
    monkeypatch.setenv("CATALOGUE_STATE", str(state))
    restored = run("restore", file)
    assert restored.exit_code == 0, restored.output
    fresh = Database(Settings(state=state).database_url)
    assert not sync.check(fresh, SearchIndex(state / "index"))
    fresh.dispose()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_on_postgresql_both_commands_name_its_own_tools(run: Run, tmp_path: Path) -> None:
    assert "pg_dump" in str(run("backup", tmp_path / "x").exception)
    assert "pg_restore" in str(run("restore", tmp_path / "x").exception)
