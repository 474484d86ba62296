"""Pages of the alliances and projects that offers belong to."""

from flask import Blueprint, render_template, request

from catalogue.services import programmes, public_modules
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.requests import db_session

bp = Blueprint("programmes", __name__, url_prefix="/programmes")


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show what a programme is and its published modules."""
    programme = programmes.get(db_session(), slug)
    return render_template(
        "programmes/show.html",
        programme=programme,
        modules=public_modules.of_programme(db_session(), current_actor(), programme),
        way_back=way_back(request.args.get("back")),
    )
