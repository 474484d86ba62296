"""The newest modules of a search as an Atom feed (RFC 4287), for feed readers and for other sites."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from catalogue.models import Vocabulary
from catalogue.services.exchange.facts import Facts

__all__ = ["MEDIA_TYPE", "MOST", "feed"]

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
MOST = 50
SPACE = "http://www.w3.org/2005/Atom"
_FORBIDDEN = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # no XML 1.0 document may hold these


def feed(modules: Sequence[Facts], title: str, page_url: str, feed_url: str) -> bytes:
    """Return *modules* as one feed; ``feed_url`` is its own address, ``page_url`` the search that people see."""
    root = Element("feed", {"xmlns": SPACE, "xml:lang": "de"})
    _text(root, "id", feed_url)
    _text(root, "title", title)
    _text(
        root,
        "updated",
        _stamp(max((facts.module.updated_at for facts in modules), default=datetime(2000, 1, 1, tzinfo=UTC))),
    )
    SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": feed_url})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": page_url})
    _text(SubElement(root, "author"), "name", "Modulkatalog BatterieMD")
    for facts in modules:
        _entry(root, facts)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(root, encoding="utf-8"))


def _entry(root: Element, facts: Facts) -> None:
    module, entry = facts.module, SubElement(root, "entry")
    _text(entry, "id", f"urn:uuid:{module.id}")
    _text(entry, "title", module.title)
    _text(entry, "updated", _stamp(module.updated_at))
    _text(entry, "published", _stamp(module.published_at or module.created_at))
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": facts.url})
    if facts.provider:
        _text(SubElement(entry, "author"), "name", facts.provider)
    for topic in module.terms_of(Vocabulary.TOPIC):
        SubElement(entry, "category", {"term": topic.code, "label": topic.label()})
    _text(entry, "summary", module.summary or facts.description[:300])


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _FORBIDDEN.sub("", text)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
