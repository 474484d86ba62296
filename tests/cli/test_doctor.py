"""``catalogue doctor``."""

import json
import secrets
import sqlite3
import ssl
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import pytest
import sqlalchemy as sa

from catalogue.db import Database, utcnow
from catalogue.models import AuditEvent, Job, NetworkRole, User
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import health_machine, health_settings, jobs, mail, outbox, pdf_pages
from catalogue.settings import Settings
from tests import factories
from tests.cli.conftest import Run


@lru_cache
def pdf_once() -> bytes:
    return pdf_pages.pdf(health_machine.LINE)


class MailServer:
    """Takes every mail."""

    taken: ClassVar[list[str]] = []

    def __enter__(self) -> "MailServer":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def send_message(self, message: EmailMessage) -> None:
        self.taken.append(str(message["To"]))


@pytest.fixture
def healthy(settings: Settings, database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation that nothing is wrong with."""
    settings.state.chmod(0o700)
    sync.rebuild(database, index)
    with database.write() as session:
        admin = factories.make_user(session, "nora@netz.example", network_role=NetworkRole.ADMIN)
        admin.second_factor_at = utcnow()
    jobs.note(database, jobs.WORKER)
    jobs.note(database, "backup")
    made = pdf_once()  # by the real program, but not for each question
    monkeypatch.setattr(pdf_pages, "pdf", lambda *_: made)
    monkeypatch.setattr(mail, "smtp", lambda _settings: MailServer())
    for name, value in {
        "SMTP_HOST": "mail.example", "MAIL_FROM": "katalog@netz.example", "BASE_URL": "https://katalog.example",
        "OPERATOR_NAME": "Netz", "OPERATOR_ADDRESS": "Gasse 1", "OPERATOR_REPRESENTATIVE": "V", "OPERATOR_EMAIL": "a@netz.example",
        "SUPERVISORY_AUTHORITY": "LfD", "TRUSTED_HOSTS": "katalog.example", "PROXIES": "1", "SECRET_KEY": secrets.token_hex(20),
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
        ("MAIL_FROM", "x@localhost", "still the default"), ("TRUSTED_HOSTS", "", "Any host name is accepted"),
        ("TRUSTED_HOSTS", "anders.example", "does not name katalog.example"), ("PROXIES", "0", "no proxy is trusted"), ("DEMO", "on", "DEMO is on"), ("OPERATOR_NAME", "", "are incomplete"),
        ("SECRET_KEY", "ab" * 20, "repeats a few"), ("METRICS_TOKEN", "kurz", "can be guessed"), ("SOURCE_PRIVATE", "on", "machines inside"),
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
        waiting = outbox.send(session, "a@b.example", "Betreff", "Text")
        assert waiting is not None
        waiting.created_at = utcnow() - timedelta(hours=2)
    result = run("doctor")
    assert result.exit_code == 1
    for expected in ("Everybody may write", "index cannot be used", "has been waiting"):
        assert expected in result.output


def test_a_test_mail_is_handed_over_and_a_server_that_cannot_be_used_is_an_error(
    run: Run, healthy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    MailServer.taken.clear()
    assert "it took one for nora@netz.example" in run("doctor", "--send-test", "nora@netz.example").output
    assert MailServer.taken == ["nora@netz.example"]

    def refuse(_settings: Settings) -> MailServer:
        raise ssl.SSLCertVerificationError(1, "certificate verify failed")

    monkeypatch.setattr(mail, "smtp", refuse)
    result = run("doctor", "--json")
    assert result.exit_code == 1
    wrong = [one for one in json.loads(result.output) if one["level"] == "error"]
    assert [one["advice"] for one in wrong] == ["Look at the CATALOGUE_SMTP_ settings."]
    assert "certificate verify failed" in wrong[0]["text"]


def test_a_silent_worker_failing_jobs_missing_factors_and_a_clock_set_back_are_named(
    run: Run, healthy: Settings, database: Database
) -> None:
    jobs.note(database, "digests", "KeyError")
    with database.write() as session:
        session.execute(
            sa.update(Job).where(Job.name == jobs.WORKER).values(succeeded_at=utcnow() - timedelta(hours=1))
        )
        session.execute(sa.update(User).values(second_factor_at=None))
        session.add(AuditEvent(action="login.succeeded", at=utcnow() + timedelta(hours=1)))
    found = "\n".join(problems(run))
    for expected in (
        "gave no sign since",
        "The job digests fails (KeyError)",
        "have no second factor",
        "clock was set back",
    ):
        assert expected in found


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_damaged_database_is_named(run: Run, healthy: Settings, database: Database) -> None:
    with sqlite3.connect(healthy.state / "catalogue.sqlite3") as connection:  # does not look at foreign keys
        connection.execute("INSERT INTO bookmark (user_id, module_id, at) VALUES ('00', '00', '2026-01-01')")
    connection.close()
    assert any("The database is damaged" in line for line in problems(run))


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_empty_state_is_told_to_upgrade(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOGUE_STATE", str(tmp_path / "leer"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "catalogue db upgrade" in result.output


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_key_that_other_nodes_do_not_have_is_named(settings: Settings) -> None:
    assert any("another node" in finding.text for finding in health_settings.fit(replace(settings, secret_key="")))
    assert not any("another node" in finding.text for finding in health_settings.fit(settings))
