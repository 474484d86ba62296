"""Modules for others: AMB of one module, MOOChub of all, feeds of any search, the map of the site for search engines.

Caches share these answers, so they are the same for everybody: in German, whatever language somebody reads the pages in.
"""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from catalogue.services import modules, run_listing, search
from catalogue.services.errors import NotFound
from catalogue.services.exchange import amb, atom, moochub, oai, published, sitemap
from catalogue.services.exchange.facts import facts_of
from catalogue.services.permissions import VISITOR
from catalogue.web.auth import settings
from catalogue.web.facts import today
from catalogue.web.limits import EXPORT, HARVEST, limiter
from catalogue.web.numbers import page_number
from catalogue.web.queries import args_of, query_from
from catalogue.web.requests import database, db_session
from catalogue.web.search import search_index

bp = Blueprint("exchange", __name__)
KEPT = timedelta(days=180)  # so long past and cancelled runs stay in subscribed calendars
PROBLEM = "application/problem+json"


@bp.get("/modules/<slug>.amb.json")
def amb_resource(slug: str) -> Response:
    """Return a published module in the metadata profile AMB."""
    module = modules.get(db_session(), VISITOR, slug)
    if not module.is_public:
        raise NotFound
    base = settings().base_url
    return _answer(_json(amb.resource(facts_of(module, base), base)), amb.MEDIA_TYPE)


@bp.get("/bridges/moochub/courses")
@limiter.limit(HARVEST)
def moochub_courses() -> Response:
    """Return one page of all published modules as MOOChub wants them; 406 for versions that are not spoken here."""
    if not moochub.is_spoken(request.headers.get("Accept", "")):
        return _problem(406, f"Only moochub-version={moochub.VERSION} is spoken here.")
    base = settings().base_url.rstrip("/")
    try:
        page = published.listing(db_session(), VISITOR, page_number(), base)
    except NotFound:
        return _problem(404, "There is no such page.")
    return _answer(_json(moochub.document(page, f"{base}/bridges/moochub/courses")), moochub.MEDIA_TYPE)


@bp.get("/modules.atom")
@limiter.limit(EXPORT)
def atom_feed() -> Response:
    """Return the newest modules of a search as a feed; the parameters are those of the search page."""
    query = replace(query_from(request.args), sort="newest", page=1, per_page=atom.MOST)
    found = search.find(db_session(), VISITOR, search_index(), query)
    base, args = settings().base_url.rstrip("/"), args_of(query, sort=None, per_page=None)
    title = f"Module zu „{query.text}“" if query.text else "Neue Module"
    listed = [facts_of(hit.module, base) for hit in found.hits]
    feed = atom.feed(listed, title, base + url_for("search.index", **args), base + url_for(".atom_feed", **args))
    return _answer(feed, atom.MEDIA_TYPE)


@bp.get("/modules.ics")
@limiter.limit(EXPORT)
def calendar_of_search() -> Response:
    """Return the runs of the modules that a search finds, to be subscribed to."""
    from catalogue.services import run_feed  # here, because its library would make every start longer

    query = query_from(request.args)
    found = search.ids(db_session(), VISITOR, search_index(), query)
    runs = run_listing.of_modules(db_session(), VISITOR, found, today() - KEPT)
    title = f"Termine zu „{query.text}“" if query.text else "Termine, Modulkatalog BatterieMD"
    response = _answer(run_feed.calendar(runs, title, settings().base_url), run_feed.MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="termine.ics"'
    return response


@bp.route("/oai", methods=["GET", "POST"])
@limiter.limit(HARVEST)
def harvest() -> Response:
    """Answer OAI-PMH 2.0, also by POST, which changes nothing here."""
    asked = request.form if request.method == "POST" else request.args
    with database().read() as session:
        body = oai.answer(session, VISITOR, settings(), list(asked.items(multi=True)))
    return Response(body, content_type=oai.MEDIA_TYPE)


@bp.get("/sitemap.xml")
@limiter.limit(EXPORT)
def site_map() -> Response:
    """Return all public addresses; if they are too many for one file, the addresses of its parts."""
    return _answer(sitemap.sitemap(db_session(), VISITOR, settings().base_url), sitemap.MEDIA_TYPE)


@bp.get("/sitemap-<int:part>.xml")
@limiter.limit(EXPORT)
def site_map_part(part: int) -> Response:
    """Return one part of the public addresses."""
    return _answer(sitemap.part(db_session(), VISITOR, settings().base_url, part), sitemap.MEDIA_TYPE)


@bp.get("/robots.txt")
def robots() -> Response:
    """Say what robots may read, and how fast."""
    return _answer(sitemap.robots(settings().base_url).encode(), "text/plain; charset=utf-8")


def _json(node: dict[str, Any]) -> bytes:
    return json.dumps(node, ensure_ascii=False).encode()


def _answer(body: bytes, media_type: str) -> Response:
    """An answer with a validator: who asks again and has it already gets 304."""
    response = Response(body, content_type=media_type)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.vary.add("Accept")
    response.make_conditional(request)
    return response


def _problem(status: int, title: str) -> Response:
    return Response(_json({"title": title, "status": status}), status, content_type=PROBLEM)
