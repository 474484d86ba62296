"""People with an account, as network admins look after them."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import NetworkRole, User
from catalogue.services import invitations, users
from catalogue.services.errors import Conflict, Invalid
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.forms.companies import InviteStaffForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show as shown
from catalogue.web.numbers import page_number
from catalogue.web.people import tell_invited
from catalogue.web.requests import db_session

bp = Blueprint("users", __name__, url_prefix="/admin/users")


def _list(form: InviteStaffForm) -> str:
    text, role = request.args.get("q", "")[:200], request.args.get("role", "")
    return render_template(
        "users/index.html",
        page=users.find(db_session(), current_actor(), text, role, page_number()),
        pending=invitations.pending(db_session(), current_actor(), None),
        form=form,
        text=text,
        role=role,
    )


@bp.get("")
@allow("user.administer")
def index() -> str:
    """List everybody, with search; invite people into the network office."""
    return _list(InviteStaffForm())


@bp.post("/invitations")
@allow("user.administer")
def invite() -> Response | tuple[str, int]:
    """Invite somebody into the network office."""
    form = InviteStaffForm()
    if not form.validate():
        return _list(form), 422
    try:
        invitations.invite_staff(db_session(), settings(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _list(form), 422
    tell_invited(form.email.data)
    return redirect(url_for("users.index"), 303)


@bp.get("/<uuid:user_id>")
@allow("user.administer")
def show(user_id: UUID) -> str:
    """Show one person."""
    return render_template("users/show.html", user=_user(user_id), roles=list(NetworkRole))


def _user(user_id: UUID) -> User:
    return users.get(db_session(), current_actor(), user_id)


def _back(user: User, done: str) -> Response:
    flash(done, "ok")
    return redirect(url_for("users.show", user_id=user.id), 303)


def _refused(user: User, refused: Conflict) -> Response:
    flash(shown(refused.text), "error")
    return redirect(url_for("users.show", user_id=user.id), 303)


@bp.post("/<uuid:user_id>/role")
@allow("user.administer")
def change_role(user_id: UUID) -> Response:
    """Give or take a role in the network office."""
    user, role = _user(user_id), request.form.get("role", "")
    if role and role not in set(NetworkRole):
        raise Invalid("role", "Wählen Sie eine Rolle.")
    try:
        users.set_network_role(db_session(), current_actor(), user, NetworkRole(role) if role else None)
    except Conflict as refused:
        return _refused(user, refused)
    return _back(user, gettext("Die Rolle von %(name)s ist geändert.", name=user.name))


@bp.post("/<uuid:user_id>/deactivate")
@allow("user.administer")
def deactivate(user_id: UUID) -> Response:
    """Lock an account."""
    user = _user(user_id)
    try:
        users.deactivate(db_session(), current_actor(), user)
    except Conflict as refused:
        return _refused(user, refused)
    return _back(user, gettext("Das Konto von %(name)s ist gesperrt, alle Anmeldungen sind beendet.", name=user.name))


@bp.post("/<uuid:user_id>/activate")
@allow("user.administer")
def activate(user_id: UUID) -> Response:
    """Unlock an account."""
    user = _user(user_id)
    users.activate(db_session(), current_actor(), user)
    return _back(user, gettext("Das Konto von %(name)s ist wieder frei.", name=user.name))


@bp.post("/<uuid:user_id>/link")
@allow("user.administer")
def send_link(user_id: UUID) -> Response:
    """Mail the person a link to set a password themselves."""
    user = _user(user_id)
    try:
        users.send_link(db_session(), settings(), current_actor(), user)
    except Conflict as refused:
        return _refused(user, refused)
    return _back(user, gettext("Ein Link an %(email)s ist im Postausgang.", email=user.email))


@bp.post("/<uuid:user_id>/sessions/end")
@allow("user.administer")
def end_sessions(user_id: UUID) -> Response:
    """End all sign-ins of a person."""
    user = _user(user_id)
    users.end_sessions(db_session(), current_actor(), user)
    return _back(user, gettext("Alle Anmeldungen von %(name)s sind beendet.", name=user.name))
