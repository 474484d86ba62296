"""Rows of an XLSX file, after :mod:`workbook_guard` let it pass."""

import io
import posixpath
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from catalogue.services.workbook_guard import check_zip, refuse, scan_sheet
from catalogue.texts import N_

__all__ = ["cells", "sheet_name"]

DAMAGED = N_("Die Datei ist beschädigt. Öffnen Sie sie in Excel oder LibreOffice und speichern Sie sie neu.")
_FAILURES = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, EOFError, zipfile.BadZipFile, zlib.error,
             NotImplementedError, OverflowError, SyntaxError)  # fmt: skip


def sheet_name(content: bytes) -> tuple[str, int]:
    """Check the whole file and return the name of the sheet that is read – the first one that is visible – and its rows."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise refuse(DAMAGED) from error
    with archive:
        check_zip(archive)
        book, sheet = _open(content)
        try:
            path = posixpath.normpath(sheet._worksheet_path).lstrip("/")
            if path not in archive.namelist():
                raise refuse(DAMAGED)
            return str(sheet.title), scan_sheet(archive, path)
        finally:
            book.close()


def cells(content: bytes) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row of the sheet, the first row included. Results of formulas, never formulas."""
    book, sheet = _open(content)
    try:
        sheet.reset_dimensions()  # what the file claims about its size need not be true
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a date that is none is a wrong cell, not a message on standard error
            yield from sheet.iter_rows(values_only=True)
    except _FAILURES as error:
        raise refuse(DAMAGED) from error
    finally:
        book.close()


def _open(content: bytes) -> tuple[Any, Any]:
    from openpyxl import load_workbook  # here, because it would make every start a third of a second longer

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except _FAILURES as error:
        raise refuse(DAMAGED) from error
    sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
    if sheet is None:
        book.close()
        raise refuse(N_("Die Arbeitsmappe enthält kein sichtbares Tabellenblatt."))
    return book, sheet
