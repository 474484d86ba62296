"""The people of a company, as its own admins look after them. Network admins use the same actions from /admin/companies."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.db import utcnow
from catalogue.models import Company, CompanyRole, Membership
from catalogue.services import access_requests, companies, departures, invitations, people
from catalogue.services.errors import Conflict, Invalid
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.forms.companies import InviteForm, LeaveForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import db_session

bp = Blueprint("people", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)


@bp.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"now": utcnow}


def _own_company() -> Company:
    return companies.get_by_id(db_session(), current_actor(), current_actor().company_id)


def _page(form: InviteForm) -> str:
    company, actor = _own_company(), current_actor()
    may = people.may_edit(actor, company)
    return render_template(
        "people/index.html",
        form=form,
        company=company,
        members=people.listed(db_session(), actor, company),
        pending=invitations.pending(db_session(), actor, company) if may else [],
        requests=access_requests.of_company(db_session(), actor, company) if may else [],
        may=may,
        roles=list(CompanyRole),
    )


@bp.get("/company/people")
@allow("company.home")
def index() -> str:
    """Show colleagues with an account; admins see the open invitations, too."""
    return _page(InviteForm())


@bp.post("/company/people/invitations")
@allow("company.home")
@confirmed
def invite() -> Response | tuple[str, int]:
    """Invite a colleague."""
    form = InviteForm()
    if not form.validate():
        return _page(form), 422
    try:
        invitations.invite(db_session(), settings(), current_actor(), _own_company(), form.input())
    except Invalid as refused:
        attach(form, refused)
        return _page(form), 422
    tell_invited(form.email.data)
    return redirect(url_for("people.index"), 303)


def tell_invited(email: str) -> None:
    """Say that an invitation was made; without a mail server somebody has to hand the link over."""
    text = gettext("Der Link gilt %(days)s Tage.", days=settings().invitation_days)
    if not settings().smtp_host:
        text += " " + gettext("Es ist kein Mailserver eingerichtet: Das Netzwerkbüro findet den Link im Postausgang.")
    tell(text, title=gettext("Einladung an %(email)s vorbereitet.", email=email))


@bp.post("/invitations/<uuid:invitation_id>/resend")
@allow("account.own")
def resend(invitation_id: UUID) -> Response:
    """Send an invitation again, with a new link."""
    found = invitations.get(db_session(), current_actor(), invitation_id)
    invitations.resend(db_session(), settings(), current_actor(), found)
    tell_invited(found.email)
    return _back()


@bp.post("/invitations/<uuid:invitation_id>/revoke")
@allow("account.own")
def revoke(invitation_id: UUID) -> Response:
    """Take an invitation back."""
    found = invitations.get(db_session(), current_actor(), invitation_id)
    invitations.revoke(db_session(), current_actor(), found)
    flash(gettext("Die Einladung an %(email)s ist zurückgezogen.", email=found.email), "ok")
    return _back()


@bp.post("/company/people/<uuid:user_id>/role")
@allow("account.own")
@confirmed
def change_role(user_id: UUID) -> Response:
    """Give a person another role in the company."""
    member = people.get(db_session(), current_actor(), user_id)
    role = request.form.get("role", "")
    if role not in set(CompanyRole):
        raise Invalid("role", "Wählen Sie eine Rolle.")
    try:
        people.change_role(db_session(), current_actor(), member, CompanyRole(role))
        flash(
            gettext("%(name)s hat jetzt die Rolle %(role)s.", name=member.user.name, role=show(member.role.label)), "ok"
        )
    except Conflict as refused:
        flash(show(refused.text), "error")
    return _back()


@bp.route("/company/people/<uuid:user_id>/remove", methods=["GET", "POST"])
@allow("account.own")
@confirmed
def remove(user_id: UUID) -> Response | str | tuple[str, int]:
    """Show what stays, moves and ends when a person leaves; then take them out of the company."""
    member = people.get(db_session(), current_actor(), user_id)
    form = LeaveForm()
    if request.method != "POST":
        return _leave_page(member, form)
    name, back = member.user.name, _list_of(member)
    try:
        departures.leave(db_session(), current_actor(), member, _uuid(form.successor.data))
    except Invalid as refused:
        attach(form, refused)
        return _leave_page(member, form), 422
    except Conflict as refused:
        flash(show(refused.text), "error")
    else:
        flash(gettext("%(name)s gehört nicht mehr zum Unternehmen.", name=name), "ok")
    return redirect(back, 303)


def _leave_page(member: Membership, form: LeaveForm) -> str:
    found = departures.preview(db_session(), current_actor(), member)
    named = [(str(one.user_id), f"{one.user.name} ({show(one.role.label)})") for one in found.candidates]
    form.successor.choices = [("", gettext("niemand")), *named]
    return render_template("people/leave.html", form=form, member=member, found=found, back=_list_of(member))


def _uuid(text: str | None) -> UUID | None:
    """Return the id of who was chosen; what is none stands for somebody who is not in the list."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _list_of(member: Membership) -> str:
    """Return where the person was listed: on the own page, or on that of the company for the network office."""
    if member.company_id == current_actor().company_id:
        return url_for("people.index")
    return url_for("companies.show", company_slug=member.company.slug) + "#people"


@bp.post("/company/people/<uuid:user_id>/lock")
@allow("account.own")
@confirmed
def lock(user_id: UUID) -> Response:
    """Lock the account of a colleague; all sign-ins end at once."""
    member = people.get(db_session(), current_actor(), user_id)
    try:
        people.deactivate(db_session(), current_actor(), member)
        flash(
            gettext("Das Konto von %(name)s ist gesperrt, alle Anmeldungen sind beendet.", name=member.user.name), "ok"
        )
    except Conflict as refused:
        flash(show(refused.text), "error")
    return _back()


@bp.post("/company/people/<uuid:user_id>/unlock")
@allow("account.own")
@confirmed
def unlock(user_id: UUID) -> Response:
    """Unlock the account of a colleague."""
    member = people.get(db_session(), current_actor(), user_id)
    try:
        people.activate(db_session(), current_actor(), member)
        flash(gettext("Das Konto von %(name)s ist wieder frei.", name=member.user.name), "ok")
    except Conflict as refused:
        flash(show(refused.text), "error")
    return _back()


@bp.post("/company/people/<uuid:user_id>/sessions/end")
@allow("account.own")
def end_sessions(user_id: UUID) -> Response:
    """End all sign-ins of a colleague, for example after a device was lost."""
    member = people.get(db_session(), current_actor(), user_id)
    people.end_sessions(db_session(), current_actor(), member)
    flash(gettext("Alle Anmeldungen von %(name)s sind beendet.", name=member.user.name), "ok")
    return _back()


def _back() -> Response:
    return redirect(local_path(request.form.get("next"), url_for("people.index")), 303)
