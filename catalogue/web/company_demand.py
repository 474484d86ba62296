"""What one company said, for network staff: all records with their source, many marks in one go, history, withdrawal."""

import uuid
from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import Company, Demand, DemandSource, Module
from catalogue.search.results import Query
from catalogue.services import (
    audit,
    companies,
    company_demand,
    demand,
    demand_choices,
    demand_history,
    demand_rules,
    periods,
    redirects,
    search,
    worklist,
)  # fmt: skip
from catalogue.services.company_demand import Show, Summary
from catalogue.services.demand_rules import DemandInput
from catalogue.services.errors import Invalid, Stale
from catalogue.web import work_source
from catalogue.web.auth import allow, current_actor
from catalogue.web.demand import format_names
from catalogue.web.facts import today
from catalogue.web.forms.company_demand import MarkRow, SourceForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path, show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.numbers import page_number
from catalogue.web.requests import database, db_session

bp = Blueprint("company_demand", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)
FOUND = 15  # modules that can be marked at once
Page = str | tuple[str, int] | Response


@dataclass(frozen=True)
class Line:
    """One module that can be marked: its form, and what the company says about it now."""

    module: Module
    form: MarkRow
    said: Demand | None


def _company(company_slug: str) -> Company:
    return companies.get(db_session(), current_actor(), company_slug)


@bp.get("/companies/<company_slug>/demand")
@allow("demand.see_others")
def index(company_slug: str) -> Page:
    """Everything that the company said; words of a search give modules to mark. That one looked is recorded."""
    company = _company(company_slug)
    with database().write() as recording:
        company_demand.seen(recording, current_actor(), company)
    return _page(company, _found(company), SourceForm(formdata=None))


def _page(company: Company, lines: list[Line], source_form: SourceForm) -> str:
    session, actor, kept = db_session(), current_actor(), work_source.kept()
    wanted = Show(request.args["show"]) if request.args.get("show") in set(Show) else Show.CURRENT
    if not source_form.is_submitted() or not source_form.errors:
        source_form.source.data = kept.source.value if kept else DemandSource.CALL.value
        source_form.source_date.data = kept.day if kept else today()
    return render_template(
        "company_demand/index.html",
        company=company,
        records=company_demand.records(session, actor, company, wanted, page_number()),
        summary=company_demand.summaries(session, actor, [company.id]).get(company.id, Summary()),
        shown=wanted,
        shows=Show,
        work=kept,
        source_form=source_form,
        lines=lines,
        text=_text(),
        needs_confirmation=demand.needs_confirmation,
        form=next((line.form for line in lines if line.form.errors), source_form),
    )


def _text() -> str:
    return " ".join(request.values.get("q", "").split())[:200]


def _found(company: Company) -> list[Line]:
    """The modules that the words find, or those that an address names."""
    if not _text():
        return []
    query = Query(text=_text(), per_page=FOUND)
    page = search.find(db_session(), current_actor(), current_app.extensions["search"], query)
    return _lines(company, [hit.module for hit in page.hits], filled=False)


def _lines(company: Company, found: list[Module], *, filled: bool) -> list[Line]:
    said = company_demand.about(db_session(), current_actor(), company, [module.id for module in found])
    lines = []
    for module in found:
        now = said.get(module.id)
        form = MarkRow(formdata=request.form if filled else None, prefix=module.slug)
        form.offer(periods.choices(today(), (now.period if now else "")))
        if not filled:
            form.fill(demand_rules.input_of(now) if now else None)
        lines.append(Line(module, form, now))
    return lines


@bp.post("/companies/<company_slug>/demand/source")
@allow("demand.on_behalf")
def source(company_slug: str) -> Page:
    """Choose once where all that is entered next is known from."""
    company, form = _company(company_slug), SourceForm()
    try:
        if form.validate():
            work_source.keep(form.on_behalf())
            return redirect(url_for(".index", company_slug=company.slug, q=_text() or None) + "#eintragen", 303)
    except Invalid as refused:
        attach(form, refused)
    return _page(company, [], form), 422


