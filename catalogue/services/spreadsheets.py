"""Lists that people upload, XLSX or CSV, as rows of cells with their addresses. A file that cannot be read safely is refused whole."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.services import workbooks
from catalogue.services.exports import meant
from catalogue.services.workbook_guard import MOST_CELL, MOST_COLUMNS, MOST_ROWS, refuse
from catalogue.texts import N_

__all__ = ["Cell", "Line", "Sheet", "as_text", "column_letter", "open_sheet"]

Cell = str | int | float | Decimal | bool | date | datetime | None
ZIP, OLE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = (";", "\t", ",")
CONTROLS = {chr(code) for code in range(32)} - {"\t", "\n", "\r"}


@dataclass(frozen=True)
class Line:
    """One row: its number in the file (the first is 1) and its cells, at most as many as there are headings."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no cell says anything."""
        return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """A list that can be read: its headings, how it was read (for people), and how many rows there are at most."""

    content: bytes
    headings: tuple[str, ...]
    about: str
    rows: int
    is_workbook: bool
    encoding: str = ""
    delimiter: str = ""

    def lines(self) -> Iterator[Line]:
        """Yield all rows below the headings that are not empty."""
        rows = (
            workbooks.cells(self.content) if self.is_workbook else _csv_rows(_decoded(self.content)[0], self.delimiter)
        )
        found = False
        for number, row in enumerate(rows, start=1):
            line = Line(
                number, tuple(_clean(cell) for cell in row[: len(self.headings) if found else MOST_COLUMNS + 1])
            )
            if found and not line.is_empty:
                yield line
            found = found or not line.is_empty


def open_sheet(name: str, content: bytes) -> Sheet:
    """Check the file and return it as a sheet; raises :class:`Invalid` ("file") with one sentence that says what to do."""
    if not content.strip(b"\0 \t\r\n"):
        raise refuse(N_("Die Datei ist leer."))
    extension = name.rpartition(".")[2].lower()
    if content.startswith(OLE):
        raise refuse(_old_or_locked(content))
    if extension == "xlsx":
        return _workbook(content)
    if extension in ("csv", "txt", "tsv"):
        return _csv(content)
    raise refuse(N_("Wählen Sie eine Datei, deren Name auf .xlsx oder .csv endet."))


def _old_or_locked(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return N_("Die Datei ist mit einem Kennwort geschützt. Speichern Sie sie ohne Kennwort.")
    return N_("Das ist das alte Excel-Format (XLS). Speichern Sie die Liste als XLSX.")


def _workbook(content: bytes) -> Sheet:
    if not content.startswith(ZIP):
        raise refuse(N_("Das ist keine Excel-Arbeitsmappe. Speichern Sie die Liste als XLSX oder CSV."))
    name, rows = workbooks.sheet_name(content)
    return Sheet(content, _headings(workbooks.cells(content)), f"Blatt „{name}“", rows, is_workbook=True)


def _csv(content: bytes) -> Sheet:
    if content.startswith((ZIP, PDF)):
        raise refuse(N_("Der Name endet auf .csv, der Inhalt ist aber keine CSV-Datei."))
    text, encoding = _decoded(content)
    _check_text(text)
    delimiter = _delimiter(text)
    rows = _checked_count(text, delimiter)
    headings = _headings(_csv_rows(text, delimiter))
    return Sheet(content, headings, encoding, rows, is_workbook=False, encoding=encoding, delimiter=delimiter)


def _decoded(content: bytes) -> tuple[str, str]:
    """Return the text and what its encoding is called."""
    if content.startswith(UTF16):
        wanted = [("utf-16", "UTF-16")]
    elif content.startswith(b"\xef\xbb\xbf"):
        wanted = [("utf-8-sig", "UTF-8")]
    else:
        wanted = [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")]
    for codec, name in wanted:
        try:
            return content.decode(codec), name
        except UnicodeDecodeError:
            continue
    raise refuse(N_("Der Zeichensatz ist unbekannt. Speichern Sie die Liste als „CSV UTF-8“."))


def _check_text(text: str) -> None:
    if not CONTROLS.isdisjoint(text):
        raise refuse(
            N_("Die Datei enthält Steuerzeichen und ist vermutlich keine Textdatei. Speichern Sie sie als „CSV UTF-8“.")
        )
    rest = text.replace("\r\n", "")
    if "\r" in rest and "\n" in text:
        raise refuse(
            N_(
                "Die Zeilenenden sind uneinheitlich. Öffnen Sie die Datei in Excel und speichern Sie sie als „CSV UTF-8“."
            )
        )


def _delimiter(text: str) -> str:
    """Return what stands most often between the headings, outside of quotes."""
    counts, quoted = dict.fromkeys(DELIMITERS, 0), False
    for letter in text.lstrip("\r\n; ,\t")[:MOST_CELL]:
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            break
        elif letter in counts and not quoted:
            counts[letter] += 1
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def _checked_count(text: str, delimiter: str) -> int:
    count = 0
    for row in _csv_rows(text, delimiter):
        count += 1
        if count > MOST_ROWS + 1:
            raise refuse(N_("Die Liste hat mehr als %(most)s Zeilen. Teilen Sie sie."), most=MOST_ROWS)
        if len(row) > MOST_COLUMNS and any(row[MOST_COLUMNS:]):
            raise refuse(N_("Die Liste hat mehr als %(most)s Spalten."), most=MOST_COLUMNS)
        if any(len(cell) > MOST_CELL for cell in row):
            raise refuse(N_("Eine Zelle enthält mehr als %(most)s Zeichen. Kürzen Sie den Text."), most=MOST_CELL)
    return count


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield [meant(cell) for cell in row]
    except csv.Error as error:
        raise refuse(
            N_("Ab Zeile %(line)s stimmen die Anführungszeichen nicht oder eine Zelle ist zu lang."),
            line=reader.line_num,
        ) from error


def _headings(rows: Iterator[Any]) -> tuple[str, ...]:
    """Return the first row that says something, without empty cells at its end."""
    for row in rows:
        texts = [" ".join(as_text(_clean(cell)).split())[:200] for cell in row[: MOST_COLUMNS + 1]]
        while texts and not texts[-1]:
            texts.pop()
        if len(texts) > MOST_COLUMNS:
            raise refuse(N_("Die Liste hat mehr als %(most)s Spalten."), most=MOST_COLUMNS)
        if texts:
            return tuple(texts)
    raise refuse(N_("Die Datei ist leer."))


def _clean(cell: Any) -> Cell:
    if isinstance(cell, str):
        return cell.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    if cell is None or isinstance(cell, bool | int | float | Decimal | date | datetime):
        return cell
    return str(cell)


def as_text(cell: Cell) -> str:
    """Return what a person sees in the cell: whole numbers without ".0", days as 16.02.2027."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else str(cell).replace(".", ",")
    if isinstance(cell, datetime) and cell.time() != datetime.min.time():
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    return str(cell)


def column_letter(place: int) -> str:
    """Return "A" for 0, "AA" for 26."""
    letters, number = "", place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
