"""All public addresses with the day of their last change (https://www.sitemaps.org/protocol.html), and what robots may read."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, tostring

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Measure, Module, Programme, Provider, WorkflowState
from catalogue.services.errors import NotFound
from catalogue.services.permissions import Actor, require

__all__ = ["MEDIA_TYPE", "MOST", "part", "robots", "sitemap"]

MEDIA_TYPE = "application/xml; charset=utf-8"
MOST = 50_000  # of the protocol
# searches with filters are endless; everything else here is not for everybody
CLOSED = (
    "/*?", "/login", "/account", "/company", "/companies", "/curation", "/planning", "/klausur", "/k", "/admin", "/api/", "/answer/",
    "/board/", "/calendars/", "/commitments/", "/invitations/", "/password", "/suggest", "/preferences", "/compare", "/bookmarks",
    "/print", "/modules.pdf",
)  # fmt: skip
OPEN = ("/?page=", "/bridges/moochub/courses?page=")
Addresses = Iterable[tuple[str, datetime]]
DELAY = 2  # seconds that a robot should wait between two pages


def sitemap(session: Session, actor: Actor, base_url: str) -> bytes:
    """Return the addresses of all published modules, and of measures, providers and programmes; if too many, those of the parts."""
    require(actor, "catalogue.search")
    base, found = base_url.rstrip("/"), list(_addresses(session))
    if len(found) <= MOST:
        return _document("urlset", "url", base, found)
    parts = (found[first : first + MOST] for first in range(0, len(found), MOST))
    named = ((f"/sitemap-{number}.xml", max(day for _, day in one)) for number, one in enumerate(parts, start=1))
    return _document("sitemapindex", "sitemap", base, named)


def part(session: Session, actor: Actor, base_url: str, number: int) -> bytes:
    """Return one part, counted from 1; NotFound if there is no such part."""
    require(actor, "catalogue.search")
    found = list(islice(_addresses(session), (number - 1) * MOST, number * MOST)) if number > 0 else []
    if not found:
        raise NotFound
    return _document("urlset", "url", base_url.rstrip("/"), found)


def _document(kind: str, entry: str, base: str, found: Addresses) -> bytes:
    root = Element(kind, {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    for path, changed in found:
        one = SubElement(root, entry)
        SubElement(one, "loc").text = base + path
        SubElement(one, "lastmod").text = changed.date().isoformat()
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(root, encoding="utf-8"))


def _addresses(session: Session) -> Addresses:
    published = select(Module.slug, Module.updated_at).where(Module.state == WorkflowState.PUBLISHED)
    for slug, changed in session.execute(published.order_by(Module.sort_title, Module.id)):
        yield f"/modules/{slug}", changed
    measures = select(Measure.slug, Measure.updated_at).where(Measure.state == WorkflowState.PUBLISHED)
    for slug, changed in session.execute(measures.order_by(Measure.slug)):
        yield f"/measures/{slug}", changed
    for folder, thing in (("providers", Provider), ("programmes", Programme)):
        for slug, changed in session.execute(select(thing.slug, thing.updated_at).order_by(thing.slug)):
            yield f"/{folder}/{slug}", changed


def robots(base_url: str) -> str:
    """Return the rules for robots: public pages yes, slowly; personal ones and endless lists of filters no."""
    rules = [*(f"Allow: {path}" for path in OPEN), *(f"Disallow: {path}" for path in CLOSED)]
    return "\n".join(
        ["User-agent: *", f"Crawl-delay: {DELAY}", *rules, "", f"Sitemap: {base_url.rstrip('/')}/sitemap.xml", ""]
    )
