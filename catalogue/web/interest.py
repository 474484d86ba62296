"""„Interesse im Netzwerk“: what other companies want, as far as it may be told."""

from flask import Blueprint, Response, current_app, render_template, request
from flask_babel import gettext

from catalogue.db import utcnow
from catalogue.services import audit, disclosure, network_interest
from catalogue.services.errors import NotFound
from catalogue.services.exports import Table
from catalogue.services.network_interest import Overview
from catalogue.services.paging import within
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import moment
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.requests import database, db_session

bp = Blueprint("interest", __name__, url_prefix="/interest")
PER_PAGE = 30


@bp.app_template_global()
def interest_limit() -> int:
    """Return how many other companies a figure needs."""
    return disclosure.limit_of(current_app.extensions["settings"].k_anonymity)


@bp.app_template_filter("heat_step")
def heat_step(figures: disclosure.Figures) -> int:
    """Return the heat step 0 to 5 of *figures*."""
    return network_interest.step(figures)


def _found() -> Overview:
    k = current_app.extensions["settings"].k_anonymity
    return network_interest.overview(db_session(), current_actor(), k, request.args.get("topic", ""))


@bp.get("")
@allow("interest.see")
def index() -> str:
    """Show topics by levels, and the modules that enough companies want."""
    found = _found()
    page, pages = within(request.args.get("page", 1, type=int), len(found.modules), PER_PAGE)
    only = found.rows[0] if len(found.rows) == 1 and len(found.topics) > 1 else None
    return render_template(
        "interest/index.html",
        found=found,
        only=only,
        modules=found.modules[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        pages=pages,
        limit=interest_limit(),
    )


@bp.get("/export/<what>.<format>")
@allow("interest.see")
@limiter.limit(EXPORT)
def export(what: str, format: str) -> Response:
    """Send exactly the figures that the same address shows: topics or modules."""
    chosen = format_of(format)
    table = _table(what, _found())
    with database().write() as recording:
        audit.record(recording, current_actor(), "interest.exported", what=what, format=chosen.value)
    return download(table, chosen)


def _table(what: str, found: Overview) -> Table:
    limit = interest_limit()
    notes = [
        (gettext("Stand"), gettext("%(moment)s Uhr", moment=moment(utcnow()))),
        (gettext("Thema"), found.rows[0].label if len(found.rows) == 1 else gettext("alle")),
        (
            gettext("Zahlen"),
            gettext(
                "Andere Unternehmen, das eigene nicht mitgezählt; auf Fünferschritte abgerundet. "
                "Leer: weniger als %(limit)s Unternehmen. Summen zählen nur, was gezeigt werden darf.",
                limit=limit,
            ),
        ),
    ]
    if what == "topics":
        return network_interest.topics_table(found, notes)
    if what == "modules":
        return network_interest.modules_table(found, notes)
    raise NotFound
