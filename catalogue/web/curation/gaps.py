"""What people searched for in vain, with what can be done about it."""

from dataclasses import asdict

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as Answer

from catalogue.services import search, search_gaps, worklist
from catalogue.services.exports import Column, Kind, Table
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.downloads import download, format_of
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

PERIODS = (30, 90)
COLUMNS = (
    Column("query", "Suche"),
    Column("count", "So oft gesucht", Kind.NUMBER),
    Column("last_day", "Zuletzt", Kind.DATE),
    Column("hits", "Treffer damals", Kind.NUMBER),
    Column("now", "Treffer heute", Kind.NUMBER),
)


def _days() -> int:
    days = request.args.get("days", PERIODS[0], type=int)
    return days if days in PERIODS else PERIODS[0]


def _now(text: str) -> search.Outcome:
    return search.outcome(db_session(), current_actor(), search_index(), text)


@bp.get("/gaps")
@allow("search.gaps")
def gaps() -> str:
    """The searches without a good answer, most asked first, with what they find now."""
    session, actor = db_session(), current_actor()
    page = search_gaps.listing(session, actor, _days(), min(request.args.get("page", 1, type=int), 100_000))
    return render_template(
        "curation/gaps.html",
        page=page,
        counts=worklist.counts(session, actor),
        now={gap.query: _now(gap.query) for gap in page.gaps},
        days=_days(),
        periods=PERIODS,
        kept=search_gaps.KEPT_DAYS,
    )


@bp.get("/gaps.<any(csv, xlsx):name>")
@allow("search.gaps")
def export_gaps(name: str) -> Response:
    """The same list as a file, all pages of it."""
    page = search_gaps.listing(db_session(), current_actor(), _days(), everything=True)
    rows = [asdict(gap) | {"now": _now(gap.query).exact} for gap in page.gaps]
    notes = [("Zeitraum", f"letzte {_days()} Tage"), ("Treffer", "Module, die alle Wörter der Suche enthalten")]
    return download(Table("Suchlücken", COLUMNS, rows, notes), format_of(name))


@bp.post("/gaps/settle")
@allow("search.gaps")
def settle_gap() -> Answer:
    """Put one text away."""
    text = request.form.get("query", "")
    search_gaps.settle(db_session(), current_actor(), text)
    flash(gettext("„%(text)s“ ist erledigt und kommt wieder, wenn neu danach gesucht wird.", text=text[:80]), "ok")
    days = request.form.get("days", "")
    return redirect(url_for(".gaps", days=days if days in map(str, PERIODS) else None), 303)
