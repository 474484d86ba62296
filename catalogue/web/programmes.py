"""Pages of the alliances and projects that offers belong to."""

from flask import Blueprint, render_template, request

from catalogue.services import programmes
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
        modules=programmes.modules_of(db_session(), programme),
        way_back=way_back(request.args.get("back")),
    )
