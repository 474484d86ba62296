"""Lists are read as people mean them; files that could do harm or cannot be understood are refused with one sentence."""

import io
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from catalogue.services.errors import Invalid
from catalogue.services.spreadsheets import as_text, column_letter, open_sheet
from tests.services.lists import workbook

SHEET = "xl/worksheets/sheet1.xml"
GOOD = workbook([["Titel", "Ort"], ["Eins", "Erfurt"]])
TYPE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">%s]>'


def replaced(name: str, change: Callable[[str], str], base: bytes = GOOD) -> bytes:
    """A workbook with one part rewritten."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content.decode()) if member.filename == name else content)
    return buffer.getvalue()


def cells_in_sheet(xml: str) -> bytes:
    return replaced(SHEET, lambda text: text.replace("</sheetData>", f"{xml}</sheetData>"))


def with_member(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def encrypted_flag(content: bytes) -> bytes:
    return content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")


def rows_of(content: bytes, name: str) -> list[tuple[Any, ...]]:
    return [line.cells for line in open_sheet(name, content).lines()]


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("a.xlsx", lambda: b""),
    "only zeros": ("a.csv", lambda: b"\0" * 1000),
    "not a zip": ("a.xlsx", lambda: b"Titel;Ort\n"),
    "truncated": ("a.xlsx", lambda: GOOD[: len(GOOD) // 2]),
    "old excel": ("a.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "old excel renamed": ("a.xlsx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Workbook" * 80),
    "encrypted": (
        "a.xlsx",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
    ),
    "encrypted parts": ("a.xlsx", lambda: encrypted_flag(GOOD)),
    "a zip of something else": ("a.xlsx", lambda: zipped({"readme.txt": b"Hallo"})),
    "a workbook called csv": ("a.csv", lambda: GOOD),
    "a program": ("a.exe", lambda: b"MZ" + b"\0" * 100),
    "zip slip": ("a.xlsx", lambda: with_member("../../etc/passwd", b"x")),
    "many members": ("a.xlsx", lambda: zipped({f"x{number}.xml": b"" for number in range(300)})),
    "zip bomb": ("a.xlsx", lambda: with_member("xl/media/bomb.bin", b"\0" * 60_000_000)),
    "dense bomb": ("a.xlsx", lambda: with_member("xl/media/bomb.bin", b"\0" * 20_000_000)),
    "bomb in the sheet": (
        "a.xlsx",
        lambda: cells_in_sheet("<row><c t='str'><v>" + "A" * 45_000_000 + "</v></c></row>"),
    ),
    "entity bomb": (
        "a.xlsx",
        lambda: replaced("xl/workbook.xml", lambda text: TYPE % "" + text.replace("Sheet", "&b;", 1)),
    ),
    "external entity": (
        "a.xlsx",
        lambda: replaced(SHEET, lambda text: TYPE % '<!ENTITY c SYSTEM "file:///etc/passwd">' + text),
    ),
    "broken xml": ("a.xlsx", lambda: replaced(SHEET, lambda text: text.replace("</row>", "", 1))),
    "no visible sheet": (
        "a.xlsx",
        lambda: replaced("xl/workbook.xml", lambda text: text.replace('state="visible"', 'state="hidden"')),
    ),
    "too many rows": ("a.xlsx", lambda: cells_in_sheet("<row/>" * 20_002)),
    "a row far below": ("a.xlsx", lambda: cells_in_sheet('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')),
    "a column far right": ("a.xlsx", lambda: cells_in_sheet('<row r="3"><c r="XFD3"><v>1</v></c></row>')),
    "a million columns": ("a.xlsx", lambda: cells_in_sheet('<row r="3"><c r="ZZZZ3"><v>1</v></c></row>')),
    "a long cell": (
        "a.xlsx",
        lambda: cells_in_sheet('<row r="3"><c r="A3" t="inlineStr"><is><t>' + "xy z" * 8_192 + "</t></is></c></row>"),
    ),
    "merged cells": (
        "a.xlsx",
        lambda: replaced(
            SHEET,
            lambda text: text.replace("</sheetData>", '</sheetData><mergeCells><mergeCell ref="A2:B2"/></mergeCells>'),
        ),
    ),
    "a formula without result": ("a.xlsx", lambda: cells_in_sheet('<row r="3"><c r="A3"><f>1+1</f></c></row>')),
    "a formula with an empty result": (
        "a.xlsx",
        lambda: cells_in_sheet('<row r="3"><c r="A3"><f>1+1</f><v></v></c></row>'),
    ),
    "an empty workbook": ("a.xlsx", lambda: workbook([])),
    "csv with controls": ("a.csv", lambda: b"Titel\n\x01\x02"),
    "csv with mixed ends": ("a.csv", lambda: b"Titel\r\nEins\rZwei\r\n"),
    "csv with an open quote": ("a.csv", lambda: b'Titel;Ort\n"Eins;Erfurt\n'),
    "csv with stray quotes": ("a.csv", lambda: b'Titel;Ort\n"Eins" und;Erfurt\n'),
    "csv with a long cell": ("a.csv", lambda: b"Titel\n" + b"x" * 40_000),
    "csv with very long cells": ("a.csv", lambda: b"Titel\n" + b"x" * 400_000),
    "csv with many rows": ("a.csv", lambda: b"Titel\n" + b"x\n" * 20_001),
    "csv with many columns": ("a.csv", lambda: b";".join([b"x"] * 101)),
    "csv in no encoding": ("a.csv", lambda: b"Titel\n\x81\x8d\n"),
    "broken utf-16": ("a.csv", lambda: b"\xff\xfeT\0i\0t\0\0\xd8"),
    "utf-16 without mark": ("a.csv", lambda: "Titel;Ort".encode("utf-16-le")),
    "a picture": ("a.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
}


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_with_one_sentence(case: str) -> None:
    name, make = HOSTILE[case]
    with pytest.raises(Invalid) as refused:
        list(open_sheet(name, make()).lines())
    (sentence,) = refused.value.fields.values()
    assert list(refused.value.fields) == ["file"]
    assert str(sentence).endswith(".")


@pytest.mark.slow
def test_refusing_takes_little_memory(tmp_path: Path) -> None:
    cases = ("zip bomb", "dense bomb", "bomb in the sheet", "entity bomb", "too many rows", "csv with many rows")
    for case in cases:
        name, make = HOSTILE[case]
        (tmp_path / f"{case}{Path(name).suffix}").write_bytes(make())
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from catalogue.services.errors import Invalid
        from catalogue.services.spreadsheets import open_sheet
        for path in sorted(Path(sys.argv[1]).iterdir()):
            try:
                list(open_sheet(path.name, path.read_bytes()).lines())
            except Invalid:
                # not getrusage: its peak is inherited from the process that started this one
                status = Path("/proc/self/status").read_text().splitlines()
                peak = next(line for line in status if line.startswith("VmHWM"))
                print(path.stem, int(peak.split()[1]) // 1024, sep="=")
    """)
    answer = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    peaks = dict(line.split("=") for line in answer.stdout.splitlines())
    assert sorted(peaks) == sorted(cases)
    assert max(map(int, peaks.values())) < 300, peaks


