"""Courses that a page describes with schema.org in JSON-LD: finds them, wherever the page puts them. What they say: course_values.py."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from catalogue.services.documents import decoded
from catalogue.services.errors import Invalid
from catalogue.texts import N_, Text

__all__ = ["Found", "Node", "find", "many"]

Node = dict[str, Any]  # one thing; keys without the prefix of schema.org

MOST_NODES = 200_000
_OPENING = re.compile(r"<!--|<script\b([^<>]{0,500})>", re.I)
_CLOSING = re.compile(r"</script\b", re.I)
_JSON_LD = re.compile(r"type\s*=\s*[\"']?\s*application/ld\+json", re.I)
_PREFIX = re.compile(r"^(?:https?://schema\.org/|schema:)")
# what leads from a page or list to the things it shows; what a course needs or resembles is not one of these
_LEADS = ("@graph", "mainEntity", "itemListElement", "item", "hasPart", "hasOfferCatalog", "makesOffer", "itemOffered",
          "dataFeedElement", "course", "subjectOf")  # fmt: skip


@dataclass
class Found:
    """What a page tells: its courses, the pages of courses that it only links to, and sentences about what cannot be read."""

    courses: list[Node] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)


def find(body: bytes, charset: str, url: str) -> Found:
    """Return the courses of a page (HTML, or JSON-LD itself) that was read at *url*; raises Invalid if there is no such data."""
    text = decoded(body, charset)
    found = Found()
    blocks = [text] if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") else list(_blocks(text))
    things = [_normal(thing, found) for thing in (_parsed(block, found) for block in blocks) if thing is not None]
    if not things:
        if found.notes:
            raise Invalid("url", N_("Die Kursdaten der Seite sind kein gültiges JSON."))
        raise Invalid("url", N_("Auf der Seite stehen keine Kursdaten nach schema.org (JSON-LD)."))
    _collect(things, found, url)
    if not found.courses and not found.links:
        raise Invalid("url", N_("Die Daten der Seite beschreiben keinen Kurs (schema.org Course)."))
    return found


def _blocks(text: str) -> Iterator[str]:
    """Yield the contents of the JSON-LD scripts; linear in the length of the page, whatever it contains."""
    place = 0
    while opening := _OPENING.search(text, place):
        if opening[0].startswith("<!--"):
            end = text.find("-->", opening.end())
            place = len(text) if end < 0 else end + 3
            continue
        closing = _CLOSING.search(text, opening.end())
        end = closing.start() if closing else len(text)
        if _JSON_LD.search(opening[1]):
            yield text[opening.end() : end]
        place = end + 1


def _parsed(block: str, found: Found) -> Any:
    """Return what a script says; line breaks within texts are let pass, and comments around it."""
    text = block.strip().removeprefix("<!--").removesuffix("-->")
    text = text.strip().removeprefix("//<![CDATA[").removeprefix("<![CDATA[").removesuffix("//]]>").removesuffix("]]>")
    try:
        return json.loads(text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        found.notes.append(Text(N_("Ein Abschnitt mit Kursdaten ist kein gültiges JSON und fehlt.")))
        return None


def _normal(thing: Any, found: Found) -> Any:
    """Return the same with plain keys; raises Invalid if it is built to exhaust the reader."""
    count, deep = 0, 0

    def normal(one: Any) -> Any:
        nonlocal count, deep
        count, deep = count + 1, deep + 1
        if count > MOST_NODES or deep > 60:
            raise Invalid("url", N_("Die Kursdaten der Seite sind zu umfangreich oder zu tief verschachtelt."))
        result = one
        if isinstance(one, dict):
            result = {_PREFIX.sub("", str(key)): normal(value) for key, value in one.items()}
        elif isinstance(one, list):
            result = [normal(value) for value in one]
        deep -= 1
        return result

    return normal(thing)


def many(value: Any) -> list[Any]:
    """Return a value that may be one, several or missing as a list; ``{"@list": …}`` and ``{"@set": …}`` are lists."""
    if isinstance(value, dict) and len(value) == 1 and (inner := value.get("@list", value.get("@set"))) is not None:
        value = inner
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def types(node: Node) -> set[str]:
    """Return what *node* is, without prefixes."""
    named = (*many(node.get("@type")), *many(node.get("type")))
    return {_PREFIX.sub("", kind) for kind in named if isinstance(kind, str)}


def _collect(things: list[Any], found: Found, url: str) -> None:
    walk = _Walk(url, _by_id(things))
    walk.through(things)
    for one in [] if walk.courses else walk.instances:  # a date without its course stands for it
        course = _resolved(one, walk.known)
        walk.courses.setdefault(_name_of(one, url), course | {"hasCourseInstance": [course]})
    found.courses = [course for course in walk.courses.values() if course.get("name")]
    if len(found.courses) < len(walk.courses):
        found.notes.append(Text(N_("Kurse ohne Namen sind ausgelassen.")))
    if not found.courses:
        found.links = list(dict.fromkeys(link for link in walk.links if link != url))


@dataclass
class _Walk:
    """The way from the things of a page to its courses, in the order of the page."""

    url: str
    known: dict[str, Node]
    courses: dict[str, Node] = field(default_factory=dict)
    instances: list[Node] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def through(self, things: list[Any]) -> None:
        stack = list(reversed(things))
        while stack:
            one = stack.pop()
            if isinstance(one, list):
                stack += reversed(one)
            elif isinstance(one, dict):
                stack += reversed(self._visit(_whole(one, self.known)))

    def _visit(self, node: Node) -> list[Any]:
        """Note what *node* is, and return what it leads to."""
        if id(node) in self.seen:
            return []
        self.seen.add(id(node))
        kinds = types(node)
        if "Course" in kinds:
            self.courses.setdefault(_name_of(node, self.url), _resolved(node, self.known))
            return []
        if "CourseInstance" in kinds:
            self.instances.append(node)
            return []
        following = [one for key in _LEADS for one in many(node.get(key))]
        for place in (node.get("url") if "ListItem" in kinds and "item" not in node else None, *following):
            self._note_link(place)
        return following

    def _note_link(self, place: Any) -> None:
        """Remember an address that stands where a course could stand: as text, or as a thing of which nothing else is told."""
        name = place.get("@id") if isinstance(place, dict) and set(place) <= {"@id", "name", "@type"} else place
        if isinstance(name, str) and name not in self.known and re.match(r"https?://|/|\./|\?", name):
            with suppress(ValueError):
                self.links.append(urljoin(self.url, name))


def _by_id(things: list[Any]) -> dict[str, Node]:
    """Return all things with a name of their own; the one that says most wins."""
    known: dict[str, Node] = {}
    stack = list(things)
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        elif isinstance(one, dict):
            name = one.get("@id")
            if isinstance(name, str) and len(one) > 2 and len(one) > len(known.get(name, {})):
                known[name] = one
            stack += one.values()
    return known


def _whole(node: Node, known: dict[str, Node]) -> Node:
    name = node.get("@id")
    return known.get(name, node) if isinstance(name, str) and len(node) <= 2 else node


def _resolved(course: Node, known: dict[str, Node]) -> Node:
    """Return *course* with what it only names by ``@id``, two steps deep."""

    def step(value: Any, left: int) -> Any:
        if isinstance(value, list):
            return [step(one, left) for one in value]
        if isinstance(value, dict):
            whole = _whole(value, known)
            return {key: step(one, left - 1) for key, one in whole.items()} if left else whole
        return value

    return {key: step(value, 2) for key, value in course.items()}


def _name_of(node: Node, url: str) -> str:
    """Return what tells courses of one page apart: the same course may stand on it twice."""
    for key in ("@id", "url", "name"):
        value = node.get(key)
        if isinstance(value, str) and value and not value.startswith("_:"):
            return urljoin(url, value) if key != "name" else value
    return f"#{id(node)}"
