"""The inbox of what companies wrote: read, answer, put away."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Feedback, FeedbackKind, FeedbackState
from catalogue.services import feedback as service
from catalogue.services import worklist
from catalogue.services.errors import Invalid, Stale
from catalogue.services.feedback import InboxFilters
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.filters import label
from catalogue.web.forms.curation import AnswerForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

STATES = {state.value: state for state in FeedbackState}
KINDS = {kind.value: kind for kind in FeedbackKind}


@bp.get("/feedback")
@allow("feedback.answer")
def feedback() -> str:
    """What companies wrote, newest first; without a filter what is not answered yet."""
    wanted = request.args.get("state", "open")
    states = (FeedbackState.NEW, FeedbackState.READ) if wanted == "open" else ()
    chosen = KINDS.get(request.args.get("kind", ""))
    filters = InboxFilters(
        states=(STATES[wanted],) if wanted in STATES else states,
        kinds=(chosen,) if chosen else (),
        page=min(request.args.get("page", 1, type=int), 100_000),
    )
    return render_template(
        "curation/feedback.html",
        inbox=service.inbox(db_session(), current_actor(), filters),
        counts=worklist.counts(db_session(), current_actor()),
        wanted=wanted,
        kind=chosen,
        states=[(state.value, label(state)) for state in FeedbackState],
        kinds=[(kind.value, label(kind)) for kind in FeedbackKind],
    )


@bp.get("/feedback/<uuid:feedback_id>")
@allow("feedback.answer")
def remark(feedback_id: uuid.UUID) -> str:
    """One remark with the form for the answer."""
    found = service.get(db_session(), current_actor(), feedback_id)
    form = AnswerForm(formdata=None)
    form.answer.data, form.version.data = found.answer, found.version
    return _page(form, found)


@bp.post("/feedback/<uuid:feedback_id>")
@allow("feedback.answer")
def answer(feedback_id: uuid.UUID) -> Response | tuple[str, int]:
    """Answer; the writer is told by mail."""
    found = service.get(db_session(), current_actor(), feedback_id)
    form = AnswerForm()
    try:
        service.answer(db_session(), current_actor(), found, form.answer.data or "", form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, stale.current), 409
    flash(gettext("Die Antwort ist gespeichert. Das Unternehmen sieht sie auf seiner Seite."), "ok")
    return redirect(url_for(".feedback"), 303)


@bp.post("/feedback/<uuid:feedback_id>/read")
@allow("feedback.answer")
def read_remark(feedback_id: uuid.UUID) -> Response:
    """Note that it was read."""
    service.read(db_session(), current_actor(), service.get(db_session(), current_actor(), feedback_id))
    return redirect(url_for(".feedback"), 303)


@bp.post("/feedback/<uuid:feedback_id>/close")
@allow("feedback.answer")
def close_remark(feedback_id: uuid.UUID) -> Response:
    """Put it away."""
    found = service.get(db_session(), current_actor(), feedback_id)
    service.close(db_session(), current_actor(), found, sent_version())
    flash(gettext("Die Rückmeldung ist erledigt."), "ok")
    return redirect(url_for(".feedback"), 303)


def _page(form: AnswerForm, found: Feedback) -> str:
    return render_template("curation/remark.html", form=form, remark=found)
