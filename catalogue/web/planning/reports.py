"""Frozen reports: all of them, a new one, one with its changes since the one before, put away, counted again."""

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import FrozenReport
from catalogue.services import frozen_reports, report_changes, report_choices, report_recount
from catalogue.services import reports as counting
from catalogue.services.errors import Invalid, Stale
from catalogue.services.frozen_reports import FreezeInput
from catalogue.services.paging import within
from catalogue.services.pdf_pages import problem as pdf_problem
from catalogue.services.report_query import By
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.filters import day
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.reports import FreezeForm, TitleForm
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import asked_from
from catalogue.web.requests import database, db_session

__all__ = ["by_asked", "noted"]

ROWS = 100
Page = Response | str | tuple[str, int]


@bp.get("/reports")
@allow("report.see")
def reports() -> str:
    """List the reports, the newest day first."""
    archived = request.args.get("archived") == "1"
    page = frozen_reports.listed(db_session(), current_actor(), archived=archived, page=_number())
    return render_template("planning/reports.html", page=page, archived=archived)


@bp.route("/reports/new", methods=["GET", "POST"])
@allow("report.freeze")
def report_new() -> Page:
    """Freeze what the same address shows in the planning."""
    asked = asked_from(request.args)
    session, actor = db_session(), current_actor()
    if request.method == "POST":
        form = FreezeForm()
        given = FreezeInput(form.title.data or "", form.purpose.data or "", asked.query, asked.text)
        try:
            asked.strict()
            report = frozen_reports.freeze(session, actor, given, settings().k_anonymity)
        except Invalid as refused:
            attach(form, refused)
            return _new_page(asked, form), 422
        tell(gettext("Die Zahlen bleiben jetzt, wie sie sind."), title=gettext("Der Bericht ist festgeschrieben."))
        return redirect(url_for(".report", report_id=report.id), 303)
    form = FreezeForm(formdata=None)
    form.title.data = gettext("Bedarf und Angebot, Stand %(day)s", day=day(asked.query.as_of or counting.today()))
    return _new_page(asked, form)


def _new_page(asked: Any, form: FreezeForm) -> str:
    session, actor = db_session(), current_actor()
    total = counting.interest(session, actor, asked.query).total
    words = report_choices.described(session, actor, asked.query, "", asked.text)[2:]
    today = counting.today()
    return render_template("planning/report_new.html", asked=asked, form=form, total=total, words=words, today=today)


@bp.get("/reports/<uuid:report_id>")
@allow("report.see")
def report(report_id: uuid.UUID) -> str:
    """Show a report: figures first, beside each what changed since the report before."""
    found = noted(report_id, "report.view")
    return _show(found, TitleForm(formdata=None))


def _show(found: FrozenReport, form: TitleForm) -> str:
    session, actor = db_session(), current_actor()
    previous = frozen_reports.previous(session, actor, found)
    if previous is not None:
        previous = frozen_reports.get(session, actor, previous.id)
    figures, by = frozen_reports.figures(found), by_asked()
    rows = figures.by.get(by, ())
    page, pages = within(_number(), len(rows), ROWS)
    form.title.data = form.title.data or found.title
    form.version.data = form.version.data or found.version
    return render_template(
        "planning/report.html",
        report=found,
        figures=figures,
        by=by,
        ways=By,
        rows=rows[(page - 1) * ROWS : page * ROWS],
        widest=max((row.must + row.should + row.could for row in rows), default=0),
        page=page,
        pages=pages,
        form=form,
        previous=previous,
        others=frozen_reports.others(session, actor, found),
        changes=report_changes.compare(previous, found) if previous else None,
        intact=frozen_reports.intact(found),
        pdf_problem=pdf_problem(),
    )


@bp.post("/reports/<uuid:report_id>/title")
@allow("report.freeze")
def report_title(report_id: uuid.UUID) -> Page:
    """Correct the title."""
    form, session = TitleForm(), db_session()
    try:
        frozen_reports.rename(session, current_actor(), report_id, form.title.data or "", form.version.data or 0)
    except Invalid as refused:
        attach(form, refused)
        return _show(frozen_reports.get(session, current_actor(), report_id), form), 422
    except Stale as stale:
        form.form_errors = [
            gettext("Inzwischen hat jemand anderes den Titel geändert: %(now)s", now=stale.current.title)
        ]
        form.version.renew(stale.current.version)
        return _show(stale.current, form), 409
    tell(gettext("Gespeichert."))
    return redirect(url_for(".report", report_id=report_id), 303)


@bp.post("/reports/<uuid:report_id>/archive")
@allow("report.freeze")
def report_archive(report_id: uuid.UUID) -> Response:
    """Put a report away."""
    frozen_reports.archive(db_session(), current_actor(), report_id)
    text = gettext("Er ist im Archiv zu finden, seine Links gelten nicht mehr.")
    tell(text, title=gettext("Der Bericht ist archiviert."), undo=url_for(".report_restore", report_id=report_id))
    return redirect(url_for(".reports"), 303)


@bp.post("/reports/<uuid:report_id>/restore")
@allow("report.freeze")
def report_restore(report_id: uuid.UUID) -> Response:
    """Take a report out of the archive."""
    frozen_reports.restore(db_session(), current_actor(), report_id)
    tell(gettext("Der Bericht ist wieder in der Liste."))
    return redirect(url_for(".report", report_id=report_id), 303)


@bp.get("/reports/<uuid:report_id>/recount")
@allow("report.see")
def report_recounted(report_id: uuid.UUID) -> str:
    """Count again from the event log and say whether the figures are the same."""
    found = noted(report_id, "report.recount")
    recount = report_recount.recount(db_session(), current_actor(), found)
    return render_template("planning/report_recount.html", report=found, recount=recount, most=ROWS)


@bp.get("/reports/compare")
@allow("report.see")
def report_compare() -> Page:
    """Show what rose, fell, is new or gone between two reports."""
    session, actor = db_session(), current_actor()
    chosen = [one for name in ("a", "b") if (one := _chosen(name)) is not None]
    if len(chosen) < 2:
        page = frozen_reports.listed(session, actor)
        return render_template("planning/report_choose.html", reports=page.reports, first=chosen[0] if chosen else None)
    compared = report_changes.compare(*chosen)
    for one in chosen:
        noted(one.id, "report.view", compared=True)
    by = by_asked()
    rows = compared.by[by]
    page_number, pages = within(_number(), len(rows), ROWS)
    shown = rows[(page_number - 1) * ROWS : page_number * ROWS]
    return render_template(
        "planning/report_compare.html", compared=compared, by=by, ways=By, rows=shown, page=page_number, pages=pages,
        direction=report_changes.Direction,
    )  # fmt: skip


def _chosen(name: str) -> FrozenReport | None:
    try:
        key = uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None
    return frozen_reports.get(db_session(), current_actor(), key)


def noted(report_id: uuid.UUID, action: str, **details: Any) -> FrozenReport:
    """Return a report after recording that it was looked at. No record, no figures."""
    found = frozen_reports.get(db_session(), current_actor(), report_id)
    with database().write() as writing:
        frozen_reports.note(writing, current_actor(), found, action, **details)
    return found


def by_asked() -> By:
    """What the address wants as rows; modules for anything unknown."""
    asked = request.args.get("by", "")
    return By(asked) if asked in set(By) else By.MODULE


def _number() -> int:
    text = request.args.get("page", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 1
