"""The matrices as tables to take away: one line per cell, as spreadsheets like it for filters and pivot tables; and the runs behind seats."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalogue.services.demand_matrix import Cell, Matrix
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.report_facts import Fact
from catalogue.services.supply import Offer
from catalogue.texts import N_

__all__ = ["MATRIX_DEFINITIONS", "cells_table", "heat_table", "offers_table"]

Notes = Sequence[tuple[str, str]]
ALL = Fact("total", "Summe")
# what the matrices count beyond the definitions of all reports
MATRIX_DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        N_("Differenz"),
        N_("Plätze minus Personen. Unter null fehlen Plätze. Termine ohne Höchstzahl zählen als Termin, aber mit 0 Plätzen."),
    ),
    (
        N_("kein Platz"),
        N_("Mindestens 10 Personen und kein einziger Termin, an dem sie teilnehmen könnten."),
    ),
    (
        N_("Veränderung"),
        N_(
            "Personen mehr oder weniger als am Ende des Vergleichstags, mit denselben Filtern. Für Plätze gibt es keine Veränderung: Termine haben keinen früheren Stand."
        ),
    ),
    (
        N_("Plätze an einem früheren Tag"),
        N_("Gezählt werden Termine, die bis dahin eingetragen waren, mit der Höchstzahl von heute. Später abgesagte zählen nicht."),
    ),
    (
        N_("Thema und Region"),
        N_(
            "Personen in der Region ihres Unternehmens, Plätze in der Region des Termins. Was online stattfindet, hat eine eigene Spalte; es nützt allen Regionen, deshalb heißt eine Zelle mit solchen Terminen nicht „kein Platz“."
        ),
    ),
    (
        N_("Thema und Zeitraum"),
        N_(
            "Personen in dem Zeitraum, den das Unternehmen genannt hat: Wer ein Jahr oder Halbjahr nennt, wird nicht auf Quartale verteilt, sondern steht in einer eigenen Spalte. Ein Termin zählt in jedem Zeitraum, in dem er beginnt, also auch im Halbjahr und im Jahr seines Quartals."
        ),
    ),
    (
        N_("Zeitraum offen"),
        N_("Wer keinen Zeitraum nennt, dem stehen die Plätze der nächsten 12 Monate gegenüber."),
    ),
    (
        N_("Summe der Plätze"),
        N_("Jeder Termin der nächsten 12 Monate einmal, auch in der Ansicht nach Zeiträumen. Spätere Termine stehen nur in ihren Spalten."),
    ),
)  # fmt: skip


def heat_table(found: Matrix, notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return *found* as it looks, with two columns per column: people and seats."""
    columns = [Column("topic", "Thema")]
    for one in (*found.columns, ALL):
        columns.append(Column(f"{one.code} people", f"{one.label}: Personen", Kind.NUMBER))
        columns.append(Column(f"{one.code} seats", f"{one.label}: Plätze", Kind.NUMBER))

    def line(label: str, cells: Iterable[Cell], total: Cell) -> dict[str, str | int]:
        values: dict[str, str | int] = {"topic": label}
        for one, cell in zip((*found.columns, ALL), (*cells, total), strict=True):
            values |= {f"{one.code} people": cell.people, f"{one.code} seats": cell.seats}
        return values

    rows = [line(row.topic.label, row.cells, row.total) for row in found.rows]
    return Table("Bedarf und Plätze", columns, rows, tuple(notes), line("Summe", found.totals, found.total))


def cells_table(found: Matrix, notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return every cell of *found* with all its figures; the totals have "Summe" as topic or column."""
    columns = (
        Column("topic", "Thema"), Column("column", found.across.label), Column("people", "Personen", Kind.NUMBER),
        Column("companies", "Unternehmen", Kind.NUMBER), Column("seats", "Plätze", Kind.NUMBER), Column("runs", "Termine", Kind.NUMBER),
        Column("difference", "Differenz", Kind.NUMBER), Column("change", "Veränderung", Kind.NUMBER), Column("gap", "Lücke"),
    )  # fmt: skip
    lines = [
        _line(topic, column, cell)
        for topic, cells, total in (
            *((row.topic, row.cells, row.total) for row in found.rows),
            (ALL, found.totals, found.total),
        )
        for column, cell in zip((*found.columns, ALL), (*cells, total), strict=True)
        if not cell.is_empty or ALL in (topic, column)
    ]
    return Table(f"Thema und {found.across.label}", columns, lines, tuple(notes))


def _line(topic: Fact, column: Fact, cell: Cell) -> dict[str, Any]:
    return {
        "topic": topic.label, "column": column.label, "people": cell.people, "companies": cell.companies, "seats": cell.seats,
        "runs": cell.runs, "difference": cell.difference, "change": cell.change, "gap": "kein Platz" if cell.is_gap else "",
    }  # fmt: skip


def offers_table(offers: Iterable[Offer], notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the runs behind seats, by day."""
    columns = (
        Column("day", "Beginn", Kind.DATE), Column("module", "Modul"), Column("provider", "Anbieter"), Column("place", "Ort"),
        Column("region", "Region"), Column("state", "Stand"), Column("seats", "Plätze", Kind.NUMBER),
    )  # fmt: skip
    rows = [
        {
            "day": one.starts_on, "module": one.module.title, "provider": one.module.provider, "place": one.place,
            "region": one.region.label, "state": one.state, "seats": one.seats,
        }
        for one in offers
    ]  # fmt: skip
    return Table("Termine hinter der Zahl", columns, rows, tuple(notes))
