"""The start page: search over the published modules, as list or table, with its state in the address."""

import re
import uuid
from dataclasses import dataclass, replace
from typing import cast

from flask import Blueprint, Response, after_this_request, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext, ngettext

from catalogue.models import Demand
from catalogue.search.index import SearchIndex
from catalogue.search.results import FACETS, Completion, Facet, Page, Query
from catalogue.services import bookmarks, demand, marks, module_table, search, search_gaps, ways_out
from catalogue.web.api.shapes import item_shape
from catalogue.web.auth import current_actor
from catalogue.web.back import referring_path
from catalogue.web.downloads import download
from catalogue.web.frame import link
from catalogue.web.languages import current_language, show
from catalogue.web.limits import EXPORT, SEARCH, limiter
from catalogue.web.linked_data import list_script
from catalogue.web.queries import args_of, query_from
from catalogue.web.requests import database, db_session
from catalogue.web.validators import validated

bp = Blueprint("search", __name__)
VIEWS = ("list", "table")
MULTIPLE = frozenset({"topic", "audience", "format", "certificate", "region"})  # a module may have several of these
OPEN_FACETS = frozenset({"topic", "level", "format", "audience", "mark"})
_MACHINE = re.compile(r"bot\b|crawl|spider|slurp", re.IGNORECASE)
LIVE = "X-Live-Search"  # sent by static/js/search.js: "typing" while the last word may be unfinished


def search_index() -> SearchIndex:
    """Return the application's index."""
    return cast(SearchIndex, current_app.extensions["search"])


@dataclass(frozen=True)
class Asked:
    """What the address bar asks: the question as written, narrowed by the company's marks, and those marks."""

    query: Query
    narrowed: Query
    marks: tuple[str, ...]


@bp.get("/")
@limiter.limit(SEARCH)
def index() -> str:
    """Show one page of results."""
    asked = _asked()
    page = search.find(db_session(), current_actor(), search_index(), asked.narrowed)
    _note_gap(asked, page)
    view = request.args.get("view", "")
    return render_template(
        "search/index.html",
        page=page,
        query=replace(asked.query, page=page.query.page),
        title=_title(page),
        heading=_heading(page.query),
        facets=_facets(page, asked),
        own=_own(page),
        kept=bookmarks.own(db_session(), current_actor(), [hit.module.id for hit in page.hits]),
        picked=request.args.getlist("m"),
        view=view if view in VIEWS else VIEWS[0],
        multiple=MULTIPLE,
        open_facets=OPEN_FACETS,
        back=request.full_path.rstrip("?") if request.query_string else "",
        feed_args=args_of(asked.query, page=None, per_page=None, sort=None),
        pdf_args=_pdf_args(asked, page),
        linked_data=list_script([hit.module for hit in page.hits], (page.query.page - 1) * page.query.per_page + 1),
        **_ways_out(page, asked),
    )


@bp.get("/modules.csv")
@limiter.limit(EXPORT)
def export() -> Response:
    """Send exactly the list that the same address shows, all pages of it."""
    return _file("csv")


@bp.get("/modules.xlsx")
@limiter.limit(EXPORT)
def export_workbook() -> Response:
    """Send the same list as a workbook."""
    return _file("xlsx")


def _file(kind: str) -> Response:
    base = current_app.extensions["settings"].base_url
    table = module_table.of_query(db_session(), current_actor(), search_index(), _asked().narrowed, base)
    content = repr((table.notes, table.rows)).encode()  # a workbook holds the moment when it was made
    return validated(download(table, kind), content)


@bp.get("/modules.json")
@limiter.limit(EXPORT)
def export_json() -> Response:
    """Send the same list for programs, each module as the API lists it."""
    found = module_table.all_of(db_session(), current_actor(), search_index(), _asked().narrowed)
    items = [item_shape(module) for module in found]
    return validated(jsonify({"total": len(items), "items": items}))


@bp.get("/suggest")
@limiter.limit(SEARCH)
def suggest() -> Response:
    """Return as JSON what the unfinished ``q`` may mean, grouped by kind; static/js/suggest.js shows it below the box."""
    text = request.args.get("q", "")
    found = search.suggest(db_session(), current_actor(), search_index(), text, language=current_language())
    groups: dict[str, list[dict[str, str]]] = {}
    for completion in found:
        detail = "" if completion.kind in FACETS else completion.detail
        item = {"text": completion.text, "detail": detail, "url": _completed(completion)}
        groups.setdefault(_kind(completion), []).append(item)
    return jsonify({"groups": [{"label": label, "items": items} for label, items in groups.items()]})


