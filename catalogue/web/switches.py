"""Maintenance and read-only: what is answered instead of the page, and the page on which the network office moves switches."""

from flask import Blueprint, Response, g, redirect, render_template, url_for
from flask import request as asked
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.services import switches
from catalogue.services.errors import Invalid
from catalogue.services.permissions import can
from catalogue.services.switches import Mode, Plan, Switches
from catalogue.web.auth import allow, current_actor
from catalogue.web.errors import closed_page, read_only_page
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.switches import ModeForm, RequestsForm
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import QUIET, SAFE, database, db_session

bp = Blueprint("switches", __name__, url_prefix="/admin/operation")
OPEN = {"pages.imprint", "pages.privacy", "pages.accessibility"}  # the law wants them to be found at any time
SIGN_IN = {
    "accounts.login", "accounts.logout", "preferences.choose", "reauthentication.confirm", "second_factor.begin", "second_factor.code",
    "second_factor.setup", "oidc.start", "oidc.callback", "oidc.left",
}  # fmt: skip
MOVING = {"switches.mode", "switches.requests"}
Answer = AnyResponse | str | tuple[str, int]


@bp.record_once
def _prepare(state: object) -> None:
    state.app.jinja_env.globals["operation"] = standing  # type: ignore[attr-defined]


@bp.before_app_request
def _hold() -> Response | None:
    """Answer for the page where the switches keep people from it. Registered after the checks of forms and origin."""
    if asked.endpoint is None or asked.endpoint in QUIET:
        return None
    found = g.switches = switches.current(database())
    if found.mode == Mode.NORMAL:
        return None
    if found.mode == Mode.MAINTENANCE and asked.endpoint not in OPEN | SIGN_IN and not _looks_after():
        return closed_page(found.now)
    if asked.method not in SAFE and asked.endpoint not in SIGN_IN | MOVING:
        return read_only_page(found.now)
    return None


def _looks_after() -> bool:
    """Whether a network admin asks: they see in maintenance whether all is well before others come."""
    try:
        return can(current_actor(), "operation.switch")
    except Exception:  # the database may be in the middle of something
        return False


def standing() -> Switches:
    """Return the switches as this request found them; asks nothing, so that pages about failures can say it, too."""
    found: Switches = g.get("switches") or Switches()
    return found


@bp.get("")
@allow("operation.switch")
def index() -> str:
    """Show how the switches stand."""
    return _page(ModeForm(formdata=None), RequestsForm(formdata=None))


def _page(mode: ModeForm, requests: RequestsForm) -> str:
    return render_template(
        "switches/index.html", found=switches.read(db_session()), form=mode, requests_form=requests, modes=Mode
    )


@bp.post("/mode")
@allow("operation.switch")
@confirmed
def mode() -> Answer:
    """Let people only read, now or later, or end that."""
    form = ModeForm()
    if not form.validate():
        return _page(form, RequestsForm(formdata=None)), 422
    wanted = (
        Plan(Mode.READ_ONLY, form.reason.data or "", form.starts(), form.ends()) if form.on.data else Plan(Mode.NORMAL)
    )
    try:
        switches.set_mode(db_session(), current_actor(), wanted)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, RequestsForm(formdata=None)), 422
    text = gettext("Alle Server folgen innerhalb weniger Sekunden.")
    tell(text, title=gettext("Geplant.") if wanted.starts_at else show(wanted.mode.label) + ".")
    return redirect(url_for("switches.index"), 303)


@bp.post("/requests")
@allow("operation.switch")
@confirmed
def requests() -> Answer:
    """Take no new requests for access, or take them again."""
    form = RequestsForm()
    if not form.validate():
        return _page(ModeForm(formdata=None), form), 422
    if form.open.data:
        switches.open_requests(db_session(), current_actor())
        tell(gettext("Neue Anfragen nach einem Zugang sind wieder möglich."))
    else:
        switches.close_requests(db_session(), current_actor(), form.reason.data or "")
        tell(gettext("Neue Anfragen nach einem Zugang werden nicht angenommen. Einladungen gelten weiter."))
    return redirect(url_for("switches.index"), 303)
