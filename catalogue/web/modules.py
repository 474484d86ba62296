"""The page of one module."""

from flask import Blueprint, render_template, request

from catalogue.services import bookmarks, decision_outcomes, demand, measures, modules, search
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.linked_data import course_script
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

bp = Blueprint("modules", __name__, url_prefix="/modules")


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show everything known about a module, and what the own company says about it."""
    session, actor = db_session(), current_actor()
    module = modules.get(session, actor, slug)
    similar = search.similar(session, actor, search_index(), module)
    return render_template(
        "modules/show.html",
        module=module,
        similar=similar,
        memberships=measures.memberships(session, actor, module),
        kept=bookmarks.own(session, actor, [module.id]),
        decided=decision_outcomes.about_module(session, actor, module),
        own=demand.own(session, actor, [module.id, *(other.id for other in similar)]),
        way_back=way_back(request.args.get("back")),
        linked_data=course_script(module),
    )
