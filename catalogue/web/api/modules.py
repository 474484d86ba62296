"""Modules: found and read by everybody, written by network staff."""

from dataclasses import replace

from flask import Response, current_app, jsonify, request

from catalogue.models import Module
from catalogue.services import demand, interest, modules, pending, search, workflow
from catalogue.services.module_input import ModuleInput
from catalogue.services.pending import Read
from catalogue.services.permissions import require
from catalogue.web.api.blueprint import answer, body, bp, required_version, version_asked
from catalogue.web.api.bodies import ModuleBody
from catalogue.web.api.shapes import demand_shape, interest_shape, module_shape, page_shape, page_url
from catalogue.web.auth import current_actor
from catalogue.web.limits import SEARCH, limiter
from catalogue.web.queries import query_from
from catalogue.web.requests import db_session
from catalogue.web.validators import validated


@bp.get("/modules")
@limiter.limit(SEARCH)
def list_modules() -> Response:
    """Search, with the parameters of the search page."""
    index = current_app.extensions["search"]
    found = search.find(db_session(), current_actor(), index, query_from(request.args))
    return validated(jsonify(page_shape(found)))


@bp.get("/modules/<slug>")
def show_module(slug: str) -> Response:
    """Show one module; signed-in people also see what others want (as members may see it) and what their company said."""
    session, actor = db_session(), current_actor()
    module = modules.get(session, actor, slug)
    data = module_shape(module)
    if actor.signed_in:
        k = current_app.extensions["settings"].k_anonymity
        data["interest"] = interest_shape(interest.interest_of_others(session, actor, module, k))
    if actor.is_member:
        own = demand.own(session, actor, [module.id]).get(module.id)
        data["demand"] = demand_shape(own, module) if own else None
    return validated(jsonify(data), version=module.version)


@bp.post("/modules")
def create_module() -> Response:
    """Make a draft."""
    require(current_actor(), "module.edit")
    sent = body(ModuleBody)
    empty = ModuleInput(title="")
    given = replace(empty, **sent.changes(empty))
    module = modules.create(db_session(), current_actor(), given, sent.slug)
    return _shown(module, 201, page_url(f"/api/v1/modules/{module.slug}"))


@bp.patch("/modules/<slug>")
def change_module(slug: str) -> Response:
    """Change the fields that are sent, at once; with ``?pending=1`` a published module's change waits for review."""
    session, actor = db_session(), current_actor()
    require(actor, "module.edit")
    version = required_version()
    sent = body(ModuleBody)
    module = modules.get(session, actor, slug)
    if module.is_public and request.args.get("pending") == "1":
        before = pending.shown(module, pending.find(session, module))
        saved = pending.save(session, actor, module, replace(before, **sent.changes(before)), Read(version, None))
        return _shown(module, pending=saved.waiting is not None)
    before = modules.input_of(module)
    modules.update(session, actor, module, replace(before, **sent.changes(before)), version)
    return _shown(module, pending=False)


@bp.post("/modules/<slug>/publish")
def publish_module(slug: str) -> Response:
    """Put it into the catalogue."""
    require(current_actor(), "module.publish")
    module = modules.get(db_session(), current_actor(), slug)
    return _shown(workflow.publish(db_session(), current_actor(), module, version_asked()))


@bp.post("/modules/<slug>/archive")
def archive_module(slug: str) -> Response:
    """Take it out of the catalogue."""
    require(current_actor(), "module.publish")
    module = modules.get(db_session(), current_actor(), slug)
    return _shown(workflow.archive(db_session(), current_actor(), module, version_asked()))


def _shown(module: Module, status: int = 200, location: str = "", **more: bool) -> Response:
    fresh = modules.get(db_session(), current_actor(), module.slug)
    return answer(module_shape(fresh) | more, status, fresh.version, location)
