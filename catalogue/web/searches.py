"""Saved searches: keeping one, the own list, and ending its mails without signing in."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from catalogue.models import Frequency, SavedSearch
from catalogue.services import questions, saved_searches
from catalogue.services.errors import Invalid, Stale
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.searches import SearchForm
from catalogue.web.languages import current_language, show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("searches", __name__)


@bp.get("/account/searches")
@allow("search.own")
def index() -> str:
    """List the own searches."""
    saved = saved_searches.listed(db_session(), current_actor())
    words = questions.conditions(db_session(), [one.question for one in saved], current_language())
    return render_template("searches/index.html", searches=list(zip(saved, words, strict=True)))


@bp.get("/account/searches/new")
@allow("search.own")
def new() -> str:
    """Name the search that ``search`` (an address of the search page) asks."""
    form = SearchForm(formdata=drafts.restored())
    form.offer()
    if form.name.raw_data is None:
        form.question.data = questions.normal(request.args.get("search", ""))
        form.name.data, form.frequency.data = _suggested_name(form.question.data), Frequency.WEEKLY.value
    return _form_page(form)


@bp.post("/account/searches/new")
@limiter.limit(WRITE)
@drafts.keeps
@allow("search.own")
def create() -> Response | tuple[str, int]:
    """Save a search."""
    form = SearchForm()
    form.offer()
    try:
        if not form.validate():
            return _form_page(form), 422
        saved = saved_searches.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _form_page(form), 422
    tell(_what_comes(saved), title=gettext("Suche gespeichert."))
    return drafts.forget(redirect(url_for(".index"), 303))


def _what_comes(saved: SavedSearch) -> str:
    if saved.frequency == Frequency.OFF:
        return str(gettext("Sie finden sie auf dieser Seite wieder."))
    return str(gettext("Sie bekommen eine Mail, sobald es Neues gibt."))


def _suggested_name(question: str) -> str:
    found = questions.conditions(db_session(), [question], current_language())[0]
    name = " · ".join(", ".join(show(value) for value in condition.values) for condition in found)
    return name[:100] or str(gettext("Alle Module"))


def _form_page(form: SearchForm, saved: SavedSearch | None = None, newer: SavedSearch | None = None) -> str:
    question = saved.question if saved else questions.normal(form.question.data or "")
    words = questions.conditions(db_session(), [question], current_language())[0]
    return render_template(
        "searches/form.html", form=form, saved=saved, newer=newer, question=question, conditions=words
    )


@bp.route("/account/searches/<uuid:search_id>", methods=["GET", "POST"])
@limiter.limit(WRITE, methods=["POST"])
@drafts.keeps
@allow("search.own")
def edit(search_id: UUID) -> Response | str | tuple[str, int]:
    """Rename a search or change how often mails come."""
    saved = saved_searches.get(db_session(), current_actor(), search_id)
    draft = drafts.restored()
    form = SearchForm(formdata=draft) if request.method != "POST" else SearchForm()
    form.offer()
    if request.method != "POST":
        if draft is None:
            form.fill(saved)
        return _form_page(form, saved)
    try:
        if not form.validate():
            return _form_page(form, saved), 422
        saved_searches.update(db_session(), current_actor(), saved, form.input())
    except Stale as stale:
        form.version.raw_data, form.version.data = None, stale.current.version
        return _form_page(form, saved, newer=stale.current), 409
    except Invalid as refused:
        attach(form, refused)
        return _form_page(form, saved), 422
    tell(gettext("Gespeichert."))
    return drafts.forget(redirect(url_for(".index"), 303))


@bp.post("/account/searches/<uuid:search_id>/delete")
@allow("search.own")
def delete(search_id: UUID) -> Response:
    """Forget a search; "Rückgängig" saves it again."""
    saved = saved_searches.get(db_session(), current_actor(), search_id)
    again = url_for(".restore", name=saved.name, frequency=saved.frequency.value, question=saved.question)
    saved_searches.delete(db_session(), current_actor(), saved)
    tell(saved.name, title=gettext("Suche gelöscht."), undo=again)
    return redirect(url_for(".index"), 303)


@bp.post("/account/searches/restore")
@limiter.limit(WRITE)
@allow("search.own")
def restore() -> Response | tuple[str, int]:
    """Save a search again that was just deleted; its parameters are in the address."""
    form = SearchForm(formdata=MultiDict(request.args), meta={"csrf": False})  # checked for every form by web/auth.py
    form.offer()
    try:
        if not form.validate():
            return _form_page(form), 422
        saved_searches.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _form_page(form), 422
    tell(gettext("Rückgängig gemacht."))
    return redirect(url_for(".index"), 303)


@bp.get("/unsubscribe/<uuid:search_id>/<signature>")
def ask_unsubscribe(search_id: UUID, signature: str) -> str:
    """Ask before the mails of one search end: programs that look at links in mails must not end them."""
    saved = saved_searches.by_link(db_session(), settings(), search_id, signature)
    return render_template("searches/unsubscribe.html", saved=saved, address=request.path)


@bp.post("/unsubscribe/<uuid:search_id>/<signature>")
@limiter.limit(WRITE)
def unsubscribe(search_id: UUID, signature: str) -> str:
    """End the mails of one search; people press the button, mail programs post by themselves (RFC 8058)."""
    saved = saved_searches.unsubscribe(db_session(), settings(), search_id, signature)
    return render_template("searches/unsubscribe.html", saved=saved, address=request.path)
