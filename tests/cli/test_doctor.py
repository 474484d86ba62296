"""``catalogue doctor``."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from catalogue.db import Database, utcnow
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import outbox
from catalogue.settings import Settings
from tests.cli.conftest import Run


@pytest.fixture
def healthy(settings: Settings, database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that nothing is wrong with."""
    settings.state.chmod(0o700)
    sync.rebuild(database, index)
    for name, value in {
        "SMTP_HOST": "mail.example", "MAIL_FROM": "katalog@netz.example", "BASE_URL": "https://katalog.example", "SECRET_KEY": "k" * 40,
        "OPERATOR_NAME": "Netz", "OPERATOR_ADDRESS": "Gasse 1", "OPERATOR_REPRESENTATIVE": "V", "OPERATOR_EMAIL": "a@netz.example", "SUPERVISORY_AUTHORITY": "LfD",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CATALOGUE_{name}", value)
    return settings


def problems(run: Run) -> list[str]:
    lines = run("doctor").output.splitlines()
    return [line for line in lines if not line.startswith("ok ") and "SQLite is" not in line]


def test_nothing_is_said_against_a_healthy_installation(run: Run, healthy: Settings) -> None:
    assert problems(run) == []
    assert run("doctor").exit_code == 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_old_sqlite_is_named_unless_the_fix_was_ported_back(
    run: Run, healthy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, level in (
        ((3, 40, 1), "warning"), ((3, 44, 5), "warning"), ((3, 44, 6), "ok"), ((3, 50, 7), "ok"), ((3, 51, 2), "warning"), ((3, 51, 3), "ok"),
    ):  # fmt: skip
        monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
        assert next(line for line in run("doctor").output.splitlines() if "SQLite is" in line).split()[0] == level


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SECRET_KEY", "kurz", "shorter than"), ("SMTP_HOST", "", "stay in the outbox"), ("BASE_URL", "http://katalog.example", "without https"),
        ("MAIL_FROM", "x@localhost", "still the default"),
    ],
)  # fmt: skip
def test_settings_that_will_not_do_are_named(
    run: Run, healthy: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"CATALOGUE_{name}", value)
    assert any(expected in line for line in problems(run))


def test_a_folder_open_to_all_a_lost_index_and_an_old_mail_are_errors(
    run: Run, healthy: Settings, database: Database
) -> None:
    healthy.state.chmod(0o777)
    for path in (healthy.state / "index").glob("CURRENT"):
        path.unlink()
    with database.write() as session:
        mail = outbox.send(session, "a@b.example", "Betreff", "Text")
        assert mail is not None
        mail.created_at = utcnow() - timedelta(hours=2)
    result = run("doctor")
    assert result.exit_code == 1
    for expected in ("Everybody may write", "index cannot be used", "has been waiting"):
        assert expected in result.output


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_empty_state_is_told_to_upgrade(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOGUE_STATE", str(tmp_path / "leer"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "catalogue db upgrade" in result.output
