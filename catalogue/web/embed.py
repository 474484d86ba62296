"""The catalogue on other sites: a search in a frame, the script that fits the frame to its contents, the page that makes the snippet."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from catalogue.search.results import Page, Query
from catalogue.services import search
from catalogue.services.permissions import VISITOR
from catalogue.web.auth import settings
from catalogue.web.framing import SCRIPTED
from catalogue.web.headers import CSP
from catalogue.web.languages import LANGUAGES, THEMES, current_language, show, spoken
from catalogue.web.limits import SEARCH, limiter
from catalogue.web.queries import args_of, query_from
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

bp = Blueprint("embed", __name__, url_prefix="/embed")
COUNT, MOST = 5, 20  # modules in one frame
HEAD, ENTRY = 160, 128  # pixels of a frame that does not fit itself, and of each module in it


@dataclass(frozen=True)
class View:
    """What an address asks to be shown, and how. *wrong*: what it says that does not exist, as "name=value"."""

    query: Query
    theme: str
    language: str
    wrong: tuple[str, ...]

    @property
    def args(self) -> dict[str, Any]:
        """The parameters that ask for this, without those that say the default; the language always: readers have their own."""
        asked = args_of(self.query, page=None, per_page=None)
        if self.query.per_page != COUNT:
            asked["count"] = self.query.per_page
        if self.theme != THEMES[0]:
            asked["theme"] = self.theme
        return asked | {"lang": self.language}

    @property
    def search_args(self) -> dict[str, Any]:
        """The parameters of the search page that finds the same."""
        return args_of(self.query, page=None, per_page=None)


def view_from(args: MultiDict[str, str], language: str) -> View:
    """Return the view that parameters ask for; *language* counts where they name none."""
    count, wrong = _count(args.get("count", "")), []
    theme, spoken = args.get("theme") or THEMES[0], args.get("lang") or language
    if count is None:
        wrong.append("count")
    if theme not in THEMES:
        wrong.append("theme")
    if spoken not in LANGUAGES:
        wrong.append("lang")
    query = replace(query_from(args), per_page=count or COUNT, language=spoken if spoken in LANGUAGES else language)
    return View(
        search.current(db_session(), query),
        theme if theme in THEMES else THEMES[0],
        query.language,
        tuple(f"{name}={args[name][:40]}" for name in wrong),
    )


def _count(text: str) -> int | None:
    """The number of modules that is asked for; None if it cannot be had."""
    if not text:
        return COUNT
    return int(text) if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST else None


@bp.get("/modules")
@limiter.limit(SEARCH)
def modules() -> Response:
    """Show one page of a search to whoever reads another site. The same for everybody: nothing is read but the address."""
    view = view_from(request.args, current_language())
    page = search.find(db_session(), VISITOR, search_index(), view.query)
    body = render_template(
        "embed/modules.html",
        page=page,
        theme=view.theme,
        wrong=(*view.wrong, *page.ignored),
        heading=_heading(page),
        search_url=url_for("search.index", **view.search_args),
        canonical=settings().base_url.rstrip("/") + url_for("search.index", **view.search_args),
        scripted=request.args.get(SCRIPTED) == "1",
    )
    return _kept(body.encode(), "text/html; charset=utf-8")


@bp.get("/widget.js")
def widget() -> Response:
    """Send the script for other sites, at an address that stays."""
    path = Path(cast(str, current_app.static_folder)) / "js/widget.js"
    response = _kept(_contents(path, path.stat().st_mtime_ns), "text/javascript; charset=utf-8")
    response.headers["Access-Control-Allow-Origin"] = "*"  # sites that load scripts with crossorigin
    return response


@lru_cache(maxsize=2)
def _contents(path: Path, _changed: int) -> bytes:
    return path.read_bytes()


def _kept(body: bytes, media_type: str) -> Response:
    """An answer with a validator: who asks again and has it already gets 304."""
    response = Response(body, content_type=media_type)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


@bp.get("")
@limiter.limit(SEARCH)
def index() -> Response:
    """Make the snippet for a search: choose, look at it, copy it."""
    view = view_from(request.args, current_language())
    page = search.find(db_session(), VISITOR, search_index(), replace(view.query, language=current_language()))
    base = settings().base_url.rstrip("/")
    body = render_template(
        "embed/index.html",
        view=view,
        page=page,
        heading=_heading(page),
        chosen=[facet for facet in page.facets if facet.selected],
        topics=next((facet.values for facet in page.facets if facet.name == "topic"), ()),
        snippets=_snippets(view, base),
        frame_url=url_for(".modules", **view.args),
        search_url=url_for("search.index", **view.search_args),
        parameters=_parameters(view),
        origin=base,
        most=MOST,
        height=_height(view),
        is_open="*" in settings().embed_hosts,
    )
    response = make_response(body)
    response.headers["Content-Security-Policy"] = f"{CSP}; frame-src 'self'"  # the preview
    return response


def _height(view: View) -> int:
    return HEAD + ENTRY * view.query.per_page


def _parameters(view: View) -> str:
    return url_for(".modules", **view.args).partition("?")[2]


def _snippets(view: View, base: str) -> dict[str, str]:
    """Return the markup that others copy, by kind; everything in it is escaped, the title in the language of the frame."""
    with spoken(view.language):
        title = _heading(search.find(db_session(), VISITOR, search_index(), view.query))
    frame = Markup(
        '<iframe src="{}" title="{}" height="{}" style="width: 100%; border: 0" loading="lazy"></iframe>'
    ).format(base + url_for(".modules", **view.args), title, _height(view))
    widget = Markup('<a href="{}" data-modulkatalog="{}">{}</a>\n<script src="{}" async></script>').format(
        base + url_for("search.index", **view.search_args), _parameters(view), title, base + url_for(".widget")
    )
    return {"frame": str(frame), "widget": str(widget)}  # text: to be shown, not to be run


def _heading(page: Page) -> str:
    """What the frame shows, in words: the text that is searched for, the filters, or whose modules these are."""
    filters = [show(value.label) for facet in page.facets for value in facet.selected]
    if page.query.text:
        title = str(gettext("Module zu „%(text)s“", text=page.query.text))
        return f"{title} ({', '.join(filters)})" if filters else title
    return str(
        gettext("Module: %(filters)s", filters=", ".join(filters)) if filters else gettext("Module zur Batterie")
    )
