"""Reports as tables to take away: the columns and rows that the page shows, in its order, with what was asked beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from catalogue.services.exports import Column, Kind, Lines, Table
from catalogue.services.report_query import Behind, Report, TrendPoint, named_period

__all__ = ["behind_table", "interest_table", "trend_table"]

INTEREST_COLUMNS = (
    Column("label", ""), Column("note", ""), Column("key", "Kennung"), Column("companies", "Unternehmen", Kind.NUMBER),
    Column("people", "Personen", Kind.NUMBER), Column("must", "muss", Kind.NUMBER), Column("should", "soll", Kind.NUMBER),
    Column("could", "kann", Kind.NUMBER), Column("open", "offen", Kind.NUMBER),
    Column("training", "Weiterbildung", Kind.NUMBER), Column("cooperation", "Zusammenarbeit", Kind.NUMBER),
    Column("business", "Geschäftsidee", Kind.NUMBER),
)  # fmt: skip
BEHIND_COLUMNS = (
    Column("company", "Unternehmen"), Column("module", "Modul"), Column("relevance", "Dringlichkeit"), Column("purposes", "Zweck"),
    Column("people", "Personen", Kind.NUMBER), Column("period", "Zeitraum"), Column("format", "Format"), Column("place", "Ort"),
    Column("note", "Anmerkung"), Column("confidentiality", "Wer sieht das?"), Column("source", "Herkunft"),
    Column("source_date", "Angabe vom", Kind.DATE), Column("at", "Zuletzt geändert", Kind.MOMENT),
)  # fmt: skip
TREND_COLUMNS = (
    Column("month", "Monat"), Column("companies", "Unternehmen", Kind.NUMBER), Column("people", "Personen", Kind.NUMBER),
    Column("records", "Angaben", Kind.NUMBER),
)  # fmt: skip
SECOND_LINE = {"module": "Anbieter", "company": "Branche, Region"}


def interest_table(report: Report, notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the rows of *report* as shown, with the total as footer."""
    by = report.query.by
    second = SECOND_LINE.get(by)
    columns = [Column("label", by.label), *([Column("note", second)] if second else []), *INTEREST_COLUMNS[2:]]
    rows = [asdict(row) for row in report.rows]
    title = f"Bedarf nach {by.label}, Stand {report.as_of.isoformat()}"
    return Table(title, columns, rows, tuple(notes), {**asdict(report.total), "key": ""})


def behind_table(rows: Sequence[Behind], notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the statements behind a figure, one line each."""
    return Table("Angaben hinter der Zahl", BEHIND_COLUMNS, Lines(rows, _behind_line), tuple(notes))


def _behind_line(row: Behind) -> Mapping[str, Any]:
    return {**vars(row), "period": named_period(row.period)[0]}


def trend_table(points: Iterable[TrendPoint], notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the months, oldest first."""
    lines = [{**asdict(point), "month": f"{point.month:%m/%Y}"} for point in points]
    return Table("Bedarf im Verlauf", TREND_COLUMNS, lines, tuple(notes))
