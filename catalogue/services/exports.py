"""Tables that leave the house: CSV and XLSX in which no cell is ever executed (OWASP ASVS 5.0, 1.2.10)."""

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast
from zoneinfo import ZoneInfo

from catalogue.services.sorting import slugify
from catalogue.texts import Labelled

__all__ = [
    "MEDIA_TYPES",
    "Column",
    "Format",
    "Kind",
    "Table",
    "csv_bytes",
    "file_name",
    "meant",
    "render",
    "xlsx_bytes",
]

BERLIN = ZoneInfo("Europe/Berlin")
# what spreadsheets take for the beginning of a formula, full-width forms included; NUL and line breaks hide one from a check
DANGEROUS = tuple("=+-@\t\r\n\0＝＋－＠")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")  # not allowed in XML
CELL_LIMIT = 32_767  # characters, a limit of the format; longer texts would be dropped silently
EXACT = 2**53  # spreadsheets keep numbers as doubles
FIRST_YEAR = 1900  # of the format's calendar


class Format(StrEnum):
    """What a table can be downloaded as."""

    CSV = "csv"
    XLSX = "xlsx"


class Kind(StrEnum):
    """What the cells of a column hold. Everything may also be None (an empty cell)."""

    TEXT = "text"  # str, an enum with a label, or a list of these
    NUMBER = "number"  # int, float or Decimal
    DATE = "date"
    MOMENT = "moment"  # aware datetime, written in Berlin time
    URL = "url"  # written as text, never as a live link


MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Column:
    """One column: the key of its values in each row, its German heading, the kind of its values."""

    key: str
    label: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Table:
    """What is exported: the title names the file, the notes (as-of date, filters) go on a second sheet of the XLSX.

    The footer is a last row of totals, outside the filter of the XLSX.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[tuple[str, str]] = ()
    footer: Mapping[str, Any] | None = None

    @property
    def lines(self) -> list[Mapping[str, Any]]:
        """All rows with the footer."""
        return [*self.rows, self.footer] if self.footer is not None else list(self.rows)


def render(table: Table, format: Format) -> bytes:
    """Return *table* as a file of *format*."""
    return csv_bytes(table) if format == Format.CSV else xlsx_bytes(table)


def file_name(table: Table, format: Format, on: date) -> str:
    """Return "titel-2026-11-18.csv": ASCII only, safe in a header and on every disk."""
    return f"{slugify(table.title)}-{on.isoformat()}.{format.value}"


def csv_bytes(table: Table) -> bytes:
    """Return *table* as German Excel opens it: UTF-8 with BOM, semicolons, CRLF, decimal commas, dates as TT.MM.JJJJ."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([_harmless(column.label) for column in table.columns])
    for row in table.lines:
        writer.writerow([_csv_cell(row.get(column.key), column.kind) for column in table.columns])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def _csv_cell(value: Any, kind: Kind) -> str:
    typed = _typed(value, kind)
    if isinstance(typed, str):
        return _harmless(typed)
    if isinstance(typed, datetime):
        return typed.strftime("%d.%m.%Y %H:%M")
    if isinstance(typed, date):
        return typed.strftime("%d.%m.%Y")
    return "" if typed is None else str(typed).replace(".", ",")


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip("'").startswith(DANGEROUS) else text


def meant(cell: str) -> str:
    """Return the text that :func:`csv_bytes` wrote as *cell*: without the apostrophe in front of what looks like a formula."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(DANGEROUS) else cell


def xlsx_bytes(table: Table) -> bytes:
    """Return *table* as a workbook: sheet "Daten" with frozen heading and filter, sheet "Angaben" with title and notes."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    import xlsxwriter  # here, because it would make every start longer

    with xlsxwriter.Workbook(buffer, options) as book:
        formats = {
            "bold": book.add_format({"bold": True}),
            Kind.DATE: book.add_format({"num_format": "dd.mm.yyyy"}),
            Kind.MOMENT: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
        }
        _write_data(book.add_worksheet("Daten"), table, formats)
        _write_notes(book.add_worksheet("Angaben"), table, formats)
    return buffer.getvalue()


def _write_data(sheet: Any, table: Table, formats: Mapping[str, Any]) -> None:
    for place, column in enumerate(table.columns):
        _write_text(sheet, 0, place, column.label, formats["bold"])
        sheet.set_column(place, place, _width(table, column))
    for line, row in enumerate(table.lines, start=1):
        for place, column in enumerate(table.columns):
            _write_cell(sheet, line, place, _typed(row.get(column.key), column.kind), formats)
    sheet.freeze_panes(1, 0)
    if table.columns:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _write_notes(sheet: Any, table: Table, formats: Mapping[str, Any]) -> None:
    _write_text(sheet, 0, 0, table.title, formats["bold"])
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 80)
    for line, (name, text) in enumerate(table.notes, start=1):
        _write_text(sheet, line, 0, name)
        _write_text(sheet, line, 1, text)


def _write_cell(sheet: Any, line: int, place: int, value: Any, formats: Mapping[str, Any]) -> None:
    if isinstance(value, str):
        _write_text(sheet, line, place, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, value, formats[Kind.MOMENT])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, formats[Kind.DATE])
    elif value is not None:
        sheet.write_number(line, place, value)


def _write_text(sheet: Any, line: int, place: int, text: str, style: Any = None) -> None:
    clean = CONTROL.sub("", text)[:CELL_LIMIT]
    if clean:
        sheet.write_string(line, place, clean, style)


def _fits(value: Any) -> bool:
    """Whether *value* is a number that a spreadsheet can keep."""
    return isinstance(value, int | float | Decimal) and math.isfinite(value) and -EXACT < value < EXACT


def _typed(value: Any, kind: Kind) -> str | int | float | Decimal | date | datetime | None:
    """Return *value* as what its column promises; what does not fit stays readable as text."""
    if value is None:
        return None
    if kind == Kind.NUMBER and _fits(value):
        return int(value) if isinstance(value, bool) else cast(Decimal, value)
    if kind == Kind.MOMENT and isinstance(value, datetime) and value.year >= FIRST_YEAR:
        return value.astimezone(BERLIN).replace(tzinfo=None)
    if kind == Kind.DATE and isinstance(value, date) and value.year >= FIRST_YEAR:
        return value.astimezone(BERLIN).date() if isinstance(value, datetime) else value
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Labelled):
        return str(value.label)
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value)
    return str(value)


def _width(table: Table, column: Column) -> int:
    """Return a width in characters that shows most cells, between 10 and 60."""
    longest = max((len(_text(row.get(column.key) or "")) for row in table.rows[:200]), default=0)
    return min(60, max(10, longest + 2, len(column.label) + 4))
