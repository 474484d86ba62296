"""Saying what one thinks of a module or of the offer as a whole, and reading what became of it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module
from catalogue.services import demand, feedback
from catalogue.services.errors import Invalid
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor
from catalogue.web.forms.feedback import FeedbackForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("feedback", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)


@bp.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"feedback_form": _form, "feedback_of": _of_module}


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
    return render_template("feedback/new.html", form=_form(), module=None)


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
        "feedback/new.html", form=_form(), module=demand.subject(db_session(), current_actor(), slug)
    )


@bp.post("/modules/<slug>/feedback")
@drafts.keeps
def create_for_module(slug: str) -> Response | tuple[str, int]:
    """Save a remark about one module."""
    return _save(demand.subject(db_session(), current_actor(), slug))


def _save(module: Module | None) -> Response | tuple[str, int]:
    form = FeedbackForm()
    form.offer()
    try:
        if not form.validate():
            return render_template("feedback/new.html", form=form, module=module), 422
        feedback.give(db_session(), current_actor(), form.input(), module)
    except Invalid as refused:
        attach(form, refused)
        return render_template("feedback/new.html", form=form, module=module), 422
    text = gettext("Das Netzwerkbüro liest sie und antwortet Ihnen hier und per Mail.")
    tell(text, title=gettext("Danke für Ihre Rückmeldung."))
    fallback = url_for("modules.show", slug=module.slug) if module else url_for(".index")
    return drafts.forget(redirect(local_path(form.next.data, fallback), 303))