@bp.post("/companies/<company_slug>/demand")
@allow("demand.on_behalf")
def enter(company_slug: str) -> Page:
    """Save all rows that say something, or nothing."""
    company, kept = _company(company_slug), work_source.kept()
    if kept is None:
        tell(gettext("Wählen Sie zuerst, woher Sie das wissen."), "error")
        return redirect(url_for(".index", company_slug=company.slug, q=_text() or None) + "#eintragen", 303)
    found = demand_choices.named(db_session(), current_actor(), request.form.getlist("module")[: FOUND * 2])
    lines = _lines(company, found, filled=True)
    if [line for line in lines if not line.form.validate()]:
        return _page(company, lines, SourceForm(formdata=None)), 422
    said = [(line, given) for line in lines if (given := line.form.input()) is not None]
    number = 0
    for line, given in said:
        try:
            number += _enter(company, kept, line, given)
        except (Invalid, Stale) as refused:
            _explain(line, refused)
            db_session().rollback()
            company = _company(company_slug)
            return _page(company, lines, SourceForm(formdata=None)), 409 if isinstance(refused, Stale) else 422
    text = ngettext("Eine Angabe ist eingetragen.", "%(num)s Angaben sind eingetragen.", number)
    tell(text if number else gettext("Alle Zeilen sagen, was schon gespeichert ist."), "ok" if number else "info")
    return redirect(url_for(".index", company_slug=company.slug) + "#eintragen", 303)


def _enter(company: Company, kept: work_source.WorkSource, line: Line, given: DemandInput) -> int:
    on_behalf = kept.on_behalf(company.slug)
    return len(company_demand.enter(db_session(), current_actor(), company, on_behalf, [(line.module, given)]))


def _explain(line: Line, refused: Invalid | Stale) -> None:
    if isinstance(refused, Invalid):
        return attach(line.form, refused)
    line.form.form_errors = [show(refused.text)]
    line.form.version.raw_data = None
    line.form.version.data = line.said.version if line.said else 0
    return None


@bp.post("/companies/<company_slug>/demand/<slug>/withdraw")
@allow("demand.on_behalf")
def withdraw(company_slug: str, slug: str) -> Page:
    """Take back one record, because the company said so."""
    company, kept = _company(company_slug), work_source.kept()
    back = url_for(".index", company_slug=company.slug)
    if kept is None:
        tell(gettext("Wählen Sie zuerst, woher Sie das wissen."), "error")
        return redirect(back + "#eintragen", 303)
    module = demand_history.module_of(db_session(), slug)
    version = request.form.get("version", type=int)
    gone = demand.withdraw(db_session(), current_actor(), module, kept.on_behalf(company.slug), version)
    audit.record(db_session(), current_actor(), "demand.on_behalf", gone, label=module.title, source=gone.source.value)
    undo_url = url_for(".undo", company_slug=company.slug, slug=slug, version=gone.version)
    tell(gettext("„%(title)s“ zählt nicht mehr.", title=module.title), title=gettext("Zurückgezogen."), undo=undo_url)
    return redirect(local_path(request.form.get("next"), back), 303)


@bp.post("/companies/<company_slug>/demand/<slug>/undo")
@allow("demand.on_behalf")
def undo(company_slug: str, slug: str) -> Page:
    """Take the last change of one record back."""
    company = _company(company_slug)
    module = demand_history.module_of(db_session(), slug)
    version = request.args.get("version", type=int)
    back = demand.undo(db_session(), current_actor(), module, version, company=company.slug)
    audit.record(db_session(), current_actor(), "demand.on_behalf", back, label=module.title, source=back.source.value)
    tell(gettext("Rückgängig gemacht."))
    return redirect(url_for(".index", company_slug=company.slug), 303)


@bp.get("/companies/<company_slug>/demand/<slug>/history")
@allow("demand.see_others")
def history(company_slug: str, slug: str) -> Page:
    """Who said what when about one module. That one looked is recorded."""
    company = _company(company_slug)
    module = demand_history.module_of(db_session(), slug)
    entries = demand_history.of_company(db_session(), current_actor(), company, module)
    with database().write() as recording:
        company_demand.seen(recording, current_actor(), company)
    return render_template(
        "company_demand/history.html",
        company=company, module=module, entries=entries, formats=format_names(), former=redirects.former(db_session(), module),
    )  # fmt: skip


@bp.get("/curation/demand/refused")
@allow("demand.see_others")
def refused() -> Page:
    """What companies did not take over, with their reasons."""
    session, actor = db_session(), current_actor()
    found = company_demand.refused(session, actor)
    return render_template("company_demand/refused.html", records=found, counts=worklist.counts(session, actor))


@bp.post("/curation/demand/refused/<uuid:demand_id>/read")
@allow("demand.on_behalf")
def read_refusal(demand_id: uuid.UUID) -> Page:
    """Somebody of the staff read the reason."""
    company_demand.mark_read(db_session(), current_actor(), demand_id)
    return redirect(url_for(".refused"), 303)
