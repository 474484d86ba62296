"""The one address of a public page, however it was reached: for search engines, and for whoever passes it on."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for

from catalogue.web.auth import settings
from catalogue.web.numbers import page_number
from catalogue.web.queries import args_of, query_from

__all__ = ["absolute", "canonical"]

RUN_FILTERS = ("topic", "region", "provider")


def absolute(endpoint: str, **values: Any) -> str:
    """Return the public address of a page, below ``CATALOGUE_BASE_URL`` whatever the request said."""
    return settings().base_url.rstrip("/") + url_for(endpoint, **values)


def canonical() -> str:
    """Return this page's address without anything that says only where one came from or how one looks at it.

    "" for pages that are not for everybody.
    """
    endpoint = request.endpoint or ""
    if request.blueprint != "pages" and endpoint not in PUBLIC:
        return ""
    kept = PUBLIC.get(endpoint, _nothing)()
    return absolute(endpoint, **{**kept, **(request.view_args or {})})


def _nothing() -> dict[str, Any]:
    return {}


def _search() -> dict[str, Any]:
    """Words and filters. A further page of the usual order has modules of its own, that of another order has not."""
    query = query_from(request.args)
    own = not query.sort and "per_page" not in request.args and query.page > 1
    return args_of(query, sort=None, per_page=None, page=query.page if own else None)


def _runs() -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name in RUN_FILTERS if (value := request.args.get(name, "").strip())}
    return found | ({"page": page_number()} if page_number() > 1 and not request.args.get("view") else {})


PUBLIC: dict[str, Callable[[], dict[str, Any]]] = {
    "search.index": _search,
    "modules.show": _nothing,
    "measures.index": _nothing,
    "measures.show": _nothing,
    "providers.index": _nothing,
    "providers.show": _nothing,
    "programmes.show": _nothing,
    "runs.index": _runs,
}
