"""Lists of modules for the tests of imports: made from the catalogue, edited as a spreadsheet would, uploaded and worked off."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import openpyxl

from catalogue.db import Database
from catalogue.models import ImportRow, ImportRun, ImportState, RowKind, Vocabulary
from catalogue.search.index import SearchIndex
from catalogue.services import exports, import_jobs, imports, module_columns, modules
from catalogue.services.exports import Format
from catalogue.services.module_input import ModuleInput
from catalogue.services.module_listing import ListingQuery
from catalogue.services.permissions import Actor
from catalogue.services.spreadsheets import open_sheet
from catalogue.settings import Settings
from tests import factories

Rows = list[list[Any]]


class Desk:
    """Somebody who works with lists at the catalogue."""

    def __init__(self, database: Database, settings: Settings, index: SearchIndex, actor: Actor) -> None:
        self.database, self.settings, self.index, self.actor = (
            database,
            replace(settings, inline_indexing=False),
            index,
            actor,
        )

    def vocabulary(self) -> None:
        """Terms, providers and a programme that lists can name."""
        with self.database.write() as session:
            for code, label in (
                ("sicherheit", "Sicherheit"),
                ("zellfertigung", "Zellfertigung | Zelle"),
                ("pack", "Packmontage"),
            ):
                factories.make_term(session, Vocabulary.TOPIC, code, label, synonyms=[f"{label} im Alltag"])
            for code, label in (("basis", "Basis"), ("fokus", "Fokus")):
                factories.make_term(session, Vocabulary.LEVEL, code, label)
            factories.make_term(session, Vocabulary.DURATION, "bis-1-tag", "bis 1 Tag")
            factories.make_provider(session, "Akademie Nord")
            factories.make_provider(session, "Akademie Süd")
            factories.make_programme(session, "BatterieMD")

    def add(self, *given: ModuleInput) -> list[str]:
        """Make modules by hand; return their slugs."""
        with self.database.write() as session:
            return [modules.create(session, self.actor, one).slug for one in given]

    def edit(self, slug: str, **changes: Any) -> None:
        """Change a module by hand."""
        with self.database.write() as session:
            module = modules.get(session, self.actor, slug)
            modules.update(session, self.actor, module, replace(modules.input_of(module), **changes), None)

    def says(self, slug: str) -> ModuleInput:
        with self.database.read() as session:
            return modules.input_of(modules.get(session, self.actor, slug))

    def everything(self) -> dict[str, tuple[ModuleInput, str]]:
        """Slug → what each module says and its state."""
        with self.database.read() as session:
            table = module_columns.round_trip(session, self.actor, ListingQuery())
            slugs = [row["slug"] for row in table.rows]
            found = [modules.get(session, self.actor, slug) for slug in slugs]
            return {module.slug: (modules.input_of(module), module.state.value) for module in found}

    def export(self, format: Format = Format.XLSX) -> bytes:
        with self.database.read() as session:
            return exports.render(module_columns.round_trip(session, self.actor, ListingQuery()), format)

    def upload(
        self, content: bytes, name: str = "module.xlsx", mapping: Sequence[str] | None = None, **options: Any
    ) -> ImportRun:
        """Upload and check."""
        with self.database.write() as session:
            run = imports.upload(session, self.actor, name, open_sheet(name, content))
            imports.assign(session, self.actor, run.id, mapping or run.mapping, **options)
        return self.work(run)

    def work(self, run: ImportRun) -> ImportRun:
        import_jobs.run(self.database, self.settings, self.index, self.actor, run.id, lambda *_: None)
        with self.database.read() as session:
            return imports.get(session, self.actor, run.id)

    def ask(self, run: ImportRun, verb: Callable[..., ImportRun]) -> ImportRun:
        """Apply or undo."""
        with self.database.write() as session:
            verb(session, self.actor, run.id)
        return self.work(run)

    def apply(self, run: ImportRun) -> ImportRun:
        return self.ask(run, imports.ask_apply)

    def undo(self, run: ImportRun) -> ImportRun:
        return self.ask(run, imports.ask_undo)

    def rows(self, run: ImportRun, kind: RowKind) -> list[ImportRow]:
        with self.database.read() as session:
            return imports.rows(session, self.actor, run, kind).rows


def counts(run: ImportRun) -> tuple[int, ...]:
    """New, changed, unchanged, wrong, vanished."""
    assert run.state in (ImportState.CHECKED, ImportState.APPLIED, ImportState.UNDONE), (run.state, run.problem)
    return tuple(run.counts[kind.value] for kind in RowKind)


def cells_of(content: bytes) -> Rows:
    """The rows of the first sheet, as a spreadsheet shows them."""
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)]


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    """An XLSX file with these rows, written by another program than ours."""
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = book.worksheets[0].cell(number, place, value)
            if isinstance(value, str):
                cell.data_type = "s"  # this library takes texts with "=" for formulas
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def csv_file(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([*lines, ""]).encode(encoding)
