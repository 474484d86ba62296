"""A search as text: the parameters of the search page in one normal form, and the question that they ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from catalogue.db import Session
from catalogue.search import facets
from catalogue.search.results import FACETS, SORTS, Query
from catalogue.services.marks import Mark

__all__ = ["Condition", "conditions", "marks_of", "normal", "query_of", "renamed"]

LONGEST = 4_000  # characters; what is longer was not made by our pages
LONGEST_TEXT = 300
MOST_VALUES = 60  # of one facet
MOST_FIELDS = 500


def normal(address: str) -> str:
    """Return the question in *address* (of the search page, or its parameters alone): known names only, in a fixed order.

    The same question always gives the same text; anything else gives less, never an error. "" asks for all modules.
    """
    given = _parsed(address)
    text = " ".join(" ".join(given.get("q", [])).split())[:LONGEST_TEXT]
    pairs = [("q", text)] if text else []
    chosen = {name: values for name in FACETS if (values := sorted(set(given.get(name, [])))[:MOST_VALUES])}
    pairs += [(name, value) for name, values in chosen.items() for value in values]
    pairs += [("all", name) for name in chosen if name in given.get("all", [])]
    pairs += [("mark", mark.value) for mark in Mark if mark.value in given.get("mark", [])]
    pairs += [("sort", sort) for sort in given.get("sort", [])[:1] if sort in SORTS and sort != "relevance"]
    return urlencode(pairs)


def _parsed(address: str) -> dict[str, list[str]]:
    parameters = address.partition("?")[2] if "?" in address else address
    try:
        found = parse_qs(parameters[:LONGEST].partition("#")[0], max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: [_visible(value) for value in values if _visible(value)] for name, values in found.items()}


def _visible(text: str) -> str:
    return "".join(character for character in text if character.isprintable() or character.isspace()).strip()


def query_of(question: str) -> Query:
    """Return what a normal form asks, without the marks of the company, which services.marks.narrow applies."""
    given = _parsed(question)
    filters = {name: tuple(given[name]) for name in FACETS if name in given}
    return Query(
        text=" ".join(given.get("q", [])),
        filters=filters,
        all_of=frozenset(given.get("all", [])) & frozenset(filters),
        sort="".join(given.get("sort", [])),
    )


def renamed(question: str, facet: str, old: str, new: str) -> str:
    """Return the normal form of *question* with another value in place of one that has become another one."""
    given = _parsed(question)
    given[facet] = [new if value == old else value for value in given.get(facet, [])]
    return normal(urlencode(given, doseq=True))


def marks_of(question: str) -> tuple[str, ...]:
    """Return the chosen marks of a normal form."""
    return tuple(_parsed(question).get("mark", []))


@dataclass(frozen=True)
class Condition:
    """One part of a question in words; ``name`` is "" for the text, both may be message ids."""

    name: str
    values: tuple[str, ...]


def conditions(session: Session, questions: Sequence[str], language: str) -> list[list[Condition]]:
    """Return each of *questions* in words. Values that do not exist any more are shown as they are."""
    known = facets.labels(session, language)
    return [list(_conditions(question, known)) for question in questions]


def _conditions(question: str, known: facets.Labels) -> list[Condition]:
    query = query_of(question)
    found = [Condition("", (query.text,))] if query.text else []
    for name, values in facets.resolved(query.filters, known).items():
        found.append(
            Condition(facets.NAMES[name], tuple(known.values[name].get(value, (value, 0))[0] for value in values))
        )
    if marks := marks_of(question):
        found.append(Condition("", tuple(Mark(mark).label for mark in marks)))
    return found
