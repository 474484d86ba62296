"""Asking for membership without an account, and deciding about it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import CompanyRole
from catalogue.services import access_requests, companies, switches
from catalogue.services.errors import Conflict, Invalid, NotFound, TooMany
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.ended import ended
from catalogue.web.forms.companies import AskForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import limiter, wait_text
from catalogue.web.notices import tell
from catalogue.web.numbers import page_number
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import db_session

bp = Blueprint("access", __name__)
limiter.limit("30 per minute", methods=["POST"])(bp)
Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]


@bp.route("/access", methods=["GET", "POST"])
def ask() -> Answer:
    """Ask for an account. The answer is the same for every address and every company."""
    standing = switches.read(db_session())
    if not standing.requests_open:
        page = render_template("access/closed.html", text=show(access_requests.CLOSED), reason=standing.requests_reason)
        return page, 409 if request.method == "POST" else 200
    form = AskForm()
    if request.method != "POST":
        return render_template("access/ask.html", form=form)
    if not form.validate():
        return render_template("access/ask.html", form=form), 422
    try:
        access_requests.ask(db_session(), settings(), form.input(), request.remote_addr or "")
    except Invalid as refused:
        attach(form, refused)
        return render_template("access/ask.html", form=form), 422
    except TooMany as error:
        form.email.errors = [wait_text(error)]
        return render_template("access/ask.html", form=form), 429, {"Retry-After": str(error.seconds)}
    note = gettext(
        "Bestätigen Sie Ihre Adresse mit dem Link in der Mail. Erst danach wird über die Anfrage entschieden."
    )
    tell(note, "info", title=gettext("Sehen Sie in Ihr Postfach."))
    return redirect(url_for("accounts.login"), 303)


@bp.route("/access/<token>", methods=["GET", "POST"])
def confirm(token: str) -> Answer:
    """Prove the address; opening the link changes nothing, only its button does."""
    try:
        if request.method == "POST":
            access_requests.confirm(db_session(), settings(), token)
            return redirect(url_for("access.confirm", token=token), 303)
        return render_template("access/confirm.html", found=access_requests.opened(db_session(), token), token=token)
    except NotFound as error:
        ways = (
            (gettext("Zugang anfragen"), url_for("access.ask")),
            (gettext("Zur Anmeldung"), url_for("accounts.login")),
        )
        return ended(error, *ways)


# deciding: for the admins of companies on /company/people, for the network office here


@bp.get("/admin/requests")
@allow("user.administer")
def index() -> str:
    """Show requests: those that only the network office can decide, all that wait, or the decided ones."""
    which = request.args.get("show", "office")
    which = which if which in access_requests.LISTS else "office"
    session, actor = db_session(), current_actor()
    page = access_requests.find(session, actor, which, page_number())
    return render_template(
        "access/index.html",
        page=page,
        which=which,
        companies=[one for one in companies.find_all(session, actor) if one.active],
        suggested=access_requests.suggested(session, actor, page.requests),
        roles=list(CompanyRole),
    )


@bp.post("/access/requests/<uuid:request_id>/approve")
@allow("account.own")
@confirmed
def approve(request_id: UUID) -> Response:
    """Let a person in; network admins choose company and role."""
    session, actor = db_session(), current_actor()
    try:
        found = access_requests.get(session, actor, request_id)
        slug, role = request.form.get("company", ""), request.form.get("role", CompanyRole.MEMBER.value)
        company = companies.get(session, actor, slug) if slug else None
        access_requests.approve(session, settings(), actor, found, company, role)
    except Conflict as refused:
        flash(show(refused.text), "error")
    except Invalid as refused:
        flash(" ".join(show(text) for text in refused.fields.values()), "error")
    else:
        tell(
            gettext("Die Person bekommt einen Link, mit dem sie ihr Konto anlegt."),
            title=gettext("%(name)s ist aufgenommen.", name=found.name),
        )
    return _back()


@bp.post("/access/requests/<uuid:request_id>/decline")
@allow("account.own")
def decline(request_id: UUID) -> Response:
    """Refuse a request; the person gets a polite mail."""
    try:
        found = access_requests.get(db_session(), current_actor(), request_id)
        access_requests.decline(db_session(), current_actor(), found)
    except Conflict as refused:
        flash(show(refused.text), "error")
    else:
        flash(gettext("Die Anfrage von %(name)s ist abgelehnt, die Person bekommt eine Mail.", name=found.name), "ok")
    return _back()


def _back() -> Response:
    return redirect(local_path(request.form.get("next"), url_for("people.index")), 303)
