"""The rights of a person: a copy of the own data, and deleting an account (the own one, or as a network admin that of somebody)."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from catalogue.models import User
from catalogue.services import accounts, erasure, person_copies, users
from catalogue.services.errors import Conflict, Invalid, TooMany
from catalogue.services.personal_tables import HOLDINGS
from catalogue.services.privacy_notice import BACKUP_DAYS
from catalogue.web.auth import allow, current_actor, sign_out
from catalogue.web.downloads import attachment
from catalogue.web.forms.accounts import PASSWORD
from catalogue.web.forms.personal import DeleteForm, DeleteOwnForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.limits import EXPORT, limiter, wait_text
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session, start_over

bp = Blueprint("personal", __name__)


@bp.get("/account/data")
@allow("account.own")
def data() -> str:
    """Say what is held about the person, and offer the copies that can be fetched."""
    held = [holding for holding in HOLDINGS.values() if holding.key]
    copies = person_copies.listed(db_session(), current_actor())
    return render_template("personal/data.html", held=held, copies=copies, days=person_copies.KEEP.days)


@bp.post("/account/data")
@allow("account.own")
@limiter.limit(EXPORT)
@confirmed
def ask_for_data() -> Response:
    """Make a copy, or let the worker make it."""
    try:
        made = person_copies.request(db_session(), current_actor())
    except Conflict as refused:
        flash(show(refused.text), "error")
    else:
        ready = gettext("Ihre Kopie ist fertig. Sie können sie herunterladen.")
        flash(
            ready
            if made.made_at
            else gettext("Ihre Kopie wird erstellt. Sie bekommen eine Mail, wenn sie fertig ist."),
            "ok",
        )
    return redirect(url_for("personal.data"), 303)


@bp.get("/account/data/<uuid:copy_id>.zip")
@allow("account.own")
@confirmed
def fetch_data(copy_id: UUID) -> Response:
    """Send the file."""
    content = person_copies.open_copy(db_session(), current_actor(), copy_id)
    return attachment(content, "meine-daten-modulkatalog.zip", "application/zip")


@bp.route("/account/delete", methods=["GET", "POST"])
@allow("account.own")
@confirmed
def delete_own() -> Response | str | tuple[str, int]:
    """Show what goes, stays and moves; then delete the own account."""
    user, form = accounts.get_own(db_session(), current_actor()), DeleteOwnForm()
    if request.method != "POST":
        return _page(user, DeleteOwnForm(formdata=None))
    if not form.validate():
        return _page(user, form), 422
    try:
        if user.password_hash is not None and not form.password.data:
            form.password.errors = [PASSWORD]
        elif not _knows_password(user, form.password.data or ""):
            form.password.errors = [gettext("Das ist nicht Ihr Passwort.")]
    except TooMany as error:
        form.password.errors = [wait_text(error)]
    if form.password.errors:
        return _page(accounts.get_own(db_session(), current_actor()), form), 422
    user = accounts.get_own(db_session(), current_actor())
    refused = _erase(user, form)
    if refused is not None:
        return refused
    sign_out()
    tell(
        gettext("Was Sie für Ihr Unternehmen angegeben haben, steht dort ohne Ihren Namen."),
        title=gettext("Ihr Konto ist gelöscht."),
    )
    return redirect(url_for("search.index"), 303)


def _knows_password(user: User, password: str) -> bool:
    """Whether the password is right; the try is counted. Accounts without one proved who they are in another way (``confirmed``)."""
    if user.password_hash is None:
        return True
    email, address = user.email, request.remote_addr or ""
    start_over()  # no transaction is open while the password is hashed
    with database().write() as session:
        who = accounts.candidate(session, email, address)
    if accounts.password_fits(who, password):
        return True
    with database().write() as session:
        accounts.note_failure(session, who, "confirmation.failed")
    return False


@bp.route("/admin/users/<uuid:user_id>/delete", methods=["GET", "POST"])
@allow("user.administer")
@confirmed
def delete_other(user_id: UUID) -> Response | str | tuple[str, int]:
    """Show what goes, stays and moves; then delete the account of somebody who asked for that."""
    user = users.get(db_session(), current_actor(), user_id)
    if user.id == current_actor().user_id:
        return redirect(url_for("personal.delete_own"), 303)
    form = DeleteForm()
    if request.method != "POST":
        return _page(user, DeleteForm(formdata=None))
    if not form.validate():
        return _page(user, form), 422
    refused = _erase(user, form)
    if refused is not None:
        return refused
    tell(
        gettext("Sagen Sie der Person Bescheid: Der Katalog kennt ihre Adresse nicht mehr."),
        title=gettext("Das Konto ist gelöscht."),
    )
    return redirect(url_for("users.index"), 303)


def _erase(user: User, form: DeleteForm) -> tuple[str, int] | None:
    """Delete the account; return the page that says why not."""
    try:
        erasure.erase(db_session(), current_actor(), user, _chosen(form.successor.data))
    except Invalid as refused:
        attach(form, refused)
        return _page(user, form), 422
    except Conflict as refused:
        form.sure.errors = [show(refused.text)]
        return _page(user, form), 409
    return None


def _chosen(text: str | None) -> UUID | None:
    """Return the id of who was chosen; what is none stands for somebody who is not in the list."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)


def _page(user: User, form: DeleteForm) -> str:
    found = erasure.preview(db_session(), current_actor(), user)
    nobody = gettext("Bitte wählen") if found.needs_successor else gettext("niemand")
    form.successor.choices = [("", nobody), *((str(one.user_id), one.name) for one in found.candidates)]
    own = current_user.user.id == user.id
    return render_template("personal/delete.html", form=form, user=user, found=found, own=own, backup_days=BACKUP_DAYS)