@pytest.mark.parametrize(
    ("content", "name", "about"),
    [
        ("Titel;Ort\r\nÖl;Köln\r\n".encode(), "a.csv", "UTF-8"),
        ("Titel;Ort\r\nÖl;Köln\r\n".encode("utf-8-sig"), "a.csv", "UTF-8"),
        ("Titel;Ort\r\nÖl;Köln\r\n".encode("cp1252"), "a.CSV", "Windows-1252"),
        ("Titel\tOrt\r\nÖl\tKöln\r\n".encode("utf-16"), "a.txt", "UTF-16"),
        (b'Titel,"Ort; Land"\n\xc3\x96l,K\xc3\xb6ln', "a.csv", "UTF-8"),
        ("Titel;Ort\rÖl;Köln\r".encode(), "a.csv", "UTF-8"),
        ("\r\n;;\r\nTitel;Ort;\r\n\r\nÖl;Köln;\r\n;;\r\n".encode(), "a.csv", "UTF-8"),
        (workbook([[None, None], ["Titel", "Ort", None], [], ["Öl", "Köln", "mehr"]]), "a.xlsx", "Blatt „Sheet“"),
    ],
)
def test_usual_files_are_read_whatever_their_encoding_and_separator(content: bytes, name: str, about: str) -> None:
    sheet = open_sheet(name, content)
    assert (sheet.headings[0], sheet.headings[1][:3], sheet.about) == ("Titel", "Ort", about)
    assert [line.cells for line in sheet.lines()] == [("Öl", "Köln")]


def test_lines_carry_the_number_that_a_spreadsheet_shows() -> None:
    assert [line.number for line in open_sheet("a.csv", b"\nTitel\n\nEins\nZwei\n").lines()] == [4, 5]
    assert [line.number for line in open_sheet("a.xlsx", workbook([["Titel"], [], ["Eins"]])).lines()] == [3]


def test_numbers_days_and_results_of_formulas_come_as_what_they_are() -> None:
    rows = rows_of(workbook([["a", "b", "c", "d"], [1, 2.5, datetime(2026, 2, 1), True]]), "a.xlsx")  # noqa: DTZ001
    assert [as_text(cell) for cell in rows[0]] == ["1", "2,5", "01.02.2026", "ja"]
    result = cells_in_sheet('<row r="3"><c r="A3"><f>1+1</f><v>2</v></c><c r="B3" t="str"><f>""</f><v></v></c></row>')
    assert rows_of(result, "a.xlsx")[1] == (2, None)


def test_dates_of_old_mac_workbooks_are_read_as_they_are_shown() -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append(["Stand"])
    book.worksheets[0].append([datetime(2026, 2, 1)])  # noqa: DTZ001
    buffer = io.BytesIO()
    book.save(buffer)
    assert b"1904" in zipfile.ZipFile(buffer).read("xl/workbook.xml")
    assert [as_text(row[0]) for row in rows_of(buffer.getvalue(), "a.xlsx")] == ["01.02.2026"]


def test_only_the_first_visible_sheet_is_read() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Module").append(["Titel"])
    book.create_sheet("Notizen").append(["anderes"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert open_sheet("a.xlsx", buffer.getvalue()).about == "Blatt „Module“"


def test_columns_have_letters_as_in_a_spreadsheet() -> None:
    assert [column_letter(place) for place in (0, 25, 26, 51, 52, 99)] == ["A", "Z", "AA", "AZ", "BA", "CV"]
