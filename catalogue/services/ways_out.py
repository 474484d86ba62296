"""A search without hits is never a dead end: other questions near the one asked, each with the number of modules it gives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalogue.db import Session
from catalogue.search.index import SearchIndex
from catalogue.search.results import FacetValue, Query
from catalogue.services import search
from catalogue.services.permissions import Actor

__all__ = ["WayOut", "topics", "ways_out"]

MOST_WORDS = 4
MOST_FILTERS = 6
MOST_TOPICS = 4


@dataclass(frozen=True)
class WayOut:
    """Another question and how many modules it finds. kind: "without" (a facet), "unfiltered", "word"; what: facet or word."""

    kind: str
    what: str
    query: Query
    total: int


def ways_out(session: Session, actor: Actor, index: SearchIndex, query: Query) -> list[WayOut]:
    """Return the nearest questions that find something, those that change least first."""
    found = []
    for kind, what, other in _candidates(query):
        total = search.find(session, actor, index, replace(other, page=1, per_page=1, typing=False)).total
        if total:
            found.append(WayOut(kind, what, other, total))
    return found


def topics(session: Session, actor: Actor, index: SearchIndex, query: Query) -> list[FacetValue]:
    """Return topics to look around in: those of modules that the words alone find, else the largest of the catalogue."""
    words = Query(text=query.text, per_page=1, language=query.language)
    return _topics(session, actor, index, words) or _topics(session, actor, index, replace(words, text=""))


def _topics(session: Session, actor: Actor, index: SearchIndex, query: Query) -> list[FacetValue]:
    found = search.find(session, actor, index, query)
    values = next((facet.values for facet in found.facets if facet.name == "topic"), ())
    named = [value for value in values if value.count and value.value != "none"]
    return sorted(named, key=lambda value: -value.count)[:MOST_TOPICS]


def _candidates(query: Query) -> Iterator[tuple[str, str, Query]]:
    filters = list(query.filters)[:MOST_FILTERS]
    for name in filters if len(filters) > 1 or query.only is not None else []:
        yield "without", name, replace(query, filters={key: v for key, v in query.filters.items() if key != name})
    if filters or query.only is not None or query.without:
        yield "unfiltered", "", replace(query, filters={}, all_of=frozenset(), only=None, without=frozenset())
    words = query.text.split()
    if len(words) > 1:
        for word in words[:MOST_WORDS]:
            yield "word", word, Query(text=word, sort=query.sort, per_page=query.per_page)
