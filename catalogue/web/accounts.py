"""Signing in and out, forgotten passwords, invitations. The own account itself is in web/account.py."""

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.models import User
from catalogue.services import accounts
from catalogue.services.errors import TooMany
from catalogue.services.permissions import Actor
from catalogue.web.auth import current_actor, sign_in, sign_out
from catalogue.web.forms.accounts import LoginForm
from catalogue.web.languages import YEAR, local_path
from catalogue.web.requests import database, db_session

bp = Blueprint("accounts", __name__)


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """Sign in with address and password."""
    form = LoginForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
        return redirect(_after_login(form), 303) if current_user.is_authenticated else _login_page(form)
    if not form.validate():
        return _login_page(form), 422
    try:
        user = _authenticate(form.email.data, form.password.data)
    except TooMany as error:
        return _throttled(form, error)
    if user is None:
        form.password.errors = [gettext("E-Mail-Adresse und Passwort passen nicht zusammen.")]
        return _login_page(form), 422
    sign_in(user)
    answer = redirect(_after_login(form), 303)
    if "language" not in request.cookies:
        secure = current_app.extensions["settings"].secure
        answer.set_cookie("language", user.language, max_age=YEAR, samesite="Lax", httponly=True, secure=secure)
    return answer


def _authenticate(email: str, password: str) -> User | None:
    """Check a password. No transaction is open while it is hashed; failures are counted although the answer is an error."""
    with database().write() as session:
        who = accounts.candidate(session, email, request.remote_addr or "")
    user = accounts.admit(db_session(), who, password) if accounts.password_fits(who, password) else None
    if user is None:
        db_session().rollback()
        with database().write() as session:
            accounts.note_failure(session, who)
    return user


def _login_page(form: LoginForm) -> str:
    return render_template("accounts/login.html", form=form)


def _throttled(form: LoginForm, error: TooMany) -> Response:
    minutes = -(-error.seconds // 60)
    wait = ngettext("Warten Sie eine Minute", "Warten Sie %(num)s Minuten", minutes)
    form.password.errors = [
        gettext("Zu viele Versuche in kurzer Zeit. %(wait)s und versuchen Sie es noch einmal.", wait=wait)
    ]
    answer = make_response(_login_page(form), 429)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _after_login(form: LoginForm) -> str:
    return local_path(form.next.data, home_of(current_actor()))


def home_of(actor: Actor) -> str:
    """Return the start page of the actor's role."""
    if actor.is_staff:
        return "/curation"
    return "/company" if actor.is_member else url_for("search.index")


@bp.post("/logout")
def logout() -> Response:
    """End the sign-in; the browser forgets the pages it kept."""
    accounts.note_logout(db_session(), current_actor())
    sign_out()
    answer = redirect(url_for("search.index"), 303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer
