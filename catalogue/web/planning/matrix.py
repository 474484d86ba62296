"""Topics against levels, regions and periods: people wanted, seats offered, what is missing, and what changed since a day."""

import textwrap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request

from catalogue.services import demand_matrix, matrix_tables, planning, report_choices, report_records, reports
from catalogue.services.demand_matrix import Matrix
from catalogue.services.errors import NotFound
from catalogue.services.exports import MEDIA_TYPES, Format, book_bytes
from catalogue.services.matrix_columns import Across
from catalogue.services.report_query import DEFINITIONS, By
from catalogue.services.sorting import slugify
from catalogue.texts import N_, Text
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import attachment, download, format_of
from catalogue.web.filters import day
from catalogue.web.languages import current_language
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import Asked, across_from, as_of_words, asked_from, day_from, note
from catalogue.web.requests import db_session

MONTHS_BACK = 3  # of the comparison, unless another day is asked for
SVG = "image/svg+xml; charset=utf-8"


@dataclass(frozen=True)
class Question:
    """A report's question with the day of comparison; ``args`` ask it again."""

    asked: Asked
    since: date

    @property
    def args(self) -> dict[str, Any]:
        """The parameters of the address."""
        chosen = {"since": self.since.isoformat()} if request.args.get("since") else {}
        return {name: value for name, value in self.asked.args.items() if name not in ("by", "sort")} | chosen

    def matrix(self, across: Across, found: Any = None) -> Matrix:
        """The matrix with these columns."""
        session, actor = db_session(), current_actor()
        return demand_matrix.matrix(session, actor, self.asked.query, across, self.since, found)

    def notes(self) -> list[tuple[str, str]]:
        """What was asked, for exports."""
        said = report_choices.described(
            db_session(), current_actor(), self.asked.query, as_of_words(self.asked), self.asked.text
        )
        return [pair for pair in said if pair[0] != "Zeilen"] + [("Veränderung seit", day(self.since))]


@bp.get("/matrix")
@allow("report.see")
def matrix() -> str:
    """Show one of the matrices."""
    across, question = across_from(request.args), _question()
    asked = question.asked
    note(asked, "report.view", across=across.value)
    session, actor = db_session(), current_actor()
    return render_template(
        "planning/matrix.html",
        asked=asked,
        query=asked.query,
        args=question.args,
        across=across,
        since=question.since,
        matrix=question.matrix(across, report_records.records(session, asked.query)),
        as_of=as_of_words(asked),
        companies=planning.companies_total(session, actor),
        facets=report_choices.choices(session, actor, asked.query, current_language()),
        definitions=_definitions(),
        today=reports.today(),
        picture="picture" in request.args,
        wrapped=textwrap.wrap,
    )


@bp.get("/matrix/<across>.<suffix>")
@allow("report.see")
@limiter.limit(EXPORT)
def matrix_file(across: str, suffix: str) -> Response:
    """Send one matrix: its cells as CSV, or the heat map as a picture."""
    if across not in set(Across) or suffix not in ("csv", "svg"):
        raise NotFound
    way, question = Across(across), _question()
    note(question.asked, "report.export", what=f"matrix {across}", format=suffix)
    found = question.matrix(way)
    if suffix == "csv":
        return download(matrix_tables.cells_table(found, question.notes()), Format.CSV)
    words = as_of_words(question.asked)
    picture = render_template("planning/heat_map.svg", matrix=found, as_of=words, wrapped=textwrap.wrap)
    return attachment(picture, f"{slugify(f'Thema und {way.label}')}-{found.after.isoformat()}.svg", SVG)


@bp.get("/matrix.xlsx")
@allow("report.see")
@limiter.limit(EXPORT)
def matrix_book() -> Response:
    """Send all matrices as one workbook, with what was asked and how it is counted."""
    question = _question()
    note(question.asked, "report.export", what="matrix", format="xlsx")
    found = report_records.records(db_session(), question.asked.query)
    tables = [matrix_tables.cells_table(question.matrix(across, found)) for across in Across]
    definitions = [(name, text) for name, text in _definitions()]
    content = book_bytes("Bedarf und Plätze", tables, question.notes(), definitions)
    return attachment(content, f"bedarf-und-plaetze-{reports.today().isoformat()}.xlsx", MEDIA_TYPES[Format.XLSX])


@bp.get("/seats")
@allow("report.see")
def seats() -> str:
    """Show the runs behind the seats of one cell."""
    asked, cell = asked_from(request.args), _cell()
    note(asked, "report.rows", figure="seats", **cell)
    session, actor = db_session(), current_actor()
    return render_template(
        "planning/seats.html",
        asked=asked,
        args=asked.args,
        cell={"across": cell["across"].value, "key": cell["key"], "cell": cell["column"]},
        as_of=as_of_words(asked),
        offers=demand_matrix.offers_behind(session, actor, asked.query, **cell),
        label=reports.name_of_row(session, actor, By.TOPIC, cell["key"]),
    )


@bp.get("/seats.<suffix>")
@allow("report.see")
@limiter.limit(EXPORT)
def seats_file(suffix: str) -> Response:
    """Send the runs behind the seats of one cell."""
    chosen, asked, cell = format_of(suffix), asked_from(request.args), _cell()
    note(asked, "report.export", what="seats", format=chosen.value)
    found = demand_matrix.offers_behind(db_session(), current_actor(), asked.query, **cell)
    return download(matrix_tables.offers_table(found, [("Stand", as_of_words(asked))]), chosen)


def _cell() -> dict[str, Any]:
    return {
        "across": across_from(request.args),
        "key": request.args.get("key", ""),
        "column": request.args.get("cell", ""),
    }


def _question() -> Question:
    """What the address asks; a day of comparison that does not lie before the day of the report is named and left out."""
    asked = asked_from(request.args)
    after = asked.query.as_of or reports.today()
    since = day_from(request.args.get("since", ""), "since", asked.problems)
    if since is not None and since >= after:
        asked.problems["since"] = Text(N_("Der Vergleichstag muss vor dem Stand liegen."))
        since = None
    return Question(asked, since or _months_before(after, MONTHS_BACK))


def _months_before(after: date, months: int) -> date:
    month = after.year * 12 + after.month - 1 - months
    first, following = (date(number // 12, number % 12 + 1, 1) for number in (month, month + 1))
    return min(first + timedelta(days=after.day - 1), following - timedelta(days=1))


def _definitions() -> tuple[tuple[str, str], ...]:
    """How everything on the page is counted."""
    wanted = ("Angabe", "Unternehmen", "Personen", "Stand", "Plätze")
    return tuple(pair for pair in DEFINITIONS if pair[0] in wanted) + matrix_tables.MATRIX_DEFINITIONS
