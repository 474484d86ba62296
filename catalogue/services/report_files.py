"""A frozen report to take away: its tables, all of them as CSV in a ZIP file, or as JSON for programs (docs/reports.md)."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from typing import Any

from catalogue.models import FrozenReport
from catalogue.services import frozen_reports, report_tables
from catalogue.services.errors import NotFound
from catalogue.services.exports import BERLIN, Column, Kind, Table, csv_bytes
from catalogue.services.report_json import SCHEMA, FrozenMatrix, FrozenRun
from catalogue.services.report_query import By, Report
from catalogue.services.sorting import slugify

__all__ = ["Named", "document", "file_stem", "json_bytes", "notes_of", "stand", "table_of", "tables", "zip_bytes"]

NUMBER = Kind.NUMBER
RUN_COLUMNS = (
    Column("title", "Modul"), Column("day", "Termin", Kind.DATE), Column("place", "Ort"), Column("seats", "Plätze", NUMBER),
    Column("needed", "Mindestzahl", NUMBER), Column("counted", "gezählte Personen", NUMBER), Column("people", "Personen mit Bedarf", NUMBER),
    Column("companies", "Unternehmen mit Bedarf", NUMBER), Column("asked", "gefragte Unternehmen", NUMBER),
    Column("committed", "zugesagte Personen", NUMBER), Column("booked", "belegte Plätze", NUMBER), Column("state", "Zustand"),
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """One table of a report: its name in addresses and file names, its name for people."""

    name: str
    label: str
    table: Table


def tables(report: FrozenReport) -> list[Named]:
    """Return all tables of a report: a row kind each, topics by levels, the course, the coming runs."""
    figures, notes = frozen_reports.figures(report), notes_of(report)
    found = []
    for by in By:
        counted = Report(frozen_reports.question(report, by), report.as_of, figures.by.get(by, ()), figures.total)
        found.append(Named(by.value, str(by.label), report_tables.interest_table(counted, notes)))
    return [
        *found,
        Named("matrix", "Bedarf und Plätze", _matrix_table(figures.matrix, notes)),
        Named("trend", "Verlauf", report_tables.trend_table(figures.trend, notes)),
        Named("runs", "Termine", Table("Termine", RUN_COLUMNS, [_run_line(run) for run in figures.runs], notes)),
    ]


def table_of(report: FrozenReport, name: str) -> Table:
    """Return one table; NotFound if there is none of that name."""
    found = next((one.table for one in tables(report) if one.name == name), None)
    if found is None:
        raise NotFound()
    return found


def _matrix_table(matrix: FrozenMatrix, notes: tuple[tuple[str, str], ...]) -> Table:
    columns = [Column("topic", "Thema")]
    for code, label in (*((one.code, one.label) for one in matrix.columns), ("total", "Summe")):
        columns.append(Column(f"{code} people", f"{label}: Personen", NUMBER))
        columns.append(Column(f"{code} seats", f"{label}: Plätze", NUMBER))

    def line(label: str, cells: Any, total: Any) -> dict[str, Any]:
        values: dict[str, Any] = {"topic": label}
        for code, cell in zip((*(one.code for one in matrix.columns), "total"), (*cells, total), strict=True):
            values |= {f"{code} people": cell.people, f"{code} seats": cell.seats}
        return values

    rows = [line(row.topic.label, row.cells, row.total) for row in matrix.rows]
    return Table("Bedarf und Plätze", columns, rows, notes, line("Summe", matrix.totals, matrix.total))


def _run_line(run: FrozenRun) -> dict[str, Any]:
    place = run.place or ("online" if run.online else "")
    return {**asdict(run), "counted": run.counted, "day": run.day, "place": place, "state": run.run_state}


def stand(report: FrozenReport) -> str:
    """Return of when the figures are, in German."""
    if report.at is None:
        return f"Ende des {report.as_of:%d.%m.%Y}"
    return f"{report.at.astimezone(BERLIN):%d.%m.%Y, %H:%M} Uhr"


def notes_of(report: FrozenReport) -> tuple[tuple[str, str], ...]:
    """Return what stands beside the figures in every file: of when, what was asked, who froze it."""
    made = f"{report.made_at.astimezone(BERLIN):%d.%m.%Y, %H:%M} Uhr, {report.made_by_label}".rstrip(", ")
    asked = [(name, said) for name, said in report.query.get("words", ())]
    return (
        ("Bericht", report.title), ("Stand", stand(report)), *(asked or [("Filter", "keine: alle Mitglieder, alle Module")]),
        ("Festgeschrieben", made), ("Prüfsumme", report.checksum),
    )  # fmt: skip


def zip_bytes(report: FrozenReport) -> bytes:
    """Return all tables and the definitions as CSV files in one ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(tables(report), start=1):
            archive.writestr(f"{number:02}-{slugify(one.label)}.csv", csv_bytes(one.table))
        columns = [Column("name", "Begriff"), Column("sentence", "Bedeutung")]
        said = [*notes_of(report), *report.method["definitions"]]
        lines = [{"name": name, "sentence": sentence} for name, sentence in said]
        archive.writestr("00-definitionen.csv", csv_bytes(Table("Definitionen", columns, lines)))
    return buffer.getvalue()


def document(report: FrozenReport) -> dict[str, Any]:
    """Return the report as documented in docs/reports.md."""
    return {
        "schema": SCHEMA,
        "id": str(report.id),
        "title": report.title,
        "purpose": report.purpose,
        "as_of": report.as_of.isoformat(),
        "at": report.at.isoformat() if report.at else None,
        "made_at": report.made_at.isoformat(),
        "made_by": report.made_by_label,
        "archived": report.archived_at is not None,
        "query": report.query,
        "summary": report.summary,
        "figures": report.figures,
        "method": report.method,
        "checksum": report.checksum,
    }


def json_bytes(report: FrozenReport) -> bytes:
    """Return :func:`document` as a file."""
    return json.dumps(document(report), ensure_ascii=False, indent=1).encode()


def file_stem(report: FrozenReport) -> str:
    """Return the beginning of file names: ASCII only, with the day."""
    return f"{slugify(report.title)[:60] or 'bericht'}-{report.as_of.isoformat()}"
