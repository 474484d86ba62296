"""Tables that leave the house: CSV and XLSX in which no cell is ever executed (OWASP ASVS 5.0, 1.2.10)."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast, overload
from zoneinfo import ZoneInfo

from catalogue.services.sorting import slugify
from catalogue.texts import Labelled

__all__ = [
    "MEDIA_TYPES",
    "Column",
    "Format",
    "Kind",
    "Lines",
    "Table",
    "book_bytes",
    "csv_bytes",
    "file_name",
    "meant",
    "open_book",
    "render",
    "write_notes",
    "write_table",
    "xlsx_bytes",
]

BERLIN = ZoneInfo("Europe/Berlin")
# what spreadsheets take for the beginning of a formula, full-width forms included; NUL and line breaks hide one from a check
DANGEROUS = tuple("=+-@\t\r\n\0＝＋－＠")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")  # not allowed in XML
CELL_LIMIT = 32_767  # characters, a limit of the format; longer texts would be dropped silently
EXACT = 2**53  # spreadsheets keep numbers as doubles
FIRST_YEAR = 1900  # of the format's calendar
SHEET_NAME = 31  # characters, a limit of the format
Pairs = Sequence[tuple[str, str]]


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
    def lines(self) -> Iterator[Mapping[str, Any]]:
        """All rows, then the footer."""
        yield from self.rows
        if self.footer is not None:
            yield self.footer


class Lines(Sequence[Mapping[str, Any]]):
    """Rows that are made from *things* one by one while they are written: a hundred thousand are never in memory together."""

    def __init__(self, things: Sequence[Any], shape: Callable[[Any], Mapping[str, Any]]) -> None:
        self.things, self.shape = things, shape

    def __len__(self) -> int:
        return len(self.things)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return map(self.shape, self.things)

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        if isinstance(place, slice):
            return [self.shape(thing) for thing in self.things[place]]
        return self.shape(self.things[place])


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
    with open_book(buffer) as (book, formats):
        write_table(book.add_worksheet("Daten"), table, formats)
        write_notes(book.add_worksheet("Angaben"), table.title, table.notes, formats)
    return buffer.getvalue()


def book_bytes(title: str, tables: Sequence[Table], notes: Pairs, definitions: Pairs) -> bytes:
    """Return a workbook with one sheet per table, named as the table, and the sheets "Angaben" and "Definitionen"."""
    buffer = io.BytesIO()
    with open_book(buffer) as (book, formats):
        for table in tables:
            write_table(book.add_worksheet(table.title[:SHEET_NAME]), table, formats)
        write_notes(book.add_worksheet("Angaben"), title, notes, formats)
        write_notes(book.add_worksheet("Definitionen"), "So wird gezählt", definitions, formats)
    return buffer.getvalue()


@contextmanager
def open_book(target: io.BytesIO) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Give a workbook, written to *target* at the end, and its formats.

    Each row goes to a temporary file as soon as the next one begins: cells must be written line by line, downwards.
    """
    import xlsxwriter  # here, because it would make every start longer

    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        yield (
            book,
            {
                "bold": book.add_format({"bold": True}),
                Kind.DATE: book.add_format({"num_format": "dd.mm.yyyy"}),
                Kind.MOMENT: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
            },
        )


def write_table(sheet: Any, table: Table, formats: Mapping[str, Any]) -> None:
    """Write headings, rows and footer of *table*, with frozen heading and filter."""
    for place, width in enumerate(_widths(table)):
        sheet.set_column(place, place, width)
    for place, column in enumerate(table.columns):
        _write_text(sheet, 0, place, column.label, formats["bold"])
    columns = [(column.key, column.kind) for column in table.columns]
    for line, row in enumerate(table.lines, start=1):
        for place, (key, kind) in enumerate(columns):
            value = row.get(key)
            if type(value) is str:
                _write_text(sheet, line, place, value)
            elif value is not None:
                _write_cell(sheet, line, place, _typed(value, kind), formats)
    sheet.freeze_panes(1, 0)
    if table.columns:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def write_notes(sheet: Any, title: str, notes: Sequence[tuple[str, str]], formats: Mapping[str, Any]) -> None:
    """Write a title and below it names with their texts."""
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 80)
    _write_text(sheet, 0, 0, title, formats["bold"])
    for line, (name, text) in enumerate(notes, start=1):
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
    clean = (text if text.isprintable() else CONTROL.sub("", text))[:CELL_LIMIT]
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


def _widths(table: Table) -> Iterator[int]:
    """Yield for each column a width in characters that shows most cells, between 10 and 60."""
    first = table.rows[:200]
    for column in table.columns:
        longest = max((len(_text(row.get(column.key) or "")) for row in first), default=0)
        yield min(60, max(10, longest + 2, len(column.label) + 4))
