"""The inbox of what companies wrote: look at it, decide, answer, moderate."""

import uuid

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from catalogue.models import Feedback, FeedbackKind, FeedbackState
from catalogue.services import feedback as service
from catalogue.services import feedback_desk as desk
from catalogue.services import worklist
from catalogue.services.errors import Invalid, Stale
from catalogue.services.feedback_desk import InboxFilters
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.filters import label
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.remarks import DecisionForm, MoveForm, ReasonForm
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.numbers import page_number
from catalogue.web.requests import db_session

STATES = {state.value: state for state in FeedbackState}
KINDS = {kind.value: kind for kind in FeedbackKind}
HIDING, MOVING = "hide-", "move-"  # three forms stand on one page
Answer = Response | str | tuple[str, int]


@bp.get("/feedback")
@allow("feedback.answer")
def feedback() -> str:
    """What companies wrote, newest first; without a filter what is not decided yet."""
    wanted = request.args.get("state", "open")
    states = (FeedbackState.NEW, FeedbackState.SEEN) if wanted == "open" else ()
    chosen = KINDS.get(request.args.get("kind", ""))
    filters = InboxFilters(
        states=(STATES[wanted],) if wanted in STATES else states,
        kinds=(chosen,) if chosen else (),
        page=page_number(),
        hidden=wanted == "hidden",
    )
    return render_template(
        "curation/feedback.html",
        inbox=desk.inbox(db_session(), current_actor(), filters),
        counts=worklist.counts(db_session(), current_actor()),
        wanted=wanted,
        kind=chosen,
        states=[*((state.value, label(state)) for state in FeedbackState), ("hidden", gettext("ausgeblendet"))],
        kinds=[(kind.value, label(kind)) for kind in FeedbackKind],
    )


@bp.get("/feedback/<uuid:feedback_id>")
@allow("feedback.answer")
def remark(feedback_id: uuid.UUID) -> str:
    """One remark with what was said about it, and the forms to decide and to moderate."""
    return _page(service.get(db_session(), current_actor(), feedback_id))


@bp.post("/feedback/<uuid:feedback_id>")
@allow("feedback.answer")
def answer(feedback_id: uuid.UUID) -> Answer:
    """Decide and answer; the giver is told by mail."""
    found = service.get(db_session(), current_actor(), feedback_id)
    form = DecisionForm()
    form.offer(found.kind)
    if not form.validate():
        return _page(found, form), 422
    try:
        desk.decide(db_session(), current_actor(), found, form.input())
    except (Invalid, Stale) as refused:
        return _again(refused, found, form)
    text = gettext("Das Unternehmen sieht es auf seiner Seite.")
    tell(text, title=gettext("Gespeichert: %(state)s.", state=show(found.state_label)))
    return redirect(url_for(".feedback"), 303)


@bp.post("/feedback/<uuid:feedback_id>/see")
@allow("feedback.answer")
def see_remark(feedback_id: uuid.UUID) -> Response:
    """Note that it was looked at."""
    desk.see(db_session(), current_actor(), service.get(db_session(), current_actor(), feedback_id))
    return redirect(url_for(".feedback"), 303)


@bp.post("/feedback/<uuid:feedback_id>/hide")
@allow("feedback.moderate")
def hide_remark(feedback_id: uuid.UUID) -> Answer:
    """Keep it from other members, with a reason."""
    found = service.get(db_session(), current_actor(), feedback_id)
    form = ReasonForm(prefix=HIDING)
    try:
        desk.hide(db_session(), current_actor(), found, form.reason.data or "", form.version.data)
    except (Invalid, Stale) as refused:
        return _again(refused, found, hiding=form)
    tell(gettext("Das Unternehmen erfährt den Grund."), title=gettext("Ausgeblendet."))
    return redirect(url_for(".remark", feedback_id=feedback_id), 303)


@bp.post("/feedback/<uuid:feedback_id>/show")
@allow("feedback.moderate")
def show_remark(feedback_id: uuid.UUID) -> Answer:
    """Let members read it again."""
    found = service.get(db_session(), current_actor(), feedback_id)
    try:
        desk.show_again(db_session(), current_actor(), found, sent_version())
    except Stale as refused:
        return _again(refused, found)
    tell(gettext("Alle Mitglieder können die Rückmeldung wieder lesen."))
    return redirect(url_for(".remark", feedback_id=feedback_id), 303)


@bp.post("/feedback/<uuid:feedback_id>/move")
@allow("feedback.moderate")
def move_remark(feedback_id: uuid.UUID) -> Answer:
    """Put it where it belongs."""
    found = service.get(db_session(), current_actor(), feedback_id)
    form = MoveForm(prefix=MOVING)
    form.offer(desk.modules(db_session(), current_actor()), found)
    if not form.validate():
        return _page(found, moving=form), 422
    try:
        desk.move(db_session(), current_actor(), found, form.input())
    except (Invalid, Stale) as refused:
        return _again(refused, found, moving=form)
    tell(gettext("Das Unternehmen erfährt den Grund."), title=gettext("Anders eingeordnet."))
    return redirect(url_for(".remark", feedback_id=feedback_id), 303)


def _again(
    refused: Invalid | Stale,
    found: Feedback,
    form: DecisionForm | None = None,
    hiding: ReasonForm | None = None,
    moving: MoveForm | None = None,
) -> tuple[str, int]:
    """The page with what was entered and why it is not saved."""
    sent: FlaskForm | None = form or hiding or moving
    if isinstance(refused, Invalid):
        if sent is not None:
            attach(sent, refused)
        return _page(found, form, hiding, moving), 422
    if sent is not None:
        sent.form_errors = [show(refused.text)]
        sent["version"].renew(refused.current.version)
    return _page(refused.current, form, hiding, moving), 409


def _page(
    found: Feedback,
    form: DecisionForm | None = None,
    hiding: ReasonForm | None = None,
    moving: MoveForm | None = None,
) -> str:
    if form is None:
        form = DecisionForm(formdata=None)
        form.offer(found.kind)
        form.state.data = found.state.value if found.state != FeedbackState.NEW else None
        form.version.data = found.version
    if hiding is None:
        hiding = ReasonForm(formdata=None, prefix=HIDING)
        hiding.version.data = found.version
    if moving is None:
        moving = MoveForm(formdata=None, prefix=MOVING)
        moving.offer(desk.modules(db_session(), current_actor()), found)
        moving.fill(found)
    problem = next((one for one in (form, hiding, moving) if one.errors), None)
    return render_template(
        "curation/remark.html", form=form, hiding=hiding, moving=moving, problem=problem, remark=found
    )
