"""A frozen report as a workbook: the figures, one sheet per table with charts that Excel draws, the definitions."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from catalogue.models import FrozenReport
from catalogue.services import report_files
from catalogue.services.exports import Column, Kind, Table, open_book, write_notes, write_table
from catalogue.services.report_files import Named
from catalogue.services.report_query import By

__all__ = ["xlsx_bytes"]

# petrol and its lighter steps, as on the pages (static/css/tokens.css)
MUST, SHOULD, COULD, SEATS = "#003F48", "#3F95A0", "#C3E0E3", "#94430C"
LONGEST = 10  # bars in a chart
CHART = {"x_scale": 1.5, "y_scale": 1.35}
SUMMARY = (
    ("members", "Mitgliedsunternehmen"), ("companies", "Unternehmen mit Angaben"), ("people", "Personen mit Bedarf"),
    ("records", "Angaben zu Modulen"), ("seats", "Plätze in den nächsten 12 Monaten"),
    ("gaps", "Lücken: ab 10 Personen, kein Platz"),
)  # fmt: skip


def xlsx_bytes(report: FrozenReport, previous: FrozenReport | None = None) -> bytes:
    """Return the workbook; with *previous* the first sheet shows what changed since."""
    buffer = io.BytesIO()
    with open_book(buffer) as (book, formats):
        write_table(book.add_worksheet("Zahlen"), _summary(report, previous), formats)
        for one in report_files.tables(report):
            sheet = book.add_worksheet(one.label)
            write_table(sheet, one.table, formats)
            _draw(book, sheet, one, report)
        definitions = [(str(name), str(sentence)) for name, sentence in report.method["definitions"]]
        said = [*report_files.notes_of(report), ("", ""), *definitions]
        said += [("k", str(report.method["k"])), ("Software", report.method["software"])]
        write_notes(book.add_worksheet("Definitionen"), "So wurde gezählt", said, formats)
    return buffer.getvalue()


def _summary(report: FrozenReport, previous: FrozenReport | None) -> Table:
    columns = [Column("label", "Zahl"), Column("now", report_files.stand(report), Kind.NUMBER)]
    if previous:
        columns.append(Column("before", report_files.stand(previous), Kind.NUMBER))
        columns.append(Column("change", "Veränderung", Kind.NUMBER))
    rows = []
    for name, label in SUMMARY:
        now, before = report.summary.get(name, 0), previous.summary.get(name, 0) if previous else 0
        rows.append({"label": label, "now": now, "before": before, "change": now - before})
    return Table(report.title, columns, rows)


def _draw(book: Any, sheet: Any, one: Named, report: FrozenReport) -> None:
    """Put a chart to the right of the table, if one says more than the table."""
    lines = len(one.table.rows)
    if not lines:
        return
    if one.name in (By.MODULE.value, By.TOPIC.value):
        last = min(lines, LONGEST)
        series = [("must", "muss", MUST), ("should", "soll", SHOULD), ("could", "kann", COULD)]
        title = f"Dringlichkeit: die ersten {last}" if lines > last else "Dringlichkeit"
        _insert(book, sheet, one, {"type": "bar", "subtype": "stacked"}, series, last, title)
    elif one.name in (By.REGION.value, By.SECTOR.value, By.PERIOD.value):
        _insert(book, sheet, one, {"type": "bar"}, [("people", "Personen", MUST)], min(lines, LONGEST), "Personen")
    elif one.name == "matrix":
        series = [("total people", "Personen", MUST), ("total seats", "Plätze", SEATS)]
        _insert(book, sheet, one, {"type": "bar"}, series, min(lines, LONGEST), "Bedarf und Plätze")
    elif one.name == "trend":
        series = [("people", "Personen", MUST), ("companies", "Unternehmen", SHOULD)]
        _insert(book, sheet, one, {"type": "column"}, series, lines, f"Verlauf bis {report_files.stand(report)}")


def _insert(
    book: Any, sheet: Any, one: Named, kind: Mapping[str, str], series: Sequence[tuple[str, str, str]], last: int, title: str
) -> None:  # fmt: skip
    chart = book.add_chart(dict(kind))
    keys = [column.key for column in one.table.columns]
    for key, label, colour in series:
        place = keys.index(key)
        chart.add_series(
            {
                "name": label,
                "categories": [sheet.name, 1, 0, last, 0],
                "values": [sheet.name, 1, place, last, place],
                "fill": {"color": colour},
                "data_labels": {"value": len(series) == 1},
            }
        )
    chart.set_title({"name": title, "name_font": {"size": 12}})
    if kind["type"] == "bar":
        chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"} if len(series) > 1 else {"none": True})
    sheet.insert_chart(1, len(keys) + 1, chart, {**CHART, "description": title})
