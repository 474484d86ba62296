"""``catalogue report`` and ``catalogue export``, as an operator runs them."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from catalogue.cli import cli
from catalogue.db import Database
from catalogue.models import AuditEvent, Purpose, Relevance, Vocabulary
from catalogue.models import Run as Termin
from catalogue.services import demand
from catalogue.services.demand import DemandInput
from catalogue.settings import Settings
from tests import factories
from tests.conftest import People

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``catalogue …`` on the installation of the test."""
    monkeypatch.setenv("CATALOGUE_STATE", str(settings.state))
    if settings.database:
        monkeypatch.setenv("CATALOGUE_DATABASE", settings.database)
    return lambda *arguments: CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def said(database: Database, people: People) -> None:
    with database.write() as session:
        topic = factories.make_term(session, Vocabulary.TOPIC, "sicherheit", "Sicherheit")
        safety = factories.make_module(session, "Sicherheit", terms=[topic])
        law = factories.make_module(session, "=Recht()")
        demand.mark(
            session, people.member, safety, DemandInput(Relevance.MUST, (Purpose.TRAINING,), 6, note="@SUM(A1)")
        )
        demand.mark(session, people.stranger, law, DemandInput(Relevance.COULD, (), 2))


def test_interest_is_printed_as_a_table(run: Run, said: None) -> None:
    result = run("report", "interest", "--by", "company")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[1] == "Zeilen: Unternehmen"
    assert any(line.startswith("Muster AG ") for line in lines)
    assert lines[-1].split() == ["Summe", "2", "8", "1", "0", "1", "0", "1", "0", "0"]


def test_interest_goes_into_a_file_with_the_filters_asked(
    run: Run, said: None, tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "bericht.xlsx"
    result = run("report", "interest", "--filter", "topic=sicherheit", "--format", "xlsx", "-o", path)
    assert result.exit_code == 0, result.output
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert [row[0].value for row in book["Daten"].iter_rows()] == ["Modul", "Sicherheit", "Summe"]
    assert ("Thema", "Sicherheit") in {(row[0].value, row[1].value) for row in book["Angaben"].iter_rows()}
    with database.read() as session:
        event = session.query(AuditEvent).filter_by(action="report.export").one()
    assert (event.user_label, event.details["format"]) == ("System", "xlsx")


def test_before_anybody_said_anything_the_report_is_empty(run: Run, said: None) -> None:
    result = run("report", "interest", "--as-of", "2020-01-01", "--format", "csv")
    assert result.output.splitlines()[1].startswith("Summe;;;0;0")


def test_wrong_words_are_errors_of_usage(run: Run, said: None, tmp_path: Path) -> None:
    for arguments in (["--by", "farbe"], ["--as-of", "gestern"], ["--filter", "farbe=rot"], ["--filter", "topic"]):
        result = run("report", "interest", *arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output
    assert run("report", "interest", "-o", tmp_path / "fehlt" / "x.csv").exit_code == 1


def test_modules_and_demand_are_exported_without_formulas(run: Run, said: None) -> None:
    modules = run("export", "modules").output
    assert "Sicherheit" in modules
    assert "\n'=Recht()" in modules
    rows = run("export", "demand").output.splitlines()
    assert len(rows) == 3
    assert any("'@SUM(A1)" in row for row in rows)


def test_coming_runs_are_exported_and_past_ones_on_demand(run: Run, database: Database) -> None:
    with database.write() as session:
        module = factories.make_module(session, "=Lagern()")
        session.add_all([Termin(module=module, starts_on=day) for day in (date(2020, 1, 7), date(2090, 1, 3))])
    assert len(run("export", "runs").output.splitlines()) == 2
    rows = run("export", "runs", "--past").output.splitlines()
    assert len(rows) == 3
    assert ";'=Lagern();" in rows[1]
    with database.read() as session:
        assert session.query(AuditEvent).filter_by(action="runs.export").count() == 2


def test_reports_are_frozen_listed_checked_and_exported(
    run: Run, said: None, tmp_path: Path, database: Database
) -> None:
    made = run("report", "freeze", "--title", "Klausur", "--filter", "topic=sicherheit")
    assert made.exit_code == 0, made.output
    key = made.output.strip()
    listed = run("report", "list").output
    assert key in listed
    assert "1 companies, 6 people  Klausur" in listed
    assert run("report", "check", key).output.strip() == "All figures are the same."
    for name in ("bericht.xlsx", "bericht.json", "bericht.zip"):
        result = run("report", "export", key, "-o", tmp_path / name)
        assert result.exit_code == 0, result.output
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "bericht.xlsx").read_bytes()))
    assert book["Zahlen"]["B4"].value == 6
    assert '"people": 6' in (tmp_path / "bericht.json").read_text()
    assert run("report", "list", "--archived").output == ""
    with database.write() as session:
        session.query(factories.Company).filter_by(name="Muster AG").one().active = False
    changed = run("report", "check", key)
    assert changed.exit_code == 1
    assert "„Muster AG“ ist nicht mehr Mitglied." in changed.output
    assert run("report", "check", "00000000-0000-4000-8000-000000000000").exit_code == 1
