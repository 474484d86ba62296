"""``catalogue load`` and the demo start, as an operator runs them."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from catalogue.app import create_app
from catalogue.cli import cli, demo
from catalogue.db import Database
from catalogue.models import Company, Module, Term, WorkflowState
from catalogue.settings import Settings
from tests.offers import list_format

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``catalogue …`` on the installation of the test."""
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    if settings.database:
        monkeypatch.setenv("CATALOGUE_DATABASE", settings.database)
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


def a_file(folder: Path, content: object) -> Path:
    path = folder / "liste.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def count(database: Database, kind: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_an_empty_catalogue_serves_exactly_the_loaded_list(
    run: Run, settings: Settings, database: Database, tmp_path: Path
) -> None:
    loaded = run("load", a_file(tmp_path, list_format()))
    assert (loaded.exit_code, loaded.output.splitlines()[0]) == (0, "Module: 110 neu, 0 geändert, 0 unverändert.")
    with database.read() as session:
        assert set(session.scalars(select(Module.state))) == {WorkflowState.PUBLISHED}
    assert count(database, Company) == 0
    found = create_app(settings).test_client().get("/modules/adr-basiskurs-klaus-dege")
    assert found.status_code == 200
    assert "ADR-Basiskurs" in found.text


def test_a_second_load_reports_that_nothing_changed(run: Run, tmp_path: Path) -> None:
    path = a_file(tmp_path, [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}])
    assert "2 neu, 0 geändert, 0 unverändert" in run("load", path).output
    assert "0 neu, 0 geändert, 2 unverändert" in run("load", path).output


def test_errors_name_their_places_and_nothing_is_loaded(run: Run, database: Database, tmp_path: Path) -> None:
    result = run("load", a_file(tmp_path, [{"id": "a", "title": "A"}, {"id": "b", "title": 5}, {"id": "c"}]))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "catalogue: Eintrag 2 (b), title: Muss Text sein.",
        "catalogue: Eintrag 3 (c), title: Dieses Feld fehlt.",
        "catalogue: Nichts geladen, 2 Fehler.",
    ]
    assert (count(database, Module), count(database, Term)) == (0, 0)


@pytest.mark.parametrize("name", ["gibt-es-nicht.json", "."])
def test_a_path_without_modules_is_one_sentence(run: Run, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "leer"
    folder.mkdir()
    result = run("load", folder / name)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_upgrading_brings_the_vocabularies(run: Run, database: Database) -> None:
    assert run("db", "upgrade").exit_code == 0
    assert count(database, Term) > 100
    assert count(database, Module) == 0


def test_the_demo_start_prepares_once(settings: Settings, database: Database) -> None:
    assert demo.prepare(settings) is True
    assert (count(database, Module), count(database, Company)) == (110, 12)
    assert demo.prepare(settings) is False


def test_a_busy_port_is_one_sentence_before_any_work(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: Database
) -> None:
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit) as ended:
            demo.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "cannot be used" in told
    assert count(database, Module) == 0


@pytest.mark.parametrize("port", ["", "abc", "0", "70000", "-1", "²"])
def test_a_port_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit):
        demo.main()
    assert "PORT must be a number" in capsys.readouterr().err


def test_a_state_folder_that_cannot_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "datei").write_text("")
    monkeypatch.setenv("CATALOGUE_STATE", str(tmp_path / "datei" / "state"))
    with pytest.raises(SystemExit) as ended:
        demo.main()
    assert ended.value.code == 1
    assert "cannot be written" in capsys.readouterr().err
