"""The page of one module."""

from flask import Blueprint, Response, make_response, render_template, request, url_for

from catalogue.services import bookmarks, decision_outcomes, demand, measures, modules, search
from catalogue.services.exchange import amb
from catalogue.web.auth import current_actor
from catalogue.web.back import way_back
from catalogue.web.linked_data import course_script
from catalogue.web.requests import db_session
from catalogue.web.search import search_index
from catalogue.web.sharing import preview_of

bp = Blueprint("modules", __name__, url_prefix="/modules")


@bp.get("/<slug>")
def show(slug: str) -> Response:
    """Show everything known about a module, and what the own company says about it."""
    session, actor = db_session(), current_actor()
    module = modules.get(session, actor, slug)
    similar = search.similar(session, actor, search_index(), module)
    page = render_template(
        "modules/show.html",
        module=module,
        similar=similar,
        memberships=measures.memberships(session, actor, module),
        kept=bookmarks.own(session, actor, [module.id]),
        decided=decision_outcomes.about_module(session, actor, module),
        own=demand.own(session, actor, [module.id, *(other.id for other in similar)]),
        way_back=way_back(request.args.get("back")),
        linked_data=course_script(module),
        preview=preview_of(module),
    )
    answer = make_response(page)
    if module.is_public:
        described = url_for("exchange.amb_resource", slug=module.slug)
        answer.headers["Link"] = f'<{described}>; rel="describedby"; type="{amb.MEDIA_TYPE}"'
    return answer