def _kind(completion: Completion) -> str:
    names = {"module": gettext("Module"), "provider": gettext("Anbieter"), "abbreviation": gettext("Abkürzungen")}
    return names.get(completion.kind) or str(gettext("Themen"))


def _completed(completion: Completion) -> str:
    """Where a chosen line leads: the module, the filter, or the search for the long form."""
    if completion.kind == "module":
        return url_for("modules.show", slug=completion.value)
    if completion.kind in FACETS:
        return link("search.index", **{completion.kind: completion.value})
    return url_for("search.index", q=completion.detail)


def _note_gap(asked: Asked, page: Page) -> None:
    """Have a search in vain counted once the answer is sent: nobody waits for that, and nothing can fail any more."""
    machine = _MACHINE.search(request.user_agent.string) or request.headers.get("Sec-Purpose", "").startswith(
        "prefetch"
    )
    from_gaps = referring_path().startswith("/curation")  # staff who look into a gap
    if request.method != "GET" or machine or from_gaps or not search_gaps.is_gap(asked.narrowed, page):
        return
    where, query = database(), asked.narrowed

    @after_this_request
    def _after(response: Response) -> Response:
        response.call_on_close(lambda: search_gaps.count(where, query, page))
        return response


def _asked() -> Asked:
    query = query_from(request.args)
    chosen = tuple(mark.value for mark in marks.Mark if mark in request.args.getlist("mark"))
    if not current_actor().is_member:
        chosen = ()
    query = replace(query, typing=request.headers.get(LIVE) == "typing", language=current_language())
    query = search.current(db_session(), query)
    return Asked(query, marks.narrow(db_session(), current_actor(), query, chosen), chosen)


def _facets(page: Page, asked: Asked) -> list[Facet]:
    marked = marks.facet(
        db_session(), current_actor(), search_index(), asked.query, asked.marks, gettext("Unser Unternehmen")
    )
    return [facet for facet in (*page.facets, marked) if facet is not None and facet.values]


def _own(page: Page) -> dict[uuid.UUID, Demand]:
    return demand.own(db_session(), current_actor(), [hit.module.id for hit in page.hits])


def _pdf_args(asked: Asked, page: Page) -> dict[str, object]:
    """The same list for everybody; where marks of the company narrow it, the modules on this page by name."""
    if asked.marks:
        return {"m": [hit.module.slug for hit in page.hits]}
    return args_of(asked.query, page=None, per_page=None)


def _title(page: Page) -> str:
    """ "akku – 14 Module (Seite 2 von 9)"."""
    title = _counted(page.total)
    if page.query.text:
        title = f"{page.query.text} – {title}"
    if page.pages > 1:
        title += " " + gettext("(Seite %(page)s von %(pages)s)", page=page.query.page, pages=page.pages)
    return title


def _heading(query: Query) -> str:
    if not query.text:
        return ""
    return str(gettext("für „%(text)s“", text=query.text))


def _counted(total: int) -> str:
    return str(ngettext("%(num)s Modul", "%(num)s Module", total) if total else gettext("Keine Module"))


def _ways_out(page: Page, asked: Asked) -> dict[str, object]:
    """For a page without hits: other questions as links with the numbers they give, and topics to look around in."""
    if page.total:
        return {"ways": [], "topics": []}
    session, actor, index = db_session(), current_actor(), search_index()
    names = {facet.name: show(facet.label) for facet in page.facets}
    ways = [
        (_way_text(way, names), link("search.index", **args_of(way.query)), _counted(way.total))
        for way in ways_out.ways_out(session, actor, index, asked.narrowed)
    ]
    return {"ways": ways, "topics": ways_out.topics(session, actor, index, asked.query)}


def _way_text(way: ways_out.WayOut, names: dict[str, str]) -> str:
    if way.kind == "without":
        return str(gettext("Ohne den Filter „%(name)s“", name=names.get(way.what, way.what)))
    if way.kind == "unfiltered":
        return str(gettext("Ohne Filter"))
    return str(gettext("Nur „%(word)s“", word=way.what))
