"""``catalogue search``."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalogue.cli import cli
from catalogue.db import Database
from catalogue.models import SynonymKind, SynonymRule
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.settings import Settings
from tests import factories


@pytest.fixture
def run(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    monkeypatch.setenv("CATALOGUE_DATABASE", settings.database)
    with database.write() as session:
        factories.make_module(session, "Batterien lagern")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["search", *arguments])

    return invoke


def test_rebuild_check_sync_and_explain(run, database: Database) -> None:  # type: ignore[no-untyped-def]
    assert "1 modules indexed" in run("rebuild").output
    assert "agree" in run("check").output
    with database.write() as session:
        factories.make_module(session, "Zellen fügen")
    assert "1 modules brought up to date" in run("sync").output
    output = run("explain", "Lagerung").output
    assert "0.85 lagern synonym" in output
    assert "batterien-lagern" in output


def test_explaining_knows_the_synonyms_of_the_office(run, database: Database) -> None:  # type: ignore[no-untyped-def]
    with database.write() as session:
        session.add(SynonymRule(kind=SynonymKind.TWO_WAY, terms=["zebrawort", "lagern"]))
    assert "batterien-lagern" in run("explain", "Zebrawort").output


def test_check_fails_until_repaired(run, settings: Settings, database: Database) -> None:  # type: ignore[no-untyped-def]
    sync.rebuild(database, SearchIndex(settings.index_folder))
    (settings.index_folder / "CURRENT").unlink()
    assert run("check").exit_code == 1
    assert "Mended" in run("check", "--repair").output
    assert run("check").exit_code == 0


def test_evaluate_prints_measures_per_class(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "judged.json"
    file.write_text('[{"id": "1", "class": "exact", "query": "lagern", "relevant": {"batterien-lagern": 3}}]')
    output = run("evaluate", "--ablation", str(file)).output
    assert "exact                     1    1.000" in output
    assert "without synonyms" in output
