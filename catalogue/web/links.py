"""Links that came by mail: a forgotten password, an invitation. Opening one changes nothing; only its button does."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.models import Invitation
from catalogue.services import accounts, invitations, links, passwords, sessions
from catalogue.services.errors import Conflict, Invalid, NotFound, Refused, TooMany
from catalogue.web.auth import current_actor, settings, sign_in, sign_out
from catalogue.web.ended import ended
from catalogue.web.forms.accounts import AcceptForm, ForgottenForm, NewPasswordForm
from catalogue.web.forms.refusals import attach
from catalogue.web.limits import wait_text
from catalogue.web.notices import tell
from catalogue.web.requests import db_session
from catalogue.web.signing_in import home_of, proceed

bp = Blueprint("links", __name__)
Answer = Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]


@bp.route("/password", methods=["GET", "POST"])
def forgotten() -> Answer:
    """Ask for a link to set a new password. The answer is the same whether there is such an account or not."""
    form = ForgottenForm()
    if request.method != "POST":
        return render_template("links/forgotten.html", form=form)
    if not form.validate():
        return render_template("links/forgotten.html", form=form), 422
    try:
        links.request_reset(db_session(), settings(), form.email.data, request.remote_addr or "")
    except TooMany as error:
        form.email.errors = [wait_text(error)]
        return render_template("links/forgotten.html", form=form), 429, {"Retry-After": str(error.seconds)}
    note = gettext("Wenn es zu dieser Adresse ein Konto gibt, ist ein Link unterwegs. Er gilt eine Stunde.")
    tell(note, "info", title=gettext("Sehen Sie in Ihr Postfach."))
    return redirect(url_for("accounts.login"), 303)


@bp.route("/password/<token>", methods=["GET", "POST"])
def new_password(token: str) -> Answer:
    """Set a password with a one-time link."""
    form = NewPasswordForm()
    try:
        opened = links.open_link(db_session(), token)
    except NotFound as error:
        return _ended(error)
    page = {"form": form, "email": opened.user.email, "token": token, "shortest": passwords.SHORTEST}
    if request.method != "POST":
        return render_template("links/new_password.html", **page)
    if not form.validate():
        return render_template("links/new_password.html", **page), 422
    try:
        links.use(db_session(), opened)
        accounts.set_password(db_session(), sessions.actor_of(opened.user), opened.user, form.password.data)
    except Invalid as refused:
        attach(form, refused)
        return render_template("links/new_password.html", **page), 422
    sign_out()
    tell(gettext("Melden Sie sich jetzt damit an."), "ok", title=gettext("Ihr Passwort ist gesetzt."))
    return redirect(url_for("accounts.login"), 303)


@bp.route("/invitations/<token>", methods=["GET", "POST"])
def invitation(token: str) -> Answer:
    """Accept an invitation: with a new account, or with the one the person is signed in to."""
    try:
        found = invitations.opened(db_session(), token)
        return (
            _accept(found, token)
            if request.method == "POST"
            else _invitation_page(found, token, AcceptForm(name=found.name))
        )
    except (NotFound, Conflict) as error:
        db_session().rollback()
        return _ended(error)


def _invitation_page(found: Invitation, token: str, form: AcceptForm) -> str:
    mine = current_user.is_authenticated and current_user.user.email == found.email
    return render_template(
        "links/invitation.html",
        form=form,
        invitation=found,
        token=token,
        shortest=passwords.SHORTEST,
        mine=mine,
        known=not mine and invitations.needs_sign_in(db_session(), found),
    )


def _accept(found: Invitation, token: str) -> Answer:
    if current_user.is_authenticated and current_user.user.email == found.email:
        confirmed_at = current_user.confirmed_at  # a click proves nothing about who sits there
        sign_in(invitations.accept_as_user(db_session(), current_actor(), found), confirmed_at)
        answer = redirect(home_of(current_actor()), 303)
    else:
        form = AcceptForm()
        if not form.validate():
            return _invitation_page(found, token, form), 422
        try:
            user = invitations.accept_as_new(db_session(), found, form.name.data, form.password.data)
        except Invalid as refused:
            attach(form, refused)
            return _invitation_page(found, token, form), 422
        answer = proceed(user)
    flash(gettext("Willkommen im Modulkatalog."), "ok")
    return answer


def _ended(error: Refused) -> tuple[str, int]:
    """A page that says why the link does not work (any more) and what to do."""
    login, new = url_for("accounts.login"), url_for("links.forgotten")
    return ended(error, (gettext("Zur Anmeldung"), login), (gettext("Neuen Link anfordern"), new))
