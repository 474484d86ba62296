"""A company answers whether its people come: by the link of a mail without signing in, or signed in from its start page.

Opening the page changes nothing; only its button does.
"""

import uuid
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import RunCommitment
from catalogue.services import commitments as service
from catalogue.services import periods
from catalogue.services.commitments import Answer
from catalogue.services.errors import Conflict, Invalid, NotFound, Stale
from catalogue.services.reports import today
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.ended import ended
from catalogue.web.forms.commitments import AnswerForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.limits import limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("commitments", __name__, url_prefix="/commitments")
limiter.limit("60 per minute")(bp)
Page = Response | str | tuple[str, int]


@bp.after_request
def keep_secret(response: Response) -> Response:
    """The address is the key: no other site, search engine or cache learns it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.route("/<uuid:commitment_id>/<signature>", methods=["GET", "POST"])
def by_link(commitment_id: uuid.UUID, signature: str) -> Page:
    """The question, for whoever has the link."""
    session = db_session()
    try:
        found = service.by_link(session, settings(), commitment_id, signature)
    except NotFound as error:
        return _ended(error)
    return _page(
        found,
        lambda given: service.answer_by_link(session, found, given, today()),
        url_for(".thanks", commitment_id=commitment_id, signature=signature),
    )


@bp.get("/<uuid:commitment_id>/<signature>/thanks")
def thanks(commitment_id: uuid.UUID, signature: str) -> Page:
    """What was answered, and that it can be changed."""
    try:
        found = service.by_link(db_session(), settings(), commitment_id, signature)
    except NotFound as error:
        return _ended(error)
    return render_template("commitments/thanks.html", found=found, signature=signature)


@bp.route("/<uuid:commitment_id>", methods=["GET", "POST"])
@allow("company.home")
def own(commitment_id: uuid.UUID) -> Page:
    """The question, for people of the company."""
    session, actor = db_session(), current_actor()
    found = service.get(session, actor, commitment_id)
    page = _page(found, lambda given: service.answer(session, actor, found, given, today()), url_for("company.index"))
    if isinstance(page, Response):
        tell(gettext("Das Netzwerkbüro sieht Ihre Antwort."), title=gettext("Gespeichert."))
    return page


def _ended(error: NotFound) -> Page:
    hint = gettext("Wenn Sie uns noch etwas sagen möchten, antworten Sie einfach auf die Mail.")
    return ended(error, (gettext("Zum Modulkatalog"), url_for("search.index")), hint=hint)


def _page(found: RunCommitment, save: Callable[[Answer], RunCommitment], onward: str) -> Page:
    form = AnswerForm()
    form.offer(periods.choices(today(), found.period))
    if request.method != "POST":
        form.fill(found, service.wanted(db_session(), found))
        return _ask(form, found)
    try:
        if not form.validate():
            return _ask(form, found), 422
        save(form.input())
    except Invalid as refused:
        attach(form, refused)
        return _ask(form, found), 422
    except Stale as stale:
        form.form_errors = [gettext("Inzwischen hat jemand aus Ihrem Unternehmen geantwortet. Prüfen Sie die Antwort.")]
        form.version.renew(stale.current.version)
        return _ask(form, stale.current), 409
    except Conflict as over:
        form.form_errors = [show(over.text)]
        return _ask(form, found), 409
    return redirect(onward, 303)


def _ask(form: AnswerForm, found: RunCommitment) -> str:
    over = service.over(found.run, today())
    return render_template("commitments/ask.html", form=form, found=found, over=show(over) if over else "")
