"""Pages of the Qualifizierungsmaßnahmen: ordered sets of modules."""

from flask import Blueprint, render_template, request

from catalogue.services import measures
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.requests import db_session

bp = Blueprint("measures", __name__, url_prefix="/measures")


@bp.get("")
def index() -> str:
    """List the measures that the actor may see."""
    return render_template("measures/index.html", measures=measures.listing(db_session(), current_actor()))


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show a measure with its modules in the order of learning."""
    measure = measures.get(db_session(), current_actor(), slug)
    parts = measures.visible_parts(current_actor(), measure)
    return render_template(
        "measures/show.html",
        measure=measure,
        parts=parts,
        total=measures.total(parts),
        way_back=way_back(request.args.get("back")),
    )
