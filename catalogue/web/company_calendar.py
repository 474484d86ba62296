"""The calendar of a company: addresses for programs, made and revoked by its admins; whoever has one reads it without signing in."""

import hashlib
import uuid
from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.services import company_calendars
from catalogue.services.errors import Invalid
from catalogue.services.permissions import Own, can
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.facts import today
from catalogue.web.forms.companies import CalendarForm
from catalogue.web.forms.refusals import attach
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.once import repeat_leads_to
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import db_session

bp = Blueprint("company_calendar", __name__)
KEPT = timedelta(days=180)  # so long past and cancelled runs stay in subscribed calendars


@bp.get("/company/calendars")
@allow("company.home")
def index() -> str:
    """Show the addresses of the own company, without their secret parts."""
    return _page(CalendarForm(formdata=None))


@bp.post("/company/calendars")
@allow("company.home")
@confirmed
def create() -> str | tuple[str, int]:
    """Make an address and show it, this once."""
    form = CalendarForm()
    try:
        token = company_calendars.create(db_session(), current_actor(), form.name.data or "")
    except Invalid as refused:
        attach(form, refused)
        return _page(form), 422
    repeat_leads_to(url_for(".index"))
    return _page(CalendarForm(formdata=None), settings().base_url.rstrip("/") + url_for(".feed", token=token))


@bp.post("/company/calendars/<uuid:calendar_id>/revoke")
@allow("company.home")
def revoke(calendar_id: uuid.UUID) -> AnyResponse:
    """End an address at once."""
    company_calendars.revoke(db_session(), current_actor(), calendar_id)
    tell(
        gettext("Programme, die sie benutzt haben, bekommen nichts mehr."), title=gettext("Die Adresse ist widerrufen.")
    )
    return redirect(url_for(".index"), 303)


@bp.get("/calendars/<token>.ics")
@limiter.limit(EXPORT)
def feed(token: str) -> Response:
    """Send the planned runs of the company whose address this is."""
    from catalogue.services import run_feed  # here, because its library would make every start longer

    found = company_calendars.opened(db_session(), token)
    planned = company_calendars.planned(db_session(), found, today() - KEPT)
    body = run_feed.calendar_of_company(planned, f"Termine, {found.company.name}", settings().base_url)
    response = Response(body, content_type=run_feed.MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="termine.ics"'
    response.headers["X-Robots-Tag"] = "noindex"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.make_conditional(request)
    return response


def _page(form: CalendarForm, address: str = "") -> str:
    actor = current_actor()
    return render_template(
        "company_calendar/index.html",
        form=form,
        address=address,
        calendars=company_calendars.listed(db_session(), actor),
        may=can(actor, "company.share_calendar", Own(actor.company_id)),
    )
