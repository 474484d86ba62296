"""What a search is asked and what it answers: plain values that know nothing of the engine."""

import uuid
from dataclasses import dataclass, field

from markupsafe import Markup

from catalogue.models import Module

__all__ = [
    "FACETS",
    "NOT_STATED",
    "SORTS",
    "Because",
    "Completion",
    "Facet",
    "FacetValue",
    "Hit",
    "Page",
    "Query",
    "Suggestion",
]

# the facets in the order in which pages show them; each is also the name of a parameter in the URL and in the API
FACETS = (
    "topic", "audience", "level", "hv_level", "format", "duration", "provider", "programme", "region",
    "certificate", "price", "status", "dqr",
)  # fmt: skip
SORTS = ("relevance", "newest", "title", "next_run", "duration")
NOT_STATED = "none"  # value of a facet that finds the modules without any value in it


@dataclass(frozen=True)
class Query:
    """One request for modules. ``filters`` maps a facet to the chosen values (OR within a facet, AND between facets);
    facets named in ``all_of`` want every chosen value. ``only`` limits the answer to these modules (marks of a company)."""

    text: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    all_of: frozenset[str] = frozenset()
    sort: str = ""  # "" = relevance with a text, else position
    page: int = 1
    per_page: int = 20
    typing: bool = False  # the last word may be unfinished
    only: frozenset[uuid.UUID] | None = None
    without: frozenset[uuid.UUID] = frozenset()
    language: str = "de"  # of the facets' labels


@dataclass(frozen=True)
class Because:
    """Why a hit was found although it does not hold the word: ``asked`` led to ``found``. kind: synonym, compound, typo, prefix."""

    asked: str
    found: str
    kind: str


@dataclass(frozen=True)
class Hit:
    """One found module, loaded, with the words marked in title and snippet (escaped)."""

    module: Module
    title: Markup
    snippet: Markup
    because: tuple[Because, ...] = ()


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet; ``count`` ignores the facet's own selection. ``depth`` > 0: below the value before it."""

    value: str
    label: str
    count: int
    selected: bool = False
    depth: int = 0


@dataclass(frozen=True)
class Facet:
    """One facet with all values worth showing."""

    name: str
    label: str
    values: tuple[FacetValue, ...]
    match_all: bool = False

    @property
    def selected(self) -> tuple[FacetValue, ...]:
        """The chosen values."""
        return tuple(value for value in self.values if value.selected)


@dataclass(frozen=True)
class Suggestion:
    """ "Meinten Sie …?": another text and how many modules it finds."""

    text: str
    total: int


@dataclass(frozen=True)
class Completion:
    """One line of the list below the search box. kind: module (``value`` is its slug), topic, audience or hv_level (``value`` is
    the facet's value), provider (slug), abbreviation (``text`` is the short form, ``detail`` the long one to search for)."""

    kind: str
    text: str
    value: str
    detail: str = ""


@dataclass(frozen=True)
class Page:
    """One page of an answer. ``relaxed``: "" all words matched, "most" or "any" said how far the demand was lowered.
    ``degraded``: the index was not available, the database answered. ``ignored``: filter values that do not exist."""

    query: Query
    hits: tuple[Hit, ...]
    total: int
    facets: tuple[Facet, ...]
    suggestion: Suggestion | None = None
    relaxed: str = ""
    degraded: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, -(-self.total // self.query.per_page))
