"""Looks through an XLSX file before anything else reads it: zip bombs, entities, encryption, what a list must not contain.

Limits after OWASP ASVS 5.0, 5.2 and 5.3. Only the sheet that is read counts for rows, columns and cells.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

from catalogue.services.errors import Invalid
from catalogue.texts import N_

__all__ = ["MOST_CELL", "MOST_COLUMNS", "MOST_ROWS", "check_zip", "refuse", "scan_sheet"]

MOST_MEMBERS = 200
MOST_BYTES = 50 * 1024 * 1024  # unpacked, all parts together
MOST_RATIO = 100  # unpacked to packed; small files may be denser
SMALL = 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100
MOST_CELL = 32_767
MOST_STRINGS = 1_000_000
CHUNK = 64 * 1024
SHARED = "xl/sharedStrings.xml"
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def refuse(message: str, **params: Any) -> Invalid:
    """Return the refusal of a whole file, in one sentence."""
    return Invalid("file", message, **params)


def check_zip(file: zipfile.ZipFile) -> None:
    """Refuse an archive that would unpack to too much or hides what it holds."""
    members = file.infolist()
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MOST_MEMBERS or total > MOST_BYTES:
        raise refuse(N_("Die Datei enthält zu viel. Teilen Sie die Liste in kleinere Dateien."))
    if total > SMALL and total > MOST_RATIO * max(packed, 1):
        raise refuse(
            N_("Die Datei ist ungewöhnlich stark gepackt und wird nicht geöffnet. Speichern Sie die Liste als CSV.")
        )
    names = {member.filename for member in members}
    if any(member.flag_bits & 1 for member in members):
        raise refuse(N_("Die Datei ist mit einem Kennwort geschützt. Speichern Sie sie ohne Kennwort."))
    if any(name.startswith(("/", "\\")) or ".." in posixpath.normpath(name).split("/") for name in names):
        raise refuse(
            N_("Die Datei ist beschädigt. Öffnen Sie sie in Excel oder LibreOffice und speichern Sie sie neu.")
        )
    if "xl/workbook.xml" not in names or len(names) != len(members):
        raise refuse(N_("Das ist keine Excel-Arbeitsmappe. Speichern Sie die Liste als XLSX oder CSV."))
    for name in sorted(names):
        if name.endswith((".xml", ".rels")) and not name.startswith("xl/worksheets/"):
            _scan(file, name, _Strings() if name == SHARED else None)


@dataclass
class _Strings:
    """Counts the texts that cells share, and how long each is."""

    count: int = 0
    length: int = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "si":
            self.count, self.length = self.count + 1, 0
            if self.count > MOST_STRINGS:
                raise refuse(N_("Die Datei enthält zu viel. Teilen Sie die Liste in kleinere Dateien."))

    def end(self, _name: str) -> None:
        """Nothing is counted at an end."""

    def text(self, data: str) -> None:
        self.length += len(data)
        if self.length > MOST_CELL:
            raise refuse(N_("Eine Zelle enthält mehr als %(most)s Zeichen. Kürzen Sie den Text."), most=MOST_CELL)


@dataclass
class _Sheet:
    """Goes through the cells of the sheet."""

    rows: int = 0
    cells: int = 0
    place: str = ""
    formula: bool = False
    is_text: bool = False
    has_value: bool = False
    length: int = 0
    merged: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        if kind == "c":
            self._cell(attributes)
        elif kind == "f":
            self.formula = True
        elif kind in ("v", "is"):
            self.has_value, self.length = self.is_text, 0  # an empty result is one only of a formula that gives text
        elif kind == "row":
            self._row(attributes)
        elif kind == "mergeCell":
            raise refuse(
                N_(
                    "Die Zellen %(cells)s sind verbunden. Heben Sie die Verbindung auf, damit jede Zeile für sich steht."
                ),
                cells=attributes.get("ref", ""),
            )

    def _row(self, attributes: dict[str, str]) -> None:
        self.rows += 1
        number = attributes.get("r", "")
        if self.rows > MOST_ROWS + 1 or (number.isdecimal() and int(number[:12]) > MOST_ROWS + 1):
            raise refuse(N_("Die Liste hat mehr als %(most)s Zeilen. Teilen Sie sie."), most=MOST_ROWS)

    def _cell(self, attributes: dict[str, str]) -> None:
        self.place, self.is_text = attributes.get("r", ""), attributes.get("t") == "str"
        self.formula, self.has_value, self.length = False, False, 0
        found = _REFERENCE.fullmatch(self.place)
        if self.place and (found is None or column_number(found[1]) > MOST_COLUMNS):
            raise refuse(N_("Die Liste hat mehr als %(most)s Spalten."), most=MOST_COLUMNS)
        self.cells += 1

    def end(self, name: str) -> None:
        kind = name.rpartition(":")[2]
        if kind == "v":
            self.has_value = self.has_value or self.length > 0
        elif kind == "c" and self.formula and not self.has_value:
            raise refuse(
                N_("In Zelle %(cell)s steht eine Formel ohne gespeichertes Ergebnis. Speichern Sie die Datei in Excel oder "
                   "LibreOffice neu, oder ersetzen Sie Formeln durch Werte."),
                cell=self.place,
            )  # fmt: skip

    def text(self, data: str) -> None:
        self.length += len(data)
        if self.length > MOST_CELL:
            raise refuse(N_("Eine Zelle enthält mehr als %(most)s Zeichen. Kürzen Sie den Text."), most=MOST_CELL)


def scan_sheet(file: zipfile.ZipFile, name: str) -> int:
    """Refuse a sheet with too many rows or columns, merged cells or formulas without a result; return how many rows it has."""
    counter = _Sheet()
    _scan(file, name, counter)
    return counter.rows


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _scan(file: zipfile.ZipFile, name: str, counter: Any) -> None:
    """Parse one part without keeping anything of it; declarations of types and entities are refused at their first letter."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declaration
    if counter is not None:
        parser.StartElementHandler = counter.start
        parser.EndElementHandler = counter.end
        parser.CharacterDataHandler = counter.text
    try:
        with file.open(name) as part:
            for chunk in _chunks(part):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (
        expat.ExpatError,
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise refuse(
            N_("Die Datei ist beschädigt. Öffnen Sie sie in Excel oder LibreOffice und speichern Sie sie neu.")
        ) from error


def _refuse_declaration(*_: object) -> None:
    raise refuse(N_("Die Datei enthält Verweise, die eine Liste nicht braucht, und wird nicht geöffnet."))


def _chunks(part: IO[bytes]) -> Iterator[bytes]:
    while chunk := part.read(CHUNK):
        yield chunk
