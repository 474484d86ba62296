"""What is missing: wishes of the companies, joining them, and what became of them."""

import uuid

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Vocabulary, Wish, WishState
from catalogue.services import periods, vocabularies, wish_answers, wishes
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.permissions import can
from catalogue.services.wishes import WishInput
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor
from catalogue.web.facts import today
from catalogue.web.filters import label
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.wishes import AnswerForm, WishForm
from catalogue.web.languages import local_path
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("wishes", __name__, url_prefix="/wishes")
limiter.limit(WRITE, methods=["POST"])(bp)


def _k() -> int:
    return int(current_app.extensions["settings"].k_anonymity)


@bp.get("")
@allow("wish.see_list")
def index() -> str:
    """The wishes that the reader may know of."""
    states = tuple(state for state in WishState if state in request.args.getlist("state"))
    views = wishes.listed(db_session(), current_actor(), _k(), states)
    return render_template("wishes/index.html", views=views, states=WishState, chosen=states)


@bp.get("/new")
@allow("wish.see_list")
def new() -> str:
    """A new wish; the title may come from a search that found nothing."""
    form = WishForm(formdata=drafts.restored())
    if form.title.raw_data is None:
        form.fill(WishInput((request.args.get("q") or request.args.get("title") or "")[:200]))
    return _form_page(form)


@bp.post("/new")
@drafts.keeps
def create() -> Response | tuple[str, int]:
    """Save a new wish."""
    form = WishForm()
    _offer(form)
    try:
        if not form.validate():
            return _form_page(form), 422
        wish = wishes.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _form_page(form), 422
    text = gettext("Das Netzwerkbüro prüft den Wunsch. Sie erfahren hier und per Mail, was daraus wird.")
    tell(text, title=gettext("Ihr Wunsch ist gemeldet."))
    return drafts.forget(redirect(url_for(".show", wish_id=wish.id), 303))


def _offer(form: WishForm) -> None:
    topics = [(term.code, label(term)) for term in vocabularies.terms(db_session(), Vocabulary.TOPIC)]
    form.offer(topics, periods.choices(today(), form.period.data or ""))


def _form_page(form: WishForm, wish: Wish | None = None, newer: Wish | None = None) -> str:
    _offer(form)
    return render_template("wishes/form.html", form=form, wish=wish, newer=newer, k=max(_k(), 5))


@bp.get("/<uuid:wish_id>")
@allow("wish.see_list")
def show(wish_id: uuid.UUID) -> str:
    """One wish and where it stands."""
    wish = wishes.get(db_session(), current_actor(), wish_id)
    return render_template("wishes/show.html", view=wishes.view_of(current_actor(), wish, _k()))


@bp.route("/<uuid:wish_id>/edit", methods=["GET", "POST"])
@drafts.keeps
@allow("wish.see_list")
def edit(wish_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Change an own wish, for instance to answer a question about it."""
    wish = wishes.get(db_session(), current_actor(), wish_id)
    if not can(current_actor(), "wish.write", wish):
        raise NotFound
    if request.method != "POST":
        draft = drafts.restored()
        form = WishForm(formdata=draft)
        if draft is None:
            form.fill(wishes.input_of(wish))
        return _form_page(form, wish)
    form = WishForm()
    _offer(form)
    try:
        if not form.validate():
            return _form_page(form, wish), 422
        wishes.update(db_session(), current_actor(), wish, form.input())
    except Stale as stale:
        form.version.raw_data, form.version.data = None, stale.current.version
        return _form_page(form, wish, newer=stale.current), 409
    except Invalid as refused:
        attach(form, refused)
        return _form_page(form, wish), 422
    tell(gettext("Gespeichert."))
    return drafts.forget(redirect(url_for(".show", wish_id=wish.id), 303))


@bp.post("/<uuid:wish_id>/support")
@allow("wish.see_list")
def support(wish_id: uuid.UUID) -> Response:
    """The own company wants the same."""
    wish = wishes.get(db_session(), current_actor(), wish_id)
    wishes.support(db_session(), current_actor(), wish)
    text = gettext("Das Netzwerkbüro sieht, dass Ihr Unternehmen das auch wünscht.")
    tell(text, title=gettext("Notiert."), undo=url_for(".unsupport", wish_id=wish.id))
    return redirect(_back(wish), 303)


@bp.post("/<uuid:wish_id>/unsupport")
@allow("wish.see_list")
def unsupport(wish_id: uuid.UUID) -> Response:
    """The own company does not want it any more."""
    wish = wishes.get(db_session(), current_actor(), wish_id)
    wishes.unsupport(db_session(), current_actor(), wish)
    tell(gettext("Zurückgenommen."))
    return redirect(_back(wish), 303)


def _back(wish: Wish) -> str:
    return local_path(request.form.get("next"), url_for(".show", wish_id=wish.id))


@bp.route("/<uuid:wish_id>/answer", methods=["GET", "POST"])
@drafts.keeps
@allow("wish.answer")
def answer(wish_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """For network staff: say what becomes of a wish."""
    wish = wishes.get(db_session(), current_actor(), wish_id)
    draft = drafts.restored()
    form = AnswerForm(formdata=draft) if request.method != "POST" else AnswerForm()
    form.offer(wish_answers.modules(db_session(), current_actor(), wish))
    if request.method != "POST":
        if draft is None:
            form.fill(wish)
        return _answer_page(form, wish)
    try:
        if not form.validate():
            return _answer_page(form, wish), 422
        wish_answers.answer(db_session(), current_actor(), wish, form.input())
    except Stale as stale:
        form.version.raw_data, form.version.data = None, stale.current.version
        return _answer_page(form, wish, newer=stale.current), 409
    except Invalid as refused:
        attach(form, refused)
        return _answer_page(form, wish), 422
    tell(gettext("Die Unternehmen werden benachrichtigt."), title=gettext("Gespeichert."))
    return drafts.forget(redirect(url_for(".show", wish_id=wish.id), 303))


def _answer_page(form: AnswerForm, wish: Wish, newer: Wish | None = None) -> str:
    view = wishes.view_of(current_actor(), wish, _k())
    return render_template("wishes/answer.html", form=form, view=view, newer=newer)
