"""Reference tables in ``data/``: CSV files with ``;`` between cells and ``|`` between the entries of one cell, made for spreadsheets."""

import csv
from pathlib import Path

from catalogue.services.errors import Invalid
from catalogue.texts import N_, Text

__all__ = ["entries", "read_table"]


def read_table(path: Path, *required: str) -> list[dict[str, str]]:
    """Return the rows of *path* as trimmed texts by column name, no row if there is no such file.

    Raises :class:`Invalid` that names file and line if a column is missing, a line is too long or short, or its first cell is
    empty or stands there twice.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, delimiter=";"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(path.name, N_("Die Tabelle muss in UTF-8 gespeichert sein.")) from error
    head = lines[0] if lines else []
    if missing := [name for name in required if name not in head]:
        raise Invalid(path.name, N_("Es fehlt die Spalte %(columns)s."), columns=", ".join(missing))
    rows = [dict(zip(head, (cell.strip() for cell in line), strict=False)) for line in lines[1:]]
    _check_lines(path, head, lines[1:])
    return rows


def _check_lines(path: Path, head: list[str], lines: list[list[str]]) -> None:
    wrong: dict[str, Text] = {}
    seen: set[str] = set()
    for number, line in enumerate(lines, start=2):
        place = f"{path.name}, Zeile {number}"
        if len(line) != len(head):
            wrong[place] = Text(
                N_("Die Zeile hat %(cells)s statt %(columns)s Zellen."), {"cells": len(line), "columns": len(head)}
            )
        elif not line[0].strip() or line[0].strip() in seen:
            wrong[place] = Text(N_("Die erste Zelle ist leer oder kommt schon weiter oben vor."))
        seen.add(line[0].strip() if line else "")
    if wrong:
        raise Invalid(fields=wrong)


def entries(cell: str) -> tuple[str, ...]:
    """Return the entries of one cell: "ADR|RID" → ("ADR", "RID")."""
    return tuple(entry for part in cell.split("|") if (entry := part.strip()))
