"""Pages of the organisations that teach."""

from flask import Blueprint, render_template, request

from catalogue.services import providers, public_modules
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.requests import db_session

bp = Blueprint("providers", __name__, url_prefix="/providers")


@bp.get("")
def index() -> str:
    """List all providers that have published modules."""
    found = [entry for entry in providers.listing(db_session()) if entry.published]
    return render_template("providers/index.html", entries=found)


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show who a provider is and its published modules."""
    provider = providers.get(db_session(), slug)
    return render_template(
        "providers/show.html",
        provider=provider,
        modules=public_modules.of_provider(db_session(), current_actor(), provider),
        way_back=way_back(request.args.get("back")),
    )
