"""People with an account, as network admins look after them."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import NetworkRole, User
from catalogue.services import audit, departures, invitations, second_factor, users
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.users import UserQuery
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.downloads import download, format_of
from catalogue.web.forms.companies import InviteStaffForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show as shown
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.numbers import page_number
from catalogue.web.people import tell_invited
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session

bp = Blueprint("users", __name__, url_prefix="/admin/users")


def _query() -> UserQuery:
    """The list as the address asks for it; what makes no sense is left out."""
    text, role = request.args.get("q", "")[:200], request.args.get("role", "")[:20]
    return UserQuery(text, role, request.args.get("sort", "name"), page_number())


def _list(form: InviteStaffForm) -> str:
    query = _query()
    return render_template(
        "users/index.html",
        page=users.find(db_session(), current_actor(), query),
        pending=invitations.pending(db_session(), current_actor(), None),
        form=form,
        query=query,
    )


@bp.get("/list.<any(csv, xlsx):name>")
@allow("user.administer")
@limiter.limit(EXPORT)
def export(name: str) -> Response:
    """Send exactly the people of the list, all pages of it."""
    table = users.table(db_session(), current_actor(), _query())
    with database().write() as recording:
        audit.record(recording, current_actor(), "users.exported", format=name, rows=len(table.rows))
    return download(table, format_of(name))


@bp.get("")
@allow("user.administer")
def index() -> str:
    """List everybody, with search; invite people into the network office."""
    return _list(InviteStaffForm())


@bp.post("/invitations")
@allow("user.administer")
@confirmed
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
    user, staff = (
        _user(user_id),
        users.find(db_session(), current_actor(), UserQuery(role="staff"), everything=True).users,
    )
    return render_template(
        "users/show.html",
        user=user,
        roles=list(NetworkRole),
        reviews=departures.reviews(db_session(), current_actor(), user),
        successors=[one for one in staff if one.active and one.id != user.id],
    )


@bp.post("/<uuid:user_id>/reviews")
@allow("user.administer")
def hand_over_reviews(user_id: UUID) -> Response:
    """Give what a person is named for as reviewer to somebody else."""
    user = _user(user_id)
    chosen = request.form.get("successor", "")
    staff = users.find(db_session(), current_actor(), UserQuery(role="staff"), everything=True).users
    successor = next((one for one in staff if str(one.id) == chosen), None)
    if successor is None:
        raise Invalid("successor", "Wählen Sie jemanden aus dem Netzwerkbüro.")
    departures.hand_over_reviews(db_session(), current_actor(), user, successor)
    return _back(user, gettext("%(name)s prüft jetzt, was hier offen war.", name=successor.name))


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
@confirmed
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
@confirmed
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
@confirmed
def activate(user_id: UUID) -> Response:
    """Unlock an account."""
    user = _user(user_id)
    users.activate(db_session(), current_actor(), user)
    return _back(user, gettext("Das Konto von %(name)s ist wieder frei.", name=user.name))


@bp.post("/<uuid:user_id>/link")
@allow("user.administer")
@confirmed
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
@confirmed
def end_sessions(user_id: UUID) -> Response:
    """End all sign-ins of a person."""
    user = _user(user_id)
    users.end_sessions(db_session(), current_actor(), user)
    return _back(user, gettext("Alle Anmeldungen von %(name)s sind beendet.", name=user.name))


@bp.post("/<uuid:user_id>/second-factor/remove")
@allow("user.administer")
@confirmed
def remove_second_factor(user_id: UUID) -> Response:
    """Take the second factor off somebody who lost the phone."""
    user = _user(user_id)
    try:
        second_factor.remove_from(db_session(), current_actor(), user)
    except Conflict as refused:
        return _refused(user, refused)
    return _back(user, gettext("Der zweite Faktor von %(name)s ist entfernt.", name=user.name))
