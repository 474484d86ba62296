"""Topics that are missing."""

import uuid

from flask import Response, current_app, jsonify

from catalogue.models import Wish
from catalogue.services import wishes
from catalogue.services.permissions import Own, require
from catalogue.web.api.blueprint import answer, body, bp, page_of
from catalogue.web.api.bodies import WishBody
from catalogue.web.api.shapes import wish_shape
from catalogue.web.auth import current_actor
from catalogue.web.requests import db_session


@bp.get("/wishes")
def list_wishes() -> Response:
    """List the wishes that the person may know of, newest first."""
    page, per_page = page_of()
    found = wishes.listed(db_session(), current_actor(), _k())
    items = [wish_shape(view) for view in found[(page - 1) * per_page : page * per_page]]
    return jsonify({"total": len(found), "page": page, "per_page": per_page, "items": items})


@bp.post("/wishes")
def create_wish() -> Response:
    """Say what is missing."""
    require(current_actor(), "wish.write", Own(current_actor().company_id))
    return _shown(wishes.create(db_session(), current_actor(), body(WishBody).input()), 201)


@bp.post("/wishes/<uuid:wish_id>/support")
def support_wish(wish_id: uuid.UUID) -> Response:
    """The own company wants the same."""
    require(current_actor(), "wish.support", Own(current_actor().company_id))
    wish = wishes.get(db_session(), current_actor(), wish_id)
    wishes.support(db_session(), current_actor(), wish)
    return _shown(wish)


@bp.delete("/wishes/<uuid:wish_id>/support")
def unsupport_wish(wish_id: uuid.UUID) -> Response:
    """The own company does not want it any more."""
    require(current_actor(), "wish.support", Own(current_actor().company_id))
    wishes.unsupport(db_session(), current_actor(), wishes.get(db_session(), current_actor(), wish_id))
    return Response(status=204)


def _k() -> int:
    return int(current_app.extensions["settings"].k_anonymity)


def _shown(wish: Wish, status: int = 200) -> Response:
    fresh = wishes.get(db_session(), current_actor(), wish.id)
    return answer(wish_shape(wishes.view_of(current_actor(), fresh, _k())), status, fresh.version)
