"""Signing in with an account elsewhere (OpenID Connect): to the provider and back, the first time, and the own account."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.models import User
from catalogue.services import access_requests, identities, sessions, switches
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.identities import Flow, NotAnswering, NotProved, Proof
from catalogue.texts import N_
from catalogue.web.auth import ELSEWHERE, PROOF, STRONG, allow, current_actor, renew_sign_in, settings
from catalogue.web.forms.accounts import FirstSignInForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import limiter
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session, writing
from catalogue.web.signing_in import arrive, proceed

if TYPE_CHECKING:
    from catalogue.services.openid import Provider

FLOW = "oidc"
bp = Blueprint("oidc", __name__)
limiter.limit("30 per minute")(bp)
Answer = Response | str | tuple[str, int]


@bp.before_request
def _only_with_a_provider() -> None:
    if not settings().oidc_issuer and request.path.startswith("/login/"):
        abort(404)


def _provider() -> "Provider":
    """Return the provider of the settings. Its libraries are an extra, so they are loaded here."""
    from catalogue.services.openid import Provider

    kept = current_app.extensions.get("openid")
    if kept is None or kept[0] is not settings():
        kept = current_app.extensions["openid"] = (settings(), Provider(settings()))
    return cast(Provider, kept[1])


# to the provider and back


@bp.get("/login/oidc")
def start() -> Answer:
    """Send the browser to the provider. A link, not a form: the page's policy lets forms go nowhere else."""
    by = str(current_user.user.id) if current_user.is_authenticated else ""
    again = bool(by) and "again" in request.args
    try:
        url, flow = _provider().begin(anew=again)
    except NotAnswering as refused:
        return _failed(refused)
    wanted = local_path(request.args.get("next"), "")[:500]
    session[FLOW] = asdict(flow) | {"next": wanted, "by": by, "again": again}
    return redirect(url, 303)


@bp.get("/login/oidc/callback")
def callback() -> Answer:
    """Take what the provider answered. This GET writes: the protocol leaves no choice, and its state stands for the form's token."""
    begun = session.get(FLOW, {})
    flow = Flow(begun["state"], begun["nonce"], begun["verifier"]) if begun else None
    try:
        proof = _provider().finish(flow, request.args)
    except (NotProved, NotAnswering) as refused:
        if flow and flow.state == request.args.get("state"):  # what nobody began here is not worth a line in the record
            session.pop(FLOW)
            with database().write() as noting:
                identities.note_failure(noting, type(refused).__name__)
        return _failed(refused)
    session.pop(FLOW)
    if begun["again"]:
        return _confirm(proof, begun["next"], begun["by"])
    return _enter(proof, begun["next"], begun["by"])


def _confirm(proof: Proof, wanted: str, by: str) -> Answer:
    """Take the sign-in there as the proof of who sits here that dangerous actions want (web/reauthentication.py)."""
    mine = current_user.is_authenticated and str(current_user.user.id) == by
    strong = proof.second_factor or not mine or current_user.user.second_factor_at is None
    if not mine or not strong or not proof.is_anew or not identities.is_of(db_session(), proof, UUID(by)):
        return _failed(NotProved(N_("Damit ist nicht bestätigt, dass Sie es sind.")))
    with writing() as session_:
        sessions.confirm(session_, current_user.session_id)
        renew_sign_in()
    return redirect(local_path(wanted, url_for("accounts.index")), 303)


def _enter(proof: Proof, wanted: str, by: str) -> Answer:
    """Sign in whose account is connected; all others, and who is signed in already, go on with what they proved."""
    try:
        with writing() as session_:
            user = None if by else identities.admit(session_, proof)
            if user is not None:
                return _arrive(user, proof, wanted)
    except NotProved as refused:
        return _failed(refused)
    session[PROOF] = asdict(proof) | {"by": by, "next": wanted}
    return redirect(url_for(".first"), 303)


def _arrive(user: User, proof: Proof, wanted: str) -> Response:
    """Sign in; whoever has a second factor here is asked for it, unless what the provider asked counts as one."""
    session.pop(PROOF, None)
    session[ELSEWHERE] = True
    if not proof.second_factor:
        return proceed(user, wanted)
    answer = arrive(user, wanted)
    session[STRONG] = True
    return answer


