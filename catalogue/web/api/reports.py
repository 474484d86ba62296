"""Reports for network staff, with the parameters of the planning page."""

import uuid

from flask import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from catalogue.services import frozen_reports, report_choices, report_files, report_tables, reports
from catalogue.services.errors import Invalid
from catalogue.services.permissions import require
from catalogue.texts import N_
from catalogue.web.api.blueprint import bp, page_of
from catalogue.web.api.shapes import page_url, report_shape
from catalogue.web.auth import current_actor
from catalogue.web.downloads import download
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.reporting import asked_from, note
from catalogue.web.requests import database, db_session

FILES = ("csv", "xlsx")


@bp.get("/reports")
def frozen_list() -> Response:
    """List the frozen reports, the newest day first."""
    number, _ = page_of()
    found = frozen_reports.listed(db_session(), current_actor(), page=number)
    items = [
        {
            "id": str(one.id),
            "title": one.title,
            "as_of": one.as_of.isoformat(),
            "at": one.at.isoformat() if one.at else None,
            "made_at": one.made_at.isoformat(),
            "summary": one.summary,
            "url": page_url(f"/planning/reports/{one.id}"),
        }
        for one in found.reports
    ]
    return jsonify({"total": found.total, "page": found.page, "per_page": frozen_reports.PER_PAGE, "items": items})


@bp.get("/reports/<uuid:report_id>")
@limiter.limit(EXPORT)
def frozen_report(report_id: uuid.UUID) -> Response:
    """Send a frozen report as documented in docs/reports.md."""
    found = frozen_reports.get(db_session(), current_actor(), report_id)
    with database().write() as writing:
        frozen_reports.note(writing, current_actor(), found, "report.export", what="report", format="api")
    return jsonify(report_files.document(found))


@bp.get("/reports/interest")
@limiter.limit(EXPORT)
def interest_report() -> Response:
    """Count what companies said. ``format`` is both: csv, xlsx or json for the file, other values filter formats of modules."""
    session, actor = db_session(), current_actor()
    require(actor, "report.see")
    file, args = _format()
    asked = asked_from(args).strict()
    report = reports.interest(session, actor, asked.query)
    note(asked, "report.export" if file else "report.view", what="interest", format=file or "json")
    if not file:
        return jsonify(report_shape(report))
    notes = report_choices.described(session, actor, asked.query, report.as_of.strftime("%d.%m.%Y"), asked.text)
    return download(report_tables.interest_table(report, notes), file)


def _format() -> tuple[str, MultiDict[str, str]]:
    """Return the wanted kind of file ("" for JSON) and the parameters without it."""
    args: MultiDict[str, str] = MultiDict(request.args)
    given = args.poplist("format")
    wanted = [value for value in given if value in (*FILES, "json")]
    if len(set(wanted)) > 1:
        raise Invalid("format", N_("Nennen Sie eine Form: json, csv oder xlsx."))
    args.setlist("format", [value for value in given if value not in wanted])
    return (wanted[0] if wanted and wanted[0] in FILES else ""), args
