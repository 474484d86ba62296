"""Training, working together, business ideas side by side: what companies want modules for, and who wants several of it."""

from flask import Response, render_template, request

from catalogue.services import planning, report_choices, reports
from catalogue.services import purposes as sides
from catalogue.services.report_query import DEFINITIONS
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.languages import current_language
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import as_of_words, asked_from, note
from catalogue.web.requests import db_session

COUNTED = ("Angabe", "Unternehmen", "Personen", "Stand")  # of the definitions of all reports


@bp.get("/purposes")
@allow("report.see")
def purposes() -> str:
    """Show the purposes side by side."""
    asked = asked_from(request.args)
    note(asked, "report.view", across="purposes")
    session, actor = db_session(), current_actor()
    return render_template(
        "planning/purposes.html",
        asked=asked,
        query=asked.query,
        args={name: value for name, value in asked.args.items() if name not in ("by", "sort")},
        found=sides.purposes(session, actor, asked.query),
        as_of=as_of_words(asked),
        companies=planning.companies_total(session, actor),
        facets=report_choices.choices(session, actor, asked.query, current_language()),
        definitions=tuple(pair for pair in DEFINITIONS if pair[0] in COUNTED) + sides.PURPOSE_DEFINITIONS,
        today=reports.today(),
    )


@bp.get("/purposes.<suffix>")
@allow("report.see")
@limiter.limit(EXPORT)
def purposes_file(suffix: str) -> Response:
    """Send the purposes and their combinations."""
    chosen, asked = format_of(suffix), asked_from(request.args)
    session, actor, words = db_session(), current_actor(), as_of_words(asked)
    table = sides.purposes_table(
        sides.purposes(session, actor, asked.query),
        [
            pair
            for pair in report_choices.described(session, actor, asked.query, words, asked.text)
            if pair[0] != "Zeilen"
        ],
    )
    note(asked, "report.export", what="purposes", format=chosen.value, lines=len(table.rows))
    return download(table, chosen)
