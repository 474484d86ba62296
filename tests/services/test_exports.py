"""Exports are read back with other programs' eyes: csv and openpyxl."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalogue.models import Relevance
from catalogue.services.errors import NotFound
from catalogue.services.exports import CELL_LIMIT, Column, Format, Kind, Table, csv_bytes, file_name, xlsx_bytes
from catalogue.web.downloads import download

HOSTILE = [
    "=1+1", "@SUM(A1)", "-2+3", "+49 361 123", "\t=1+1", "\r=1+1", "\n=1+1", "\0=1+1", "＝1+1", "=HYPERLINK(\"http://x\";\"y\")",
    "http://evil.example", "mailto:a@b.example", "{=1}", "internal:A1", "TRUE", "#N/A", "1e5", "00049", "a;b", 'a"b', "a\r\nb",
    "_x0041_", "\u202everkehrt", "\ufffe", "<b>&amp;", "x" * 40_000,
]  # fmt: skip


def text_table(*cells: str) -> Table:
    return Table("Bericht", [Column("cell", "Zelle")], [{"cell": cell} for cell in cells])


def read_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def read_xlsx(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.mark.parametrize("cell", HOSTILE)
def test_no_cell_is_ever_a_formula_or_a_link(cell: str) -> None:
    table = text_table(cell)
    written = read_csv(csv_bytes(table))[1][0]
    assert not written.startswith(tuple("=+-@\t\r\n\0＝"))
    assert written in (cell, f"'{cell}")
    book = read_xlsx(xlsx_bytes(table))
    found = book["Daten"]["A2"]
    assert found.data_type in ("s", "n")
    assert found.data_type == "s" or found.value is None
    assert found.hyperlink is None


def test_headings_titles_and_notes_are_harmless_too() -> None:
    table = Table("=1+1", [Column("a", "=1+1")], [{"a": "x"}], notes=[("=1", "@x")])
    assert read_csv(csv_bytes(table))[0] == ["'=1+1"]
    book = read_xlsx(xlsx_bytes(table))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert file_name(table, Format.CSV, date(2026, 11, 18)) == "1-1-2026-11-18.csv"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_text_comes_back_from_csv_with_at_most_an_apostrophe_before_it(cells: list[str]) -> None:
    rows = read_csv(csv_bytes(text_table(*cells)))[1:]
    assert [row[0] if row else "" for row in rows] == [
        f"'{cell}" if cell.startswith(tuple("=+-@\t\r\n\0＝＋－＠")) else cell for cell in cells
    ]


@hypothesis_settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_workbook_that_opens(cell: str) -> None:
    found = read_xlsx(xlsx_bytes(text_table(cell)))["Daten"]["A2"]
    assert found.value is None or found.data_type == "s"


def typed_table() -> Table:
    columns = [
        Column("name", "Name"), Column("people", "Personen", Kind.NUMBER), Column("price", "Preis", Kind.NUMBER),
        Column("on", "Stand", Kind.DATE), Column("at", "Zeit", Kind.MOMENT), Column("url", "Adresse", Kind.URL),
        Column("relevance", "Relevanz"), Column("topics", "Themen"),
    ]  # fmt: skip
    row = {
        "name": "Prüfstand", "people": -6, "price": Decimal("12.50"), "on": date(2026, 11, 18),
        "at": datetime(2026, 11, 18, 7, 5, tzinfo=UTC), "url": "https://x.example", "relevance": Relevance.MUST,
        "topics": ["Sicherheit", "Recht"],
    }  # fmt: skip
    return Table("Bedarf", columns, [row, {}], notes=[("Stand", "18.11.2026")])


def test_csv_is_german() -> None:
    content = csv_bytes(typed_table())
    assert content.count(b"\r\n") == 3
    assert read_csv(content)[1] == [
        "Prüfstand", "-6", "12,50", "18.11.2026", "18.11.2026 08:05", "https://x.example", "muss", "Sicherheit, Recht",
    ]  # fmt: skip
    assert read_csv(content)[2] == [""] * 8


def test_xlsx_holds_typed_cells_frozen_heading_filter_and_notes() -> None:
    content = xlsx_bytes(typed_table())
    book = read_xlsx(content)
    sheet = book["Daten"]
    assert [cell.value for cell in sheet[1]] == [
        "Name", "Personen", "Preis", "Stand", "Zeit", "Adresse", "Relevanz", "Themen",
    ]  # fmt: skip
    assert [cell.value for cell in sheet[2]] == [
        "Prüfstand", -6, 12.5, datetime(2026, 11, 18), datetime(2026, 11, 18, 8, 5), "https://x.example", "muss",  # noqa: DTZ001
        "Sicherheit, Recht",
    ]  # fmt: skip
    assert sheet["D2"].number_format == "dd.mm.yyyy"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H3"
    assert [cell.value for cell in book["Angaben"][2]] == ["Stand", "18.11.2026"]
    assert not [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if "hyperlink" in name.lower()]


def test_long_texts_are_cut_instead_of_lost() -> None:
    found = read_xlsx(xlsx_bytes(text_table("ä" * 40_000)))["Daten"]["A2"]
    assert len(found.value) == CELL_LIMIT


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, date(1700, 1, 1)])
def test_values_that_no_spreadsheet_can_hold_stay_readable(value: object) -> None:
    kind = Kind.DATE if isinstance(value, date) else Kind.NUMBER
    table = Table("T", [Column("a", "A", kind)], [{"a": value}])
    assert read_xlsx(xlsx_bytes(table))["Daten"]["A2"].value == str(value)
    assert read_csv(csv_bytes(table))[1][0].strip("'") == str(value)


def test_download_is_an_attachment_with_a_dated_name() -> None:
    response = download(typed_table(), "csv")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="bedarf-20')
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    with pytest.raises(NotFound):
        download(typed_table(), "exe")
