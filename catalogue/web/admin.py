"""Looking after the installation: start page, record of what happened, mails."""

from contextlib import suppress
from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.services import access_requests, audit, audit_words, companies, outbox, users
from catalogue.services.audit import AuditQuery
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.downloads import download, format_of
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.numbers import page_number
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import database, db_session

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("")
@allow("user.administer")
def index() -> str:
    """Show where what is looked after, with counts."""
    actor = current_actor()
    return render_template(
        "admin/index.html",
        companies=companies.find_all(db_session(), actor),
        users=users.find_all(db_session(), actor),
        requests=access_requests.count_for_office(db_session()),
        box=outbox.find(db_session(), actor),
        record=audit.find(db_session(), actor, AuditQuery()),
        has_mail_server=bool(settings().smtp_host),
    )


@bp.get("/audit")
@allow("audit.see")
def audit_log() -> str:
    """Show who did what, newest first."""
    query = _audit_query()
    page = audit.find(db_session(), current_actor(), query)
    return render_template("admin/audit_log.html", page=page, query=query, words=audit_words)


@bp.get("/audit.<any(csv, xlsx):name>")
@allow("audit.see")
@limiter.limit(EXPORT)
@confirmed
def export_audit(name: str) -> Response:
    """Send exactly the events of the list, all pages of it."""
    table = audit.table(db_session(), current_actor(), _audit_query())
    with database().write() as recording:
        audit.record(recording, current_actor(), "audit.exported", format=name, rows=len(table.rows))
    return download(table, format_of(name))


def _audit_query() -> AuditQuery:
    """The list as the address asks for it; what makes no sense is left out."""
    given = request.args
    return AuditQuery(
        text=given.get("q", "")[:200],
        company=given.get("company", "")[:36],
        action=given.get("action", "")[:64],
        thing=given.get("thing", "")[:200],
        since=_day("since"),
        until=_day("until"),
        page=page_number(),
    )


def _day(name: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(request.args.get(name, ""))
    return None


@bp.get("/outbox")
@allow("outbox.see")
@confirmed
def outbox_list() -> str:
    """Show mails. Their texts hold links that open accounts: they are shown only where no server can send them."""
    which = request.args.get("show", "")
    box = outbox.find(db_session(), current_actor(), page_number(), which)
    return render_template("admin/outbox.html", box=box, which=which, show_text=not settings().smtp_host)


@bp.post("/outbox/<uuid:mail_id>/retry")
@allow("outbox.see")
def retry(mail_id: UUID) -> Response:
    """Try a mail again."""
    outbox.retry(db_session(), current_actor(), mail_id)
    flash(gettext("Die Mail wird beim nächsten Lauf noch einmal versucht."), "ok")
    return redirect(url_for("admin.outbox_list"), 303)


@bp.post("/outbox/<uuid:mail_id>/discard")
@allow("outbox.see")
def discard(mail_id: UUID) -> Response:
    """Throw a mail away."""
    outbox.discard(db_session(), current_actor(), mail_id)
    flash(gettext("Die Mail ist verworfen."), "ok")
    return redirect(url_for("admin.outbox_list"), 303)
