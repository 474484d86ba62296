"""All public addresses with the day of their last change (https://www.sitemaps.org/protocol.html), and what robots may read."""

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Measure, Module, Programme, Provider, WorkflowState
from catalogue.services.permissions import Actor, require

__all__ = ["MEDIA_TYPE", "MOST", "robots", "sitemap"]

MEDIA_TYPE = "application/xml; charset=utf-8"
MOST = 50_000  # of the protocol
# searches with filters are endless; everything else here is not for everybody
CLOSED = (
    "/*?", "/login", "/account", "/company", "/companies", "/curation", "/planning", "/klausur", "/k", "/admin", "/api/", "/answer/",
    "/board/", "/calendars/", "/commitments/", "/invitations/", "/password", "/suggest", "/preferences", "/compare", "/bookmarks",
    "/print", "/modules.pdf",
)  # fmt: skip
OPEN = ("/?page=", "/bridges/moochub/courses?page=")
DELAY = 2  # seconds that a robot should wait between two pages


def sitemap(session: Session, actor: Actor, base_url: str) -> bytes:
    """Return the addresses of all published modules, and of measures, providers and programmes."""
    require(actor, "catalogue.search")
    root, base = Element("urlset", {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"}), base_url.rstrip("/")
    for path, changed in _addresses(session):
        url = SubElement(root, "url")
        SubElement(url, "loc").text = base + path
        SubElement(url, "lastmod").text = changed.date().isoformat()
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(root, encoding="utf-8"))


def _addresses(session: Session) -> Iterable[tuple[str, datetime]]:
    published = select(Module.slug, Module.updated_at).where(Module.state == WorkflowState.PUBLISHED)
    for slug, changed in session.execute(published.order_by(Module.sort_title, Module.id).limit(MOST - 5_000)):
        yield f"/modules/{slug}", changed
    measures = select(Measure.slug, Measure.updated_at).where(Measure.state == WorkflowState.PUBLISHED)
    for slug, changed in session.execute(measures.order_by(Measure.slug).limit(1_500)):
        yield f"/measures/{slug}", changed
    for folder, thing in (("providers", Provider), ("programmes", Programme)):
        for slug, changed in session.execute(select(thing.slug, thing.updated_at).order_by(thing.slug).limit(1_500)):
            yield f"/{folder}/{slug}", changed


def robots(base_url: str) -> str:
    """Return the rules for robots: public pages yes, slowly; personal ones and endless lists of filters no."""
    rules = [*(f"Allow: {path}" for path in OPEN), *(f"Disallow: {path}" for path in CLOSED)]
    return "\n".join(
        ["User-agent: *", f"Crawl-delay: {DELAY}", *rules, "", f"Sitemap: {base_url.rstrip('/')}/sitemap.xml", ""]
    )
