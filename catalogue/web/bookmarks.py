"""Merkliste: modules that one person wants to find again."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.services import bookmarks, demand, modules
from catalogue.web.auth import allow, current_actor
from catalogue.web.languages import local_path
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("bookmarks", __name__)


@bp.get("/account/bookmarks")
@allow("bookmark.own")
def index() -> str:
    """The own list, the newest first."""
    listed = bookmarks.listed(db_session(), current_actor())
    ids = [bookmark.module_id for bookmark in listed]
    return render_template(
        "bookmarks/index.html",
        bookmarks=listed,
        own=demand.own(db_session(), current_actor(), ids),
        picked=request.args.getlist("m"),
    )


@bp.get("/modules/<slug>/bookmark")
@allow("bookmark.own")
def new(slug: str) -> str:
    """The one button as a page of its own: here visitors come back to after signing in."""
    module = modules.get(db_session(), current_actor(), slug)
    kept = bool(bookmarks.own(db_session(), current_actor(), [module.id]))
    return render_template("bookmarks/new.html", module=module, kept=kept, back=_back(slug))


@bp.post("/modules/<slug>/bookmark")
@limiter.limit(WRITE)
def add(slug: str) -> Response:
    """Put a module on the own list."""
    if not current_actor().signed_in:
        page = url_for(".new", slug=slug, next=_back(slug))
        return redirect(url_for("accounts.login", next=page), 303)
    module = modules.get(db_session(), current_actor(), slug)
    bookmarks.add(db_session(), current_actor(), module)
    text = gettext(
        "Ihre Merkliste sehen nur Sie. Wenn Ihr Unternehmen das Modul braucht, wählen Sie „Für uns relevant“."
    )
    tell(text, title=gettext("Gemerkt."), undo=url_for(".remove", slug=slug, next=_back(slug)))
    return redirect(_back(slug), 303)


@bp.post("/modules/<slug>/bookmark/remove")
@limiter.limit(WRITE)
@allow("bookmark.own")
def remove(slug: str) -> Response:
    """Take a module off the own list."""
    module = modules.get(db_session(), current_actor(), slug)
    bookmarks.remove(db_session(), current_actor(), module)
    tell(
        gettext("Das Modul ist nicht mehr auf Ihrer Merkliste."),
        title=gettext("Entfernt."),
        undo=url_for(".add", slug=slug, next=_back(slug)),
    )
    return redirect(_back(slug), 303)


def _back(slug: str) -> str:
    """Where the button stood, always within this site."""
    given = request.form.get("next") or request.args.get("next")
    return local_path(given, url_for("modules.show", slug=slug))
