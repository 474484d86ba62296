"""``catalogue company``."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Database
from catalogue.models import Company
from catalogue.services.errors import Invalid
from tests.cli.conftest import Run


def stored(database: Database, slug: str) -> Company:
    with database.read() as session:
        loaded = (joinedload(Company.sector), joinedload(Company.region))
        return session.scalars(select(Company).where(Company.slug == slug).options(*loaded)).one()


def test_a_company_is_added_on_an_empty_state_and_changed_by_what_is_given(run: Run, database: Database) -> None:
    with database.read() as session:
        assert session.scalars(select(Company)).all() == []
    unknown = run("company", "add", "muster", "--name", "Muster AG", "--sector", "gibt-es-nicht")
    assert isinstance(unknown.exception, Invalid)
    code = str(unknown.exception).partition("Bekannt sind: ")[2].split(",")[0]
    added = run("company", "add", "muster", "--name", "Muster AG", "--sector", code, "--size", "small")
    assert (added.exit_code, added.output) == (0, "Company muster added.\n")
    for _ in range(2):
        assert run("company", "add", "muster", "--place", "Jena", "--domain", "muster.example").exit_code == 0
    company = stored(database, "muster")
    assert (company.name, company.place, company.size_class) == ("Muster AG", "Jena", "small")
    assert company.sector is not None
    assert company.sector.code == code
    assert "muster\tMuster AG\t0\tactive" in run("company", "list").output


def test_a_company_can_be_switched_off_and_on(run: Run, database: Database) -> None:
    run("company", "add", "muster", "--name", "Muster AG")
    run("company", "add", "muster", "--inactive")
    assert stored(database, "muster").active is False
    run("company", "add", "muster", "--active")
    assert stored(database, "muster").active is True


def test_a_new_company_needs_a_name_and_a_good_slug(run: Run) -> None:
    assert isinstance(run("company", "add", "muster").exception, Invalid)
    assert isinstance(run("company", "add", "Muster AG", "--name", "Muster").exception, Invalid)
    assert run("company", "add", "muster", "--name", "Muster", "--size", "riesig").exit_code == 2


def test_a_list_is_imported_from_the_terminal_and_taken_back(run: Run, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "firmen.csv"
    file.write_text("Name;Ort;Größe\nMuster AG;Jena;12\nFalsch;;riesig\n", encoding="cp1252")
    tried = run("company", "import", str(file), "--dry-run")
    assert "1 new, 0 changed, 0 unchanged, 1 wrong" in tried.output
    assert "C3" in tried.output
    done = run("company", "import", str(file))
    assert "1 companies imported" in done.output
    assert stored(database, "muster-ag").size_class == "small"
    assert "Muster AG" in run("export", "companies").output
    again = run("company", "import", str(file))
    assert "0 new, 0 changed, 1 unchanged" in again.output
    undone = run("company", "import", "--undo", done.output.split()[-1])
    assert undone.output == "The import is undone.\n"
    assert run("company", "list").output == ""
    assert run("company", "import").exit_code == 2
