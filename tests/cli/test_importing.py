"""``catalogue import``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalogue.cli import cli
from catalogue.db import Database
from catalogue.models import ImportRun, ImportState, Module, WorkflowState
from catalogue.services.errors import Conflict, Invalid
from catalogue.settings import Settings
from tests.services.lists import csv_file

LIST = csv_file("Kurs;Wann", "Zellchemie;01.02.2026", "Löten;gestern")


@pytest.fixture
def run(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    monkeypatch.setenv("CATALOGUE_DATABASE", settings.database)
    (tmp_path / "kurse.csv").write_bytes(LIST)
    (tmp_path / "mapping.json").write_text(json.dumps({"Kurs": "title", "Wann": "as_of"}), encoding="utf-8")

    def invoke(*arguments: str, refused: bool = False) -> Result:
        result = CliRunner().invoke(cli, ["import", *arguments], catch_exceptions=refused)
        assert refused or result.exit_code == 0, result.output
        return result

    monkeypatch.chdir(tmp_path)
    return invoke


def states(database: Database) -> list[str]:
    with database.read() as session:
        return [module.state.value for module in session.query(Module).order_by(Module.slug)]


def test_a_dry_run_says_what_would_change_and_keeps_nothing(run, database: Database) -> None:  # type: ignore[no-untyped-def]
    output = run("kurse.csv", "--mapping", "mapping.json", "--dry-run").output
    assert "1 new, 0 changed, 0 unchanged, 1 wrong, 0 vanished" in output
    assert "B3: „gestern“ ist kein Datum." in output
    assert states(database) == []
    with database.read() as session:
        assert session.query(ImportRun).one().state == ImportState.DISCARDED


def test_import_and_undo(run, database: Database) -> None:  # type: ignore[no-untyped-def]
    output = run("kurse.csv", "--mapping", "mapping.json").output
    assert "1 modules imported." in output
    assert states(database) == [WorkflowState.DRAFT]
    assert (
        "1 new" in run("kurse.csv", "--dry-run").output
    )  # the columns are remembered; without code or source it is a new one

    number = output.split("--undo ")[1].split()[0]
    assert "The import is undone." in run("--undo", number).output
    assert states(database) == [WorkflowState.ARCHIVED]
    assert isinstance(run("--undo", number, refused=True).exception, Conflict)


def test_what_cannot_be_imported_is_refused(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "Name a FILE" in run(refused=True).output
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    assert isinstance(run("a.xlsx", refused=True).exception, Invalid)
    (tmp_path / "b.csv").write_bytes(csv_file("Wann;Wo", "heute;hier"))
    assert isinstance(run("b.csv", refused=True).exception, Invalid)  # no column says what the title is
    (tmp_path / "mapping.json").write_text('{"Preis": "title"}', encoding="utf-8")
    assert "not in the list or not a field: Preis" in run("kurse.csv", "--mapping", "mapping.json", refused=True).output
    (tmp_path / "mapping.json").write_text("[", encoding="utf-8")
    assert "is not JSON" in run("kurse.csv", "--mapping", "mapping.json", refused=True).output
