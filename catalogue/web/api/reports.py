"""Reports for network staff, with the parameters of the planning page."""

from flask import Response, jsonify, request
from werkzeug.datastructures import MultiDict

from catalogue.services import report_choices, report_tables, reports
from catalogue.services.errors import Invalid
from catalogue.services.permissions import require
from catalogue.texts import N_
from catalogue.web.api.blueprint import bp
from catalogue.web.api.shapes import report_shape
from catalogue.web.auth import current_actor
from catalogue.web.downloads import download
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.reporting import asked_from, note
from catalogue.web.requests import db_session

FILES = ("csv", "xlsx")


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
