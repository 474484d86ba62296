"""The address bar as a question: URL parameters become a Query and back. Page, planning, API and exports share these names.

``q`` text · one parameter per facet (several values allowed) · ``all`` names facets of which every chosen value must apply ·
``sort`` · ``page`` · ``per_page``. What cannot be used is left out, never an error: links live longer than filters.
"""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from catalogue.search.results import FACETS, SORTS, Query

__all__ = ["MOST_PER_PAGE", "PER_PAGE", "args_of", "query_from"]

PER_PAGE = 20
MOST_PER_PAGE = 100
LAST_PAGE = 10_000
LONGEST_TEXT = 300  # characters; longer texts are cut, nobody types them
MOST_VALUES = 60  # of one facet


def query_from(args: MultiDict[str, str]) -> Query:
    """Return the question that URL parameters ask."""
    filters = {}
    for name in FACETS:
        if values := _values(args, name):
            filters[name] = values
    sort = args.get("sort", "")
    return Query(
        text=" ".join(args.get("q", "").split())[:LONGEST_TEXT],
        filters=filters,
        all_of=frozenset(args.getlist("all")) & frozenset(filters),
        sort=sort if sort in SORTS else "",
        page=_number(args.get("page", ""), 1, LAST_PAGE),
        per_page=_number(args.get("per_page", ""), PER_PAGE, MOST_PER_PAGE),
    )


def args_of(query: Query, **changes: Any) -> dict[str, Any]:
    """Return the URL parameters that ask *query*, without those that say the default; *changes* replace or (None) remove some."""
    args: dict[str, Any] = {"q": query.text} if query.text else {}
    args |= {name: list(values) for name, values in query.filters.items()}
    if query.all_of:
        args["all"] = sorted(query.all_of)
    if query.sort:
        args["sort"] = query.sort
    if query.page > 1:
        args["page"] = query.page
    if query.per_page != PER_PAGE:
        args["per_page"] = query.per_page
    return _without_none({**args, **changes})


def _without_none(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value is not None}


def _values(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    """The values of one facet, each once, in the order of the address."""
    return tuple(dict.fromkeys(value for raw in args.getlist(name) if (value := raw.strip())))[:MOST_VALUES]


def _number(text: str, default: int, most: int) -> int:
    """A number from 1 to *most*; anything else is the default. isdecimal also knows other scripts' digits, int() reads them."""
    return min(int(text), most) if text.isdecimal() and len(text) < 10 and int(text) > 0 else default