def _failed(refused: NotProved | NotAnswering) -> tuple[str, int]:
    busy = isinstance(refused, NotAnswering)
    return render_template("oidc/failed.html", text=show(refused.text), busy=busy), 503 if busy else 400


@bp.get("/login/oidc/left")
def left() -> str:
    """Say that the sign-in here is over, and offer to end the one at the provider."""
    return render_template("oidc/left.html", url=_provider().end_address())


# the first time


def _pending() -> tuple[Proof, dict[str, Any]] | None:
    """Return what was proved and what belongs to it, if that is not too long ago."""
    kept = dict(session.get(PROOF) or {})
    about = {name: kept.pop(name, "") for name in ("by", "next")}
    proof = Proof(**kept) if kept else None
    return (proof, about) if proof is not None and proof.is_fresh else None


@bp.route("/login/oidc/first", methods=["GET", "POST"])
def first() -> Answer:
    """What somebody does whose account elsewhere is new here: connect it, accept an invitation, or ask for membership."""
    pending = _pending()
    if pending is None:
        return _failed(NotProved(identities.ENDED))
    proof, about = pending
    if current_user.is_authenticated:
        return render_template("oidc/connect.html", proof=proof)
    step = identities.next_step(db_session(), proof)
    standing = switches.read(db_session())
    if step == "ask" and not standing.requests_open:
        page = render_template("access/closed.html", text=show(access_requests.CLOSED), reason=standing.requests_reason)
        return page, 409 if request.method == "POST" else 200
    company = identities.company_named(db_session(), proof)
    form = FirstSignInForm(name=proof.name, company=company.name if company else "")
    if request.method != "POST":
        return _first_page(form, proof, step)
    if not form.validate():
        return _first_page(form, proof, step), 422
    try:
        if step == "invited":
            return _accept(proof, form, about["next"])
        identities.ask(db_session(), settings(), proof, form.name.data, form.company.data)
    except Invalid as refused:
        attach(form, refused)
        return _first_page(form, proof, step), 422
    return redirect(url_for(".first"), 303)


def _first_page(form: FirstSignInForm, proof: Proof, step: identities.Step) -> str:
    return render_template("oidc/first.html", form=form, proof=proof, step=step)


def _accept(proof: Proof, form: FirstSignInForm, wanted: str) -> Response:
    user = identities.accept(db_session(), proof, form.name.data)
    answer = _arrive(user, proof, wanted)
    flash(gettext("Willkommen im Modulkatalog."), "ok")
    return answer


# the own account


@bp.post("/account/identities")
@allow("account.own")
@confirmed
def connect() -> Answer:
    """Let the person sign in with what they just proved from now on."""
    pending = _pending()
    session.pop(PROOF, None)
    if pending is None:
        return _failed(NotProved(identities.ENDED))
    proof, about = pending
    try:
        identities.connect(db_session(), current_actor(), proof, begun_by=UUID(about["by"]) if about["by"] else None)
    except Conflict as refused:
        tell(show(refused.text), "error", title=gettext("Nicht verbunden."))
    else:
        text = gettext("Sie können sich jetzt auch mit %(label)s anmelden.", label=settings().oidc_label)
        tell(text, title=gettext("Verbunden."))
    return redirect(local_path(about["next"], url_for("accounts.index") + "#identities"), 303)


@bp.post("/account/identities/<uuid:identity_id>/remove")
@allow("account.own")
@confirmed
def disconnect(identity_id: UUID) -> Response:
    """End signing in with an account elsewhere."""
    try:
        identities.disconnect(db_session(), current_actor(), identity_id, keep=current_user.session_id)
    except Conflict as refused:
        tell(show(refused.text), "error", title=gettext("Nicht entfernt."))
    else:
        tell(gettext("Alle anderen Anmeldungen sind beendet."), title=gettext("Die Verbindung ist entfernt."))
    return redirect(url_for("accounts.index") + "#identities", 303)
