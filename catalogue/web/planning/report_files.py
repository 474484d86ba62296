"""What a frozen report can be taken away as: the statements behind a figure, tables, workbook, JSON, print view, PDF."""

import uuid
from typing import Any

from flask import Response, render_template, request

from catalogue.models import FrozenReport
from catalogue.services import frozen_reports, pdf_pages, report_files, report_tables, report_workbook, reports
from catalogue.services.errors import NotFound
from catalogue.services.exports import MEDIA_TYPES, Format, Table, render
from catalogue.services.report_query import FIGURES
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import format_of
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.planning.blueprint import bp
from catalogue.web.planning.reports import by_asked, noted
from catalogue.web.requests import db_session

__all__ = ["printed"]

ON_PAGE = 500  # statements; more are only in the export
ROWS_PRINTED = 100  # of each table
KINDS = {
    "xlsx": MEDIA_TYPES[Format.XLSX], "pdf": pdf_pages.MEDIA_TYPE, "zip": "application/zip", "json": "application/json",
}  # fmt: skip


@bp.get("/reports/<uuid:report_id>/rows")
@allow("demand.see_others")
def report_rows(report_id: uuid.UUID) -> str:
    """Show the statements behind one figure, as of the report's moment."""
    report, cell = noted(report_id, "report.rows", **_cell()), _cell()
    found = _behind(report)
    row = next((one for one in frozen_reports.figures(report).by[by_asked()] if one.key == cell["key"]), None)
    asked = {name: request.args[name] for name in ("by", "key", "cell", "figure") if request.args.get(name)}
    return render_template(
        "planning/report_rows.html", report=report, rows=found[:ON_PAGE], total=len(found), label=row, asked=asked
    )


@bp.get("/reports/<uuid:report_id>/rows.<format>")
@allow("demand.see_others")
@limiter.limit(EXPORT)
def report_rows_file(report_id: uuid.UUID, format: str) -> Response:
    """Send the statements behind one figure."""
    chosen = format_of(format)
    report = noted(report_id, "report.export", what="rows", format=chosen.value, **_cell())
    table = report_tables.behind_table(_behind(report), report_files.notes_of(report))
    return _sent(render(table, chosen), MEDIA_TYPES[chosen], f"{report_files.file_stem(report)}-angaben.{chosen.value}")


@bp.get("/reports/<uuid:report_id>/tables/<name>.csv")
@allow("report.see")
@limiter.limit(EXPORT)
def report_table(report_id: uuid.UUID, name: str) -> Response:
    """Send one table as CSV."""
    report = noted(report_id, "report.export", what=name[:40], format="csv")
    table: Table = report_files.table_of(report, name)
    stem = f"{report_files.file_stem(report)}-{name}"
    return _sent(render(table, Format.CSV), MEDIA_TYPES[Format.CSV], f"{stem}.csv")


@bp.get("/reports/<uuid:report_id>/report.<format>")
@allow("report.see")
@limiter.limit(EXPORT)
def report_file(report_id: uuid.UUID, format: str) -> Response:
    """Send the whole report as xlsx, pdf, zip (of CSV files) or json."""
    if format not in KINDS:
        raise NotFound()
    report = noted(report_id, "report.export", what="report", format=format)
    content = {"xlsx": _workbook, "pdf": _pdf, "zip": report_files.zip_bytes, "json": report_files.json_bytes}[format](
        report
    )
    return _sent(content, KINDS[format], f"{report_files.file_stem(report)}.{format}")


@bp.get("/reports/<uuid:report_id>/print")
@allow("report.see")
def report_print(report_id: uuid.UUID) -> str:
    """Show the report as it is printed."""
    report = noted(report_id, "report.view", printed=True)
    return printed(report, _previous(report))


def printed(report: FrozenReport, previous: FrozenReport | None, embedded: bool = False) -> str:
    """Return the report as a document of its own, with changes since *previous*; *embedded*: without addresses, for a PDF."""
    return render_template(
        "planning/report_document.html",
        report=report,
        figures=frozen_reports.figures(report),
        previous=previous,
        embedded=embedded,
        most=ROWS_PRINTED,
    )


def _workbook(report: FrozenReport) -> bytes:
    return report_workbook.xlsx_bytes(report, _previous(report))


def _pdf(report: FrozenReport) -> bytes:
    return pdf_pages.pdf(printed(report, _previous(report), embedded=True))


def _previous(report: FrozenReport) -> FrozenReport | None:
    return frozen_reports.previous(db_session(), current_actor(), report)


def _behind(report: FrozenReport) -> Any:
    query = frozen_reports.question(report, by_asked())
    return reports.rows_behind(db_session(), current_actor(), query, **_cell())


def _cell() -> dict[str, Any]:
    figure = request.args.get("figure", "")
    return {
        "key": request.args.get("key", ""),
        "column": request.args.get("cell", ""),
        "figure": figure if figure in FIGURES else "",
    }


def _sent(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
