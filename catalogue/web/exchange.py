"""Modules for other catalogues: AMB of one module, MOOChub of all."""

import hashlib
import json
from typing import Any

from flask import Blueprint, Response, request

from catalogue.services import modules
from catalogue.services.errors import NotFound
from catalogue.services.exchange import amb, moochub, published
from catalogue.services.exchange.facts import facts_of
from catalogue.services.permissions import VISITOR
from catalogue.web.auth import settings
from catalogue.web.numbers import page_number
from catalogue.web.requests import db_session

bp = Blueprint("exchange", __name__)
PROBLEM = "application/problem+json"


@bp.get("/modules/<slug>.amb.json")
def amb_resource(slug: str) -> Response:
    """Return a published module in the metadata profile AMB."""
    module = modules.get(db_session(), VISITOR, slug)
    if not module.is_public:
        raise NotFound
    base = settings().base_url
    return _answer(amb.resource(facts_of(module, base), base), amb.MEDIA_TYPE)


@bp.get("/bridges/moochub/courses")
def moochub_courses() -> Response:
    """Return one page of all published modules as MOOChub wants them; 406 for versions that are not spoken here."""
    if not moochub.is_spoken(request.headers.get("Accept", "")):
        return _problem(406, f"Only moochub-version={moochub.VERSION} is spoken here.")
    base = settings().base_url.rstrip("/")
    try:
        page = published.listing(db_session(), VISITOR, page_number(), base)
    except NotFound:
        return _problem(404, "There is no such page.")
    return _answer(moochub.document(page, f"{base}/bridges/moochub/courses"), moochub.MEDIA_TYPE)


def _answer(node: dict[str, Any], media_type: str) -> Response:
    """JSON with a validator: who asks again and has it already gets 304."""
    body = json.dumps(node, ensure_ascii=False).encode()
    response = Response(body, content_type=media_type)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.vary.add("Accept")
    response.make_conditional(request)
    return response


def _problem(status: int, title: str) -> Response:
    return Response(json.dumps({"title": title, "status": status}), status, content_type=PROBLEM)
