"""Saying what one thinks of a module or of the offer as a whole, and reading what became of it."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Feedback, Module
from catalogue.services import demand, feedback
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.texts import N_
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor
from catalogue.web.forms.feedback import FeedbackForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("feedback", __name__)
Answer = Response | str | tuple[str, int]
limiter.limit(WRITE, methods=["POST"])(bp)


@bp.app_context_processor
def _for_templates() -> dict[str, object]:
    return {
        "feedback_form": _form,
        "feedback_of": _of_module,
        "may_change_remark": lambda one: feedback.may_change(current_actor(), one),
        "may_edit_remark": lambda one: feedback.may_edit(current_actor(), one),
    }


def _form() -> FeedbackForm:
    form = FeedbackForm(formdata=drafts.restored() if request.blueprint == "feedback" else None)
    form.offer()
    return form


def _of_module(module: Module) -> list[object]:
    return list(feedback.of_module(db_session(), current_actor(), module))


@bp.get("/feedback")
@allow("company.home")
def index() -> str:
    """The own company's remarks with their answers."""
    return render_template("feedback/index.html", items=feedback.own_list(db_session(), current_actor()))


@bp.get("/feedback/new")
@allow("company.home")
def new() -> str:
    """A remark about the offer as a whole."""
    return render_template("feedback/new.html", form=_form(), module=None, remark=None)


@bp.post("/feedback/new")
@drafts.keeps
def create() -> Response | tuple[str, int]:
    """Save a remark about the offer as a whole."""
    return _save(None)


@bp.get("/modules/<slug>/feedback")
@allow("company.home")
def new_for_module(slug: str) -> str:
    """A remark about one module, on a page of its own."""
    return render_template(
        "feedback/new.html",
        form=_form(),
        module=demand.subject(db_session(), current_actor(), slug),
        remark=None,
    )


@bp.post("/modules/<slug>/feedback")
@drafts.keeps
def create_for_module(slug: str) -> Response | tuple[str, int]:
    """Save a remark about one module."""
    return _save(demand.subject(db_session(), current_actor(), slug))


@bp.get("/feedback/<uuid:feedback_id>/edit")
@allow("company.home")
def edit(feedback_id: uuid.UUID) -> Answer:
    """The form for a remark that nobody at the network office has looked at yet; afterwards back to the list."""
    found = _own(feedback_id)
    if not feedback.may_edit(current_actor(), found):
        return redirect(url_for(".index", _anchor=f"r-{found.id}"), 303)
    form = FeedbackForm(formdata=None)
    form.offer()
    form.fill(found)
    return _edit_page(form, found)


@bp.post("/feedback/<uuid:feedback_id>/edit")
@allow("company.home")
def update(feedback_id: uuid.UUID) -> Answer:
    """Save it."""
    found = _own(feedback_id)
    form = FeedbackForm()
    form.offer()
    try:
        if not form.validate():
            return _edit_page(form, found), 422
        feedback.update(db_session(), current_actor(), found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _edit_page(form, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _edit_page(form, found, newer=stale.current), 409
    tell(gettext("Ihre Rückmeldung ist geändert."))
    return redirect(url_for(".index", _anchor=f"r-{found.id}"), 303)


@bp.post("/feedback/<uuid:feedback_id>/withdraw")
@allow("company.home")
def withdraw(feedback_id: uuid.UUID) -> Response:
    """Take it back for good."""
    feedback.withdraw(db_session(), current_actor(), _own(feedback_id))
    tell(gettext("Die Rückmeldung ist zurückgezogen und gelöscht."))
    return redirect(url_for(".index"), 303)


def _own(feedback_id: uuid.UUID) -> Feedback:
    found = feedback.get(db_session(), current_actor(), feedback_id)
    if found.company_id != current_actor().company_id:
        raise NotFound(N_("Diese Rückmeldung gibt es nicht."))
    return found


def _edit_page(form: FeedbackForm, found: Feedback, newer: Feedback | None = None) -> str:
    return render_template("feedback/new.html", form=form, module=found.module, remark=found, newer=newer)


def _save(module: Module | None) -> Response | tuple[str, int]:
    form = FeedbackForm()
    form.offer()
    try:
        if not form.validate():
            return render_template("feedback/new.html", form=form, module=module, remark=None), 422
        feedback.give(db_session(), current_actor(), form.input(), module)
    except Invalid as refused:
        attach(form, refused)
        return render_template("feedback/new.html", form=form, module=module, remark=None), 422
    text = gettext("Das Netzwerkbüro liest sie und antwortet Ihnen hier und per Mail.")
    tell(text, title=gettext("Danke für Ihre Rückmeldung."))
    fallback = url_for("modules.show", slug=module.slug) if module else url_for(".index")
    return drafts.forget(redirect(local_path(form.next.data, fallback), 303))
