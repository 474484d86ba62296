"""Dangerous actions ask a person who signed in a while ago to prove who they are, and then go on with what was wanted.

``@confirmed`` below ``@allow(…)`` is all that a view needs. Which views have it, and why others of their kind do not, is held by
tests/web/test_reauthentication.py.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.services import accounts, reauthentication, sessions
from catalogue.services.errors import TooMany
from catalogue.web.auth import allow, keep_token, settings, sign_in_first
from catalogue.web.back import referring_path
from catalogue.web.forms.accounts import ConfirmForm
from catalogue.web.languages import local_path
from catalogue.web.limits import wait_text
from catalogue.web.requests import SAFE, database, start_over

__all__ = ["bp", "confirmed"]

P = ParamSpec("P")
R = TypeVar("R")
bp = Blueprint("reauthentication", __name__)
FIELDS = {"confirm_password", "confirm_code"}


def confirmed(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Let only those in who signed in, or proved who they are, at most 15 minutes ago.

    Others are asked first. A page is shown afterwards; a form is kept in the page that asks and done with its button.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if not current_user.is_authenticated:
            return sign_in_first()
        if sessions.is_confirmed(current_user.confirmed_at):
            return view(*args, **kwargs)
        if request.method in SAFE:
            return redirect(url_for("reauthentication.confirm", next=request.full_path.rstrip("?")), 303)
        if not FIELDS & set(request.form):
            return _page(_form(fresh=True), 403)
        return _refusal() or view(*args, **kwargs)

    guarded.asks_again = True  # type: ignore[attr-defined]
    return guarded


@bp.route("/account/confirm", methods=["GET", "POST"])
@allow("account.own")
def confirm() -> Response:
    """Ask who sits there and go on to the page that was wanted."""
    target = local_path(request.values.get("next"), url_for("accounts.index"))
    if sessions.is_confirmed(current_user.confirmed_at):
        return redirect(target, 303)
    if request.method != "POST":
        return _page(_form(fresh=True), 200)
    return _refusal() or redirect(target, 303)


def _form(*, fresh: bool = False) -> ConfirmForm:
    """Return the form with the fields that this person is asked for."""
    form = ConfirmForm(formdata=None) if fresh else ConfirmForm()
    for name, wanted in zip(
        ("confirm_password", "confirm_code"), reauthentication.asked(current_user.user), strict=True
    ):
        if not wanted:
            del form[name]
    return form


def _refusal() -> Response | None:
    """Return the page that asks again, or None if the person proved who they are. The try is counted either way."""
    form = _form()
    if not form.validate() or not any(reauthentication.asked(current_user.user)):
        return _page(form, 422)
    session_id, user_id = current_user.session_id, current_user.user.id
    start_over()  # no transaction is open while the password is hashed
    try:
        with database().write() as session:
            tries = reauthentication.count(session, user_id, request.remote_addr or "")
    except TooMany as error:
        form.form_errors = [wait_text(error)]
        answer = _page(form, 429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    password, code = form.data.get("confirm_password"), form.data.get("confirm_code") or ""
    wrong = "confirm_password"
    if password is None or accounts.password_fits(tries.who, password):
        with database().write() as session:
            if reauthentication.confirm(session, settings(), tries, session_id, code):
                keep_token(sessions.renew(session, session_id) or "")
                return None
        wrong = "confirm_code"
    with database().write() as session:
        accounts.note_failure(session, tries.who, "confirmation.failed")
    form[wrong].errors = [
        gettext("Dieser Code stimmt nicht.") if wrong == "confirm_code" else gettext("Das ist nicht Ihr Passwort.")
    ]
    return _page(form, 422)


def _page(form: ConfirmForm, status: int) -> Response:
    """Ask. All other fields of the request travel along; only passwords are typed again, for pages never hold one."""
    own = FIELDS | {"csrf_token", "once"}
    fields = {name: values for name, values in request.form.lists() if name not in own and "password" not in name}
    if request.endpoint == "reauthentication.confirm":
        fields = {"next": [local_path(request.values.get("next"), url_for("accounts.index"))]}
    page = render_template(
        "reauthentication/confirm.html",
        form=form,
        email=current_user.user.email,
        target=request.full_path.rstrip("?"),
        fields=fields,
        back=referring_path() or url_for("accounts.index"),
    )
    return make_response(page, status)
