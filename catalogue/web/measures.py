"""Pages of the Qualifizierungsmaßnahmen: ordered sets of modules."""

from flask import Blueprint, render_template, request

from catalogue.services import measure_paths, measures, run_listing
from catalogue.services.run_listing import RunQuery
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.facts import today
from catalogue.web.months import weekday
from catalogue.web.requests import db_session

bp = Blueprint("measures", __name__, url_prefix="/measures")


@bp.get("")
def index() -> str:
    """List the measures that the actor may see."""
    actor = current_actor()
    listed = [(found, measures.visible_parts(actor, found)) for found in measures.listing(db_session(), actor)]
    return render_template("measures/index.html", measures=listed, total=measure_paths.total)


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show a measure with its modules in the order of learning."""
    session, actor = db_session(), current_actor()
    measure = measures.get(session, actor, slug)
    parts = measures.visible_parts(actor, measure)
    coming = run_listing.published(session, actor, RunQuery(measure=measure.slug, since=today()))
    return render_template(
        "measures/show.html",
        measure=measure,
        parts=parts,
        needed={part.module_id: measure_paths.prerequisites(part, parts) for part in parts},
        total=measure_paths.total(parts),
        runs=coming.runs,
        weekday=weekday,
        way_back=way_back(request.args.get("back")),
    )
