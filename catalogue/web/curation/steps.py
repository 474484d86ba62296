"""The steps of the workflow: one button, one verb."""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from catalogue.services import modules, workflow
from catalogue.services.errors import Invalid, NotFound
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.modules import edit_form, edit_page
from catalogue.web.forms.fields import WHOLE
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session


def sent_version() -> int:
    """Return the version that the button was pressed on; 0, which nothing has, if it is not a number."""
    text = request.form.get("version", "")
    return int(text) if WHOLE.fullmatch(text) and text.isascii() else 0


@bp.post("/modules/<slug>/steps/<name>")
@allow("module.edit")
def take(slug: str, name: str) -> Response | tuple[str, int]:
    """Take one step; if something is still missing for it, show where."""
    module = modules.get(db_session(), current_actor(), slug)
    if name not in workflow.STEPS:
        raise NotFound
    try:
        workflow.step(db_session(), current_actor(), module, name, sent_version())
    except Invalid as refused:
        form = edit_form(module)
        attach(form, refused)
        return edit_page(form, module), 422
    flash(show(workflow.STEPS[name].done), "ok")
    return redirect(url_for(".edit", slug=slug), 303)
