"""The steps of the workflow: one button, one verb."""

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.services import modules, reviewers, schedules, workflow
from catalogue.services.errors import Invalid, NotFound
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.modules import edit_form, edit_page
from catalogue.web.forms.fields import WHOLE
from catalogue.web.forms.pending import ScheduleForm
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
        reviewer = reviewers.find(db_session(), current_actor(), request.form.get("reviewer", ""))
        workflow.step(db_session(), current_actor(), module, name, sent_version(), reviewer)
    except Invalid as refused:
        form = edit_form(module)
        attach(form, refused)
        return edit_page(form, module), 422
    flash(show(workflow.STEPS[name].done), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


@bp.post("/modules/<slug>/schedule")
@allow("module.publish")
def schedule(slug: str) -> Response | tuple[str, int]:
    """Set the days on which the module shall be published and archived."""
    module = modules.get(db_session(), current_actor(), slug)
    form = ScheduleForm()
    if not form.validate():
        return edit_page(edit_form(module), module, schedule=form), 422
    planned = (form.publish_on.data, form.archive_on.data, form.version.data)
    try:
        schedules.plan(db_session(), current_actor(), module, *planned)
    except Invalid as refused:
        attach(form, refused)
        return edit_page(edit_form(module), module, schedule=form), 422
    done = gettext("Gespeichert. Das geschieht am festgelegten Tag von selbst.")
    flash(done if any(planned[:2]) else gettext("Kein Tag ist mehr festgelegt."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)
