"""Strengths, weaknesses, opportunities, threats and questions: what companies say about the offer and what staff make of it."""

from dataclasses import replace
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import FeedbackKind, FeedbackState, SwotText
from catalogue.services import audit, swot, swot_subjects, swot_texts
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.swot_subjects import Subject
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.swot import SwotFilterForm, SwotTextForm
from catalogue.web.languages import show
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.requests import database, db_session

KINDS = {kind.value: kind for kind in FeedbackKind}


@bp.get("/swot", endpoint="swot")
@allow("report.see")
def board() -> str:
    """Show all fields of one subject."""
    subject, form = _subject(), _filter()
    _note("swot.view", subject)
    query = replace(form.query(request.args.getlist("state")), full=KINDS.get(request.args.get("full", "")))
    return render_template(
        "planning/swot.html",
        form=form,
        query=query,
        args=_args(subject),
        subject=subject,
        board=swot.board(db_session(), current_actor(), subject, query),
        choices=swot_subjects.choices(db_session(), current_actor()),
        states=[(state.value, label(state), state in query.states) for state in FeedbackState],
    )


@bp.get("/swot/export.<format>")
@allow("report.see")
@limiter.limit(EXPORT)
def swot_export(format: str) -> Response:
    """Send all remarks of the page under the same parameters."""
    chosen, subject = format_of(format), _subject()
    table = swot.table(db_session(), current_actor(), subject, _filter().query(request.args.getlist("state")))
    _note("swot.export", subject, format=chosen.value, lines=len(table.rows))
    return download(table, chosen)


@bp.get("/swot/<field>/text")
@allow("swot.edit")
def swot_text(field: str) -> str:
    """The form for the text of one field, with its history."""
    kind, subject = _kind(field), _subject()
    found = swot_texts.get(db_session(), current_actor(), subject, kind)
    form = SwotTextForm(formdata=None)
    if found is not None:
        form.text.data, form.published.data = found.text, found.published
    form.version.data = found.version if found else 0
    return _text_page(form, kind, subject, found)


@bp.post("/swot/<field>/text")
@allow("swot.edit")
def save_swot_text(field: str) -> AnyResponse | tuple[str, int]:
    """Save it."""
    kind, subject, form = _kind(field), _subject(), SwotTextForm()
    try:
        swot_texts.save(db_session(), current_actor(), subject, kind, form.input())
    except Invalid as refused:
        attach(form, refused)
        return _text_page(form, kind, subject, swot_texts.get(db_session(), current_actor(), subject, kind)), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _text_page(form, kind, subject, stale.current, stale=True), 409
    tell(gettext("Der Text ist gespeichert."))
    return redirect(url_for(".swot", about=subject.about or None, _anchor=kind.value), 303)


def _text_page(
    form: SwotTextForm, kind: FeedbackKind, subject: Subject, found: SwotText | None, stale: bool = False
) -> str:
    history = swot_texts.history(db_session(), current_actor(), found) if found else []
    return render_template(
        "planning/swot_text.html", form=form, kind=kind, subject=subject, found=found, history=history, stale=stale
    )


def _subject() -> Subject:
    return swot_subjects.find(db_session(), current_actor(), request.args.get("about", ""))


def _kind(field: str) -> FeedbackKind:
    if field not in KINDS:
        raise NotFound
    return KINDS[field]


def _filter() -> SwotFilterForm:
    form = SwotFilterForm(formdata=request.args, meta={"csrf": False})
    form.validate()
    return form


def _args(subject: Subject) -> dict[str, Any]:
    """The parameters that ask for this page again."""
    wanted = {name: request.args.get(name) for name in ("since", "as_of")}
    states = [value for value in request.args.getlist("state") if value in set(FeedbackState)]
    return {name: value for name, value in wanted.items() if value} | {"about": subject.about or None, "state": states}


def _note(action: str, subject: Subject, **details: Any) -> None:
    """Record that somebody saw or took away what named companies said. No record, no page."""
    with database().write() as writing:
        audit.record(writing, current_actor(), action, label=subject.label, **details)
