"""Kommt zustande? Coming runs, asking companies, promising that a run takes place, and where a run is missing."""

import uuid
from dataclasses import replace

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import Run, RunState
from catalogue.services import commitments, periods, prospect_tables, prospects
from catalogue.services import runs as service
from catalogue.services.errors import Invalid, Stale
from catalogue.services.reports import today
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.curation.steps import sent_version
from catalogue.web.downloads import download, format_of
from catalogue.web.forms.commitments import OnBehalfAnswerForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import asked_from, note
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | AnyResponse
MOST_NAMED = 12  # companies of one run; the others are behind a link


@bp.get("/runs")
@allow("report.see")
def runs() -> str:
    """Coming runs with who comes, then modules that are wanted and have none."""
    note(asked_from(MultiDict()), "report.view", page="runs")
    session, actor = db_session(), current_actor()
    chosen = request.args.get("show", "")
    return render_template(
        "planning/runs.html",
        found=prospects.listing(session, actor, today(), chosen, _number("page")),
        ideas=prospects.ideas(session, actor, today(), _number("ideas")),
        show=chosen if chosen in prospects.SHOWS else "",
        most=MOST_NAMED,
        today=today(),
    )


def _number(name: str) -> int:
    return min(max(request.args.get(name, 1, type=int), 1), 100_000)


@bp.get("/runs/<any(runs, ideas):what>.<format>")
@allow("report.see")
@limiter.limit(EXPORT)
def export_runs(what: str, format: str) -> Response:
    """All of it as a table: one row per run and company, or one per module without a run."""
    chosen = format_of(format)
    session, actor = db_session(), current_actor()
    if what == "runs":
        table = prospect_tables.runs(prospects.listing(session, actor, today(), everything=True))
    else:
        table = prospect_tables.ideas(prospects.ideas(session, actor, today(), everything=True))
    note(asked_from(MultiDict()), "report.export", what=what, format=chosen.value, lines=len(table.rows))
    return download(table, chosen)


@bp.post("/runs/<uuid:run_id>/ask")
@allow("run.ask")
def ask_companies(run_id: uuid.UUID) -> AnyResponse:
    """Mail a question to the companies that want the module at that time."""
    session, actor = db_session(), current_actor()
    run = commitments.run_of(session, actor, run_id)
    asked = commitments.ask(session, settings(), actor, run, today())
    if asked.sent:
        text = ngettext("%(num)s Unternehmen ist angefragt.", "%(num)s Unternehmen sind angefragt.", len(asked.sent))
        tell(gettext("Die Antworten stehen hier, sobald sie da sind."), title=text)
    if asked.unreachable:
        names = ", ".join(asked.unreachable)
        text = gettext("Fragen Sie selbst und tragen Sie die Antwort ein: %(names)s.", names=names)
        tell(text, "wait", title=gettext("Ohne Konto, deshalb ohne Mail."))
    return redirect(_place(run), 303)


def _place(run: Run) -> str:
    return url_for(".runs", _anchor=f"run-{run.id}")


@bp.post("/runs/<uuid:run_id>/confirm")
@allow("run.edit")
def promise(run_id: uuid.UUID) -> AnyResponse:
    """Say that the run takes place; the companies hear it."""
    session, actor = db_session(), current_actor()
    run = commitments.run_of(session, actor, run_id)
    try:
        confirmed = replace(service.input_of(run), state=RunState.CONFIRMED)
        service.update(session, actor, run.module, run, confirmed, sent_version())
    except Stale:
        tell(
            gettext("Sehen Sie sich den Termin noch einmal an."), "wait", title=gettext("Er wurde inzwischen geändert.")
        )
        return redirect(_place(run), 303)
    text = gettext("Die Unternehmen, die zugesagt oder zu dieser Zeit Bedarf haben, bekommen eine Mail.")
    tell(text, title=gettext("Der Termin kommt zustande."))
    return redirect(_place(run), 303)


@bp.route("/runs/<uuid:run_id>/answers/<slug>", methods=["GET", "POST"])
@allow("run.ask")
def answer_for(run_id: uuid.UUID, slug: str) -> Page:
    """Write down what a company said on the phone or at a visit."""
    session, actor = db_session(), current_actor()
    run = commitments.run_of(session, actor, run_id)
    found = commitments.of_company(session, actor, run, slug)
    form = OnBehalfAnswerForm()
    form.offer(periods.choices(today(), found.period))
    if request.method != "POST":
        form.fill(found, commitments.wanted(session, found))
        return render_template("commitments/on_behalf.html", form=form, found=found)
    try:
        if not form.validate():
            return render_template("commitments/on_behalf.html", form=form, found=found), 422
        commitments.answer(session, actor, found, form.input(), today(), form.chosen_source())
    except Invalid as refused:
        attach(form, refused)
        return render_template("commitments/on_behalf.html", form=form, found=found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return render_template("commitments/on_behalf.html", form=form, found=stale.current), 409
    tell(gettext("Gespeichert."))
    return redirect(_place(run), 303)
