"""``catalogue source``."""

import pytest
import sqlalchemy as sa

from catalogue.db import Database
from catalogue.models import ImportRun, ImportState, Module, Source, SourceInterval, SourceKind
from catalogue.services import sources
from catalogue.services.permissions import SYSTEM
from catalogue.services.sources import SourceInput
from tests.cli.conftest import Run
from tests.services.lists import csv_file
from tests.websites import Page, website


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_list_test_and_run(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOGUE_SOURCE_PRIVATE", "on")
    with website() as site:
        site.pages["/a.csv"] = Page(csv_file("Kürzel;Titel;Stand", "A;Eins;", "B;Zwei;gestern"))
        with database.write() as session:
            for name, path in (("Nord", "/a.csv"), ("Süd", "/b.csv")):
                given = SourceInput(name, site.url + path, SourceKind.CSV, SourceInterval.NEVER, automatic=True)
                sources.create(session, SYSTEM, given)

        tried = run("source", "test", "Nord")
        assert "1 new, 0 changed, 0 unchanged, 1 wrong, 0 vanished" in tried.output
        assert "C3: „gestern“ ist kein Datum." in tried.output
        with database.read() as session:
            assert session.scalars(sa.select(ImportRun.state)).all() == [ImportState.DISCARDED]
            assert session.scalar(sa.select(sa.func.count(Module.id))) == 0

        done = run("source", "run", "Nord")
        assert "Taken over. Undo: catalogue import --undo " in done.output
        assert "The import is undone." in run("import", "--undo", done.output.split("--undo ")[1].split()[0]).output

        failed = run("source", "run", "Süd")
        assert (failed.exit_code, "Unter der Adresse steht nichts (HTTP 404)." in failed.output) == (1, True)
        assert run("source", "test", "West").exit_code == 1
        listed = run("source", "list").output
        assert [line.split("\t")[:3] for line in listed.splitlines()] == [
            ["Nord", "csv", "never"],
            ["Süd", "csv", "never"],
        ]
        assert run("source", "list", "--failed").output.startswith("Süd\t")
        with database.read() as session:
            assert session.scalar(sa.select(Source.failures).where(Source.name == "Süd")) == 1
