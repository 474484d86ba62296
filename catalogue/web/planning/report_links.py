"""Links by which the board reads a report: made, shown once, listed, ended."""

import uuid

from flask import redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.services import frozen_reports, report_links
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.qr_codes import qr_code
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.reports import LinkForm
from catalogue.web.notices import tell
from catalogue.web.once import repeat_leads_to
from catalogue.web.planning.blueprint import bp
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import db_session

Page = str | tuple[str, int]


@bp.get("/reports/<uuid:report_id>/links")
@allow("report.share")
def report_share(report_id: uuid.UUID) -> str:
    """List the links of a report and offer a new one."""
    return _page(report_id, LinkForm(formdata=None, days=report_links.DAYS))


@bp.post("/reports/<uuid:report_id>/links")
@allow("report.share")
@confirmed
def report_link_create(report_id: uuid.UUID) -> Page:
    """Make a link and show it, this once."""
    form = LinkForm()
    if not form.validate():
        return _page(report_id, form), 422
    try:
        _, token = report_links.create(
            db_session(), current_actor(), report_id, form.name.data or "", form.days.data, settings().k_anonymity
        )
    except Invalid as refused:
        attach(form, refused)
        return _page(report_id, form), 422
    except Conflict as refused:
        form.form_errors = [str(refused.text)]
        return _page(report_id, form), 409
    repeat_leads_to(url_for("planning.report_share", report_id=report_id))
    address = f"{settings().base_url.rstrip('/')}{url_for('board.show', token=token)}"
    return _page(report_id, LinkForm(formdata=None, days=report_links.DAYS), address)


@bp.post("/reports/<uuid:report_id>/links/<uuid:link_id>/revoke")
@allow("report.share")
def report_link_revoke(report_id: uuid.UUID, link_id: uuid.UUID) -> Response:
    """End a link at once."""
    report_links.revoke(db_session(), current_actor(), report_id, link_id)
    tell(gettext("Der Link ist widerrufen. Wer ihn öffnet, sieht nichts mehr."))
    return redirect(url_for(".report_share", report_id=report_id), 303)


def _page(report_id: uuid.UUID, form: LinkForm, address: str = "") -> str:
    session, actor = db_session(), current_actor()
    return render_template(
        "planning/report_links.html",
        report=frozen_reports.get(session, actor, report_id),
        links=report_links.listed(session, actor, report_id),
        is_live=report_links.is_live,
        form=form,
        address=address,
        qr=qr_code(address) if address else None,
    )
