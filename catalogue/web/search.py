"""The start page: search over the published modules."""

from typing import cast

from flask import Blueprint, current_app, render_template, request

from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search
from catalogue.web.auth import current_actor
from catalogue.web.requests import db_session

bp = Blueprint("search", __name__)


def search_index() -> SearchIndex:
    """Return the application's index."""
    return cast(SearchIndex, current_app.extensions["search"])


@bp.get("/")
def index() -> str:
    """Show one page of results."""
    page = search.find(db_session(), current_actor(), search_index(), Query(text=request.args.get("q", "")))
    return render_template("search/index.html", page=page)
