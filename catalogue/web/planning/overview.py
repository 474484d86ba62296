"""Planning: demand against supply for the network office; every figure leads to what companies said, every table can be taken away."""

from typing import Any

from flask import Response, render_template, request

from catalogue.services import (
    demand_matrix,
    matrix_tables,
    overview,
    planning,
    report_choices,
    report_records,
    report_tables,
    reports,
    retreat_results,
    search_gaps,
)
from catalogue.services.errors import NotFound
from catalogue.services.exports import Table
from catalogue.services.report_query import DEFINITIONS, By
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.languages import current_language
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import Asked, across_from, as_of_words, asked_from, note
from catalogue.web.requests import db_session

FIGURES = ("companies", "people", "must", "should", "could", "open", "training", "cooperation", "business")
AT_FIRST, GAPS = 12, 3  # rows of interest, and searches in vain
ON_PAGE = 200  # statements; more are only in the export


@bp.get("")
@allow("report.see")
def index() -> str:
    """Show figures, matrix, interest, its course over time and the coming runs."""
    asked = asked_from(request.args)
    note(asked, "report.view")
    session, actor = db_session(), current_actor()
    found = report_records.records(session, asked.query)
    report = reports.interest(session, actor, asked.query, found)
    missed, missed_total = overview.missed(session, actor)
    retreat, places = retreat_results.last_places(session, actor) if asked.query.by == By.MODULE else (None, {})
    return render_template(
        "planning/index.html",
        retreat=retreat,
        retreat_places=places,
        asked=asked,
        query=asked.query,
        args=asked.args,
        as_of=as_of_words(asked),
        report=report,
        shown=ON_PAGE if request.args.get("rows") == "all" else AT_FIRST,
        moved=overview.moved(session, actor, asked.query),
        decided=overview.decided(session, actor, asked.query, report, found),
        missed=missed,
        missed_total=missed_total,
        gaps=search_gaps.listing(session, actor).gaps[:GAPS],
        due=overview.due(session, actor),
        widest=max((row.records for row in report.rows), default=0),
        matrix=demand_matrix.matrix(session, actor, asked.query, found=found),
        trend=reports.trend(session, actor, asked.query),
        coming=planning.prospects(session, actor, asked.query, found),
        companies=planning.companies_total(session, actor),
        facets=report_choices.choices(session, actor, asked.query, current_language()),
        definitions=DEFINITIONS,
        by=By,
        today=reports.today(),
    )


@bp.get("/rows")
@allow("demand.see_others")
def rows() -> str:
    """Show the statements behind one figure."""
    asked = asked_from(request.args)
    note(asked, "report.rows", **_cell())
    session, actor = db_session(), current_actor()
    found = reports.rows_behind(session, actor, asked.query, **_cell())
    return render_template(
        "planning/rows.html",
        asked=asked,
        args=asked.args,
        cell={name: request.args[name] for name in ("key", "cell", "across", "figure") if request.args.get(name)},
        as_of=as_of_words(asked),
        rows=found[:ON_PAGE],
        total=len(found),
        people=found.people,
        companies=found.companies,
        label=reports.name_of_row(session, actor, asked.query.by, request.args.get("key", "")),
    )


@bp.get("/export/<what>.<suffix>")
@allow("report.see")
@limiter.limit(EXPORT)
def export(what: str, suffix: str) -> Response:
    """Send what the page shows under the same parameters: interest, matrix, trend or rows."""
    chosen = format_of(suffix)
    asked = asked_from(request.args)
    table = _table(what, asked)
    note(asked, "report.export", what=what, format=chosen.value, lines=len(table.rows))
    return download(table, chosen)


def _table(what: str, asked: Asked) -> Table:
    session, actor, query = db_session(), current_actor(), asked.query
    notes = report_choices.described(session, actor, query, as_of_words(asked), asked.text)
    if what == "interest":
        return report_tables.interest_table(reports.interest(session, actor, query), notes)
    if what == "matrix":
        return matrix_tables.heat_table(demand_matrix.matrix(session, actor, query), notes)
    if what == "trend":
        return report_tables.trend_table(reports.trend(session, actor, query), notes)
    if what == "rows":
        return report_tables.behind_table(reports.rows_behind(session, actor, query, **_cell()), notes)
    raise NotFound


def _cell() -> dict[str, Any]:
    """Which figure: the row's key, the matrix column, the column of figures. Unknown ones find nothing or everything, never fail."""
    figure = request.args.get("figure", "")
    return {
        "key": request.args.get("key", ""),
        "column": request.args.get("cell", ""),
        "across": across_from(request.args),
        "figure": figure if figure in FIGURES else "",
    }
