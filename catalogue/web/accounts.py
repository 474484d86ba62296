"""Signing in and out, and the own account. Links that came by mail are in web/links.py."""

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import Form

from catalogue.models import User
from catalogue.services import accounts, identities, sessions, tokens
from catalogue.services.errors import Invalid, Stale, TooMany
from catalogue.web.auth import ELSEWHERE, allow, current_actor, renew_sign_in, settings, sign_out
from catalogue.web.cookies import read_cookie, set_cookie
from catalogue.web.forms.accounts import ChangePasswordForm, LoginForm, ProfileForm, TokenForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import YEAR, local_path, show
from catalogue.web.limits import wait_text
from catalogue.web.notices import tell
from catalogue.web.once import repeat_leads_to
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session
from catalogue.web.signing_in import home_of, proceed

bp = Blueprint("accounts", __name__)


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response | str | tuple[str, int]:
    """Sign in with address and password."""
    form = LoginForm()
    if request.method != "POST":
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
    answer = proceed(user, form.next.data)
    if not read_cookie("language"):
        _speak(answer, user.language)
    return answer


def _speak(answer: Response, language: str) -> None:
    set_cookie(answer, "language", language, YEAR)


def _authenticate(email: str, password: str) -> User | None:
    """Check a password. No transaction is open while it is hashed; failures are counted although the answer is an error."""
    with database().write() as writing:
        who = accounts.candidate(writing, email, request.remote_addr or "")
    user = accounts.admit(db_session(), who, password) if accounts.password_fits(who, password) else None
    if user is None:
        db_session().rollback()
        with database().write() as writing:
            accounts.note_failure(writing, who)
    return user


def _login_page(form: LoginForm) -> str:
    return render_template("accounts/login.html", form=form)


def _throttled(form: LoginForm, error: TooMany) -> Response:
    form.password.errors = [wait_text(error)]
    return _with_wait(_login_page(form), error)


def _with_wait(page: str, error: TooMany) -> Response:
    answer = make_response(page, 429)
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _after_login(form: LoginForm) -> str:
    return local_path(form.next.data, home_of(current_actor()))


@bp.post("/logout")
def logout() -> Response:
    """End the sign-in; the browser forgets the pages it kept."""
    accounts.note_logout(db_session(), current_actor())
    elsewhere = session.get(ELSEWHERE) and settings().oidc_issuer
    sign_out()
    answer = redirect(url_for("oidc.left" if elsewhere else "search.index"), 303)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


# the own account


@bp.app_template_filter("browser")
def browser(user_agent: str) -> str:
    """Return "Firefox, Windows" for what a browser says about itself; "" if neither is known."""
    names = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari")]
    systems = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ]
    found = [next((name for sign, name in known if sign in user_agent), "") for known in (names, systems)]
    return ", ".join(name for name in found if name)


def _account_page(form: Form | None = None, *, new_token: str = "") -> str:
    """Return the page of the own account; *form* replaces the fresh one of its kind."""
    user = accounts.get_own(db_session(), current_actor())
    forms: dict[str, Form] = {
        "profile": ProfileForm(formdata=None, obj=user),
        "password": ChangePasswordForm(formdata=None),
        "token": TokenForm(formdata=None, days=365),
    }
    for name, fresh in forms.items():
        if form is not None and type(form) is type(fresh):
            forms[name] = form
    return render_template(
        "accounts/index.html",
        form=form,
        forms=forms,
        user=user,
        this_sign_in=current_user.session_id,
        sign_ins=sessions.listed(db_session(), current_actor(), settings()),
        tokens=tokens.listed(db_session(), current_actor()),
        identities=identities.listed(db_session(), current_actor()),
        new_token=new_token,
    )


@bp.get("/account")
@allow("account.own")
def index() -> str:
    """Show the own data, sign-ins and tokens."""
    return _account_page()


@bp.post("/account")
@allow("account.own")
def save() -> Response | tuple[str, int]:
    """Change own name and language."""
    form = ProfileForm()
    if not form.validate():
        return _account_page(form), 422
    try:
        user = accounts.update_profile(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _account_page(form), 422
    except Stale as stale:
        form.version.data, form.version.raw_data = stale.current.version, None
        saved = gettext(
            "Gespeichert ist jetzt: „%(title)s“. Mit „Angaben speichern“ gilt Ihre Fassung.", title=stale.current.name
        )
        form.form_errors = [f"{show(stale.text)} {saved}"]
        return _account_page(form), 409
    flash(gettext("Gespeichert."), "ok")
    answer = redirect(url_for("accounts.index"), 303)
    _speak(answer, user.language)
    return answer


@bp.post("/account/password")
@allow("account.own")
def change_password() -> Response | tuple[str, int]:
    """Set a new password; all other sign-ins end."""
    form = ChangePasswordForm()
    if not form.validate():
        return _account_page(form), 422
    actor, keep, email = current_actor(), current_user.session_id, current_user.user.email
    db_session().rollback()  # gives the write lock back: the try is counted even if this request is refused
    try:
        with database().write() as writing:
            who = accounts.candidate(writing, email, request.remote_addr or "")
        accounts.change_password(
            db_session(), actor, form.current.data, form.new.data, keep=keep, reserved=who.reserved
        )
    except TooMany as error:
        form.current.errors = [wait_text(error)]
        return _with_wait(_account_page(form), error)
    except Invalid as refused:
        attach(form, refused)
        return _account_page(form), 422
    renew_sign_in()
    tell(gettext("Alle anderen Anmeldungen sind beendet."), "ok", title=gettext("Ihr Passwort ist geändert."))
    return redirect(url_for("accounts.index"), 303)


@bp.post("/account/sessions/<uuid:session_id>/end")
@allow("account.own")
@confirmed
def end_session(session_id: UUID) -> Response:
    """End one own sign-in; ending this one signs out."""
    if session_id == current_user.session_id:
        return logout()
    sessions.end_one(db_session(), current_actor(), session_id)
    flash(gettext("Die Anmeldung ist beendet."), "ok")
    return redirect(url_for("accounts.index") + "#sign-ins", 303)


@bp.post("/account/sessions/end")
@allow("account.own")
@confirmed
def end_other_sessions() -> Response:
    """End all own sign-ins but this one."""
    sessions.end_all(db_session(), current_user.user.id, current_user.session_id)
    flash(gettext("Alle anderen Anmeldungen sind beendet."), "ok")
    return redirect(url_for("accounts.index") + "#sign-ins", 303)


@bp.post("/account/tokens")
@allow("account.own")
@confirmed
def create_token() -> str | tuple[str, int]:
    """Make an API token and show it, this once."""
    form = TokenForm()
    if not form.validate():
        return _account_page(form), 422
    try:
        made = tokens.create(db_session(), current_actor(), form.token_name.data, form.days.data, form.chosen())
    except Invalid as refused:
        attach(form, refused)
        return _account_page(form), 422
    repeat_leads_to(url_for("accounts.index"))
    return _account_page(new_token=made)


@bp.post("/account/tokens/<uuid:token_id>/revoke")
@allow("account.own")
def revoke_token(token_id: UUID) -> Response:
    """End an own API token."""
    tokens.revoke(db_session(), current_actor(), token_id)
    flash(gettext("Der Schlüssel ist widerrufen."), "ok")
    return redirect(url_for("accounts.index") + "#tokens", 303)
