"""The second factor: the question for a code at sign-in, and setting it up, renewing its paper codes and taking it off."""

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.services import accounts, links, recovery_codes, second_factor, throttle
from catalogue.services.errors import Invalid, NotAllowed, NotFound, TooMany
from catalogue.services.qr_codes import qr_code
from catalogue.texts import N_
from catalogue.web.auth import BY_ADDRESS, STRONG, allow, current_actor, settings, signed_in_user
from catalogue.web.forms.accounts import CodeForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path
from catalogue.web.limits import wait_text
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session, start_over
from catalogue.web.signing_in import HALF_WAY, arrive

bp = Blueprint("second_factor", __name__)
OPEN = BY_ADDRESS | {
    "accounts.logout", "bootstrap.static", "embed.modules", "embed.widget", "preferences.choose", "reauthentication.confirm", "static",
}  # fmt: skip
OPEN_BLUEPRINTS = {"second_factor", "pages", "health"}
FEW = 3


@bp.before_app_request
def lead() -> Response | None:
    """Who must have a second factor and has none does nothing else before it is set up."""
    if request.endpoint is None or request.endpoint in OPEN or request.blueprint in OPEN_BLUEPRINTS or "actor" in g:
        return None
    if not settings().secure and settings().second_factor in ("", "optional"):
        return None
    user = signed_in_user()
    if (
        user is None
        or user.second_factor_at is not None
        or session.get(STRONG)
        or not second_factor.is_required(settings(), user)
    ):
        return None
    if request.path.startswith("/api/"):
        raise NotAllowed(N_("Richten Sie zuerst den zweiten Faktor Ihres Kontos ein."))
    return redirect(url_for("second_factor.index"), 303)


# signing in


@bp.route("/login/code", methods=["GET", "POST"])
def code() -> Response | str | tuple[str, int]:
    """Ask for the code after the password was right."""
    token, form = session.get(HALF_WAY, ""), CodeForm()
    try:
        if request.method != "POST":
            links.open_half_way(db_session(), token)
            return _code_page(form)
        if not form.validate():
            return _code_page(form), 422
        with database().write() as writing:
            user = links.open_half_way(writing, token).user
            tries = throttle.reserve(writing, throttle.code_limits(user.id))
        return _check(form, token, tries)
    except NotFound:
        db_session().rollback()
        tell(gettext("Melden Sie sich noch einmal an."), "info", title=gettext("Das hat zu lange gedauert."))
        return redirect(url_for("accounts.login", next=_wanted() or None), 303)
    except TooMany as error:
        form.code.errors = [wait_text(error)]
        answer = make_response(_code_page(form), 429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer


def _check(form: CodeForm, token: str, tries: list[int]) -> Response | tuple[str, int]:
    opened = links.open_half_way(db_session(), token)
    how = second_factor.accept(db_session(), settings(), opened.user, form.code.data)
    if not how:
        user_id = opened.user.id
        db_session().rollback()
        with database().write() as writing:
            accounts.note_wrong_code(writing, user_id)
        form.code.errors = [
            gettext("Dieser Code stimmt nicht oder wurde schon benutzt.")
            if "paper" in request.form
            else gettext("Dieser Code stimmt nicht. Nehmen Sie den, den die App gerade zeigt.")
        ]
        return _code_page(form), 422
    throttle.forgive(db_session(), tries)
    links.use(db_session(), opened)
    accounts.note_login(db_session(), opened.user, how)
    answer = arrive(opened.user, _wanted())
    if how == "recovery":
        _tell_left(recovery_codes.left(db_session(), opened.user.id))
    return answer


def _tell_left(number: int) -> None:
    text = ngettext(
        "Sie haben noch einen Wiederherstellungscode.", "Sie haben noch %(num)s Wiederherstellungscodes.", number
    )
    if number < FEW:
        text += " " + gettext("Machen Sie bald neue, unter „Konto“.")
    tell(
        text,
        "wait" if number < FEW else "info",
        title=gettext("Sie haben sich mit einem Wiederherstellungscode angemeldet."),
    )


def _wanted() -> str:
    return local_path(request.values.get("next"), "")


def _code_page(form: CodeForm) -> str:
    return render_template("second_factor/code.html", form=form, wanted=_wanted(), on_paper="paper" in request.values)


# the own account


@bp.get("/account/second-factor")
@allow("account.own")
def index() -> str:
    """Say whether there is one, and what can be done."""
    user = accounts.get_own(db_session(), current_actor())
    return render_template(
        "second_factor/index.html",
        user=user,
        left=recovery_codes.left(db_session(), user.id),
        required=second_factor.is_required(settings(), user),
    )


@bp.post("/account/second-factor")
@allow("account.own")
@confirmed
def begin() -> Response:
    """Make the key that the app needs."""
    second_factor.begin(db_session(), settings(), current_actor())
    return redirect(url_for("second_factor.setup"), 303)


@bp.route("/account/second-factor/setup", methods=["GET", "POST"])
@allow("account.own")
@confirmed
def setup() -> Response | str:
    """Show the key and take the first code; then show the recovery codes, this once."""
    form = CodeForm()
    if request.method != "POST":
        return _setup_page(form)
    if not form.validate():
        return _setup_page(form, 422)
    keep, drawn = current_user.session_id, _draw()
    try:
        second_factor.set_up(db_session(), settings(), current_actor(), form.code.data, drawn, keep=keep)
    except Invalid as refused:
        attach(form, refused)
        return _setup_page(form, 422)
    return _codes_page(drawn, first=True)


def _setup_page(form: CodeForm, status: int = 200) -> Response:
    found = second_factor.setup(db_session(), settings(), current_actor())
    if found is None:
        return redirect(url_for("second_factor.index"), 303)
    page = render_template("second_factor/setup.html", form=form, setup=found, symbol=qr_code(found.url))
    return make_response(page, status)


def _draw() -> recovery_codes.Drawn:
    """Draw new codes while the database is free for others: hashing them takes a second."""
    start_over()
    return recovery_codes.draw()


def _codes_page(drawn: recovery_codes.Drawn, *, first: bool) -> str:
    return render_template("second_factor/codes.html", codes=drawn.codes, first=first, home=url_for("accounts.index"))


@bp.post("/account/second-factor/codes")
@allow("account.own")
@confirmed
def new_codes() -> str:
    """Make new recovery codes and show them, this once."""
    drawn = _draw()
    second_factor.new_codes(db_session(), current_actor(), drawn)
    return _codes_page(drawn, first=False)


@bp.post("/account/second-factor/remove")
@allow("account.own")
@confirmed
def remove() -> Response:
    """Take the own second factor off."""
    second_factor.remove(db_session(), current_actor(), keep=current_user.session_id)
    flash(gettext("Der zweite Faktor ist entfernt. Alle anderen Anmeldungen sind beendet."), "ok")
    return redirect(url_for("second_factor.index"), 303)
