"""The runs of one module and of all: table, add, edit, copy, cancel, download."""

import uuid

from flask import Response as Download
from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module, Run, RunState, Vocabulary
from catalogue.services import modules, providers, run_listing, run_table, thing_history, vocabularies
from catalogue.services import runs as service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.runs import RunInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.changes import ShownEntry, shown
from catalogue.web.downloads import download
from catalogue.web.facts import run_text, today
from catalogue.web.filters import label
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.runs import CancelForm, RunForm
from catalogue.web.languages import local_path, show
from catalogue.web.requests import db_session
from catalogue.web.run_queries import WHEN, staff_query

Page = str | tuple[str, int] | Response
MOST_WEEKS = 520


@bp.get("/runs")
@allow("run.edit")
def all_runs() -> str:
    """The runs of all modules, filtered and sorted by the address."""
    session, actor = db_session(), current_actor()
    asked = staff_query(request.args, today())
    regions = [(term.code, label(term)) for term in vocabularies.terms(session, Vocabulary.REGION)]
    topics = [(term.code, label(term)) for term in vocabularies.terms(session, Vocabulary.TOPIC)]
    return render_template(
        "curation/all_runs.html",
        page=run_listing.listing(session, actor, asked.query),
        asked=asked,
        when=WHEN,
        states=[(state.value, label(state)) for state in RunState],
        regions=regions,
        topics=topics,
        providers=[(counted.provider.slug, counted.provider.name) for counted in providers.listing(session)],
    )


@bp.get("/runs.<any(csv, xlsx):name>")
@allow("run.edit")
def export_runs(name: str) -> Download:
    """Exactly the list that the same address shows, all pages of it, with seats and remarks."""
    query = staff_query(request.args, today()).query
    found = run_listing.listing(db_session(), current_actor(), query, everything=True)
    return download(run_table.staff_table(found.runs, current_app.extensions["settings"].base_url), name)


def _module(slug: str) -> Module:
    return modules.get(db_session(), current_actor(), slug)


def _back(slug: str) -> str:
    """Where the person came from, else the runs of the module."""
    return local_path(request.args.get("back"), url_for(".runs", slug=slug))


def _history(listed: list[Run]) -> list[ShownEntry]:
    entries = thing_history.entries(db_session(), current_actor(), "run.edit", [run.id for run in listed])
    regions = vocabularies.by_code(db_session(), Vocabulary.REGION)
    things = {str(run.id): run_text(run) for run in listed}
    return shown(entries, RunForm(formdata=None), {code: label(term) for code, term in regions.items()}, things)


@bp.get("/modules/<slug>/runs")
@allow("run.edit")
def runs(slug: str) -> str:
    """All runs of a module, past and cancelled ones too, and what was done with them."""
    module = _module(slug)
    found = service.of_module(db_session(), module)
    return render_template("curation/runs.html", module=module, runs=found, history=_history(found))


@bp.get("/modules/<slug>/runs/new")
@allow("run.edit")
def new_run(slug: str) -> Page:
    """A form: with ``?period=&region=&place=`` begun from a suggestion, with ``?from=<id>`` from another run, ``weeks`` later."""
    module = _module(slug)
    form = RunForm(formdata=None)
    given = service.proposal(module, today(), *(request.args.get(name, "") for name in ("period", "region", "place")))
    if not (source := request.args.get("from")):
        form.fill(given, 0)
        return _page(form, module, None)
    try:
        original = service.get(db_session(), module, uuid.UUID(source))
    except ValueError as error:
        raise NotFound from error
    asked = request.args.get("weeks", type=int)
    weeks = asked if asked is not None and 0 <= asked <= MOST_WEEKS else service.weeks_until(original, today())
    form.fill(service.copy_of(original, weeks), 0)
    return _page(form, module, None, copied=(original, weeks))


@bp.post("/modules/<slug>/runs/new")
@allow("run.edit")
def add_run(slug: str) -> Page:
    """Add a run."""
    return _save(RunForm(), _module(slug), None)


@bp.get("/modules/<slug>/runs/<uuid:run_id>")
@allow("run.edit")
def run(slug: str, run_id: uuid.UUID) -> Page:
    """The form with what is saved."""
    module = _module(slug)
    found = service.get(db_session(), module, run_id)
    form = RunForm(formdata=None)
    form.fill(service.input_of(found), found.version)
    return _page(form, module, found)


@bp.post("/modules/<slug>/runs/<uuid:run_id>")
@allow("run.edit")
def update_run(slug: str, run_id: uuid.UUID) -> Page:
    """Save a run."""
    module = _module(slug)
    return _save(RunForm(), module, service.get(db_session(), module, run_id))


@bp.get("/modules/<slug>/runs/<uuid:run_id>/cancel")
@allow("run.edit")
def ask_cancel(slug: str, run_id: uuid.UUID) -> Page:
    """Ask why a run is cancelled."""
    module = _module(slug)
    found = service.get(db_session(), module, run_id)
    form = CancelForm(formdata=None)
    form.version.data = found.version
    return _cancel_page(form, module, found)


@bp.post("/modules/<slug>/runs/<uuid:run_id>/cancel")
@allow("run.edit")
def cancel_run(slug: str, run_id: uuid.UUID) -> Page:
    """Mark a run as cancelled, with the reason."""
    module = _module(slug)
    found = service.get(db_session(), module, run_id)
    form = CancelForm()
    if not form.validate():
        return _cancel_page(form, module, found), 422
    reason = form.cancel_reason.data or ""
    try:
        service.cancel(db_session(), current_actor(), module, found, reason, form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _cancel_page(form, module, found), 422
    except Stale as stale:
        form.version.renew(stale.current.version)
        return _cancel_page(form, module, stale.current, service.input_of(stale.current)), 409
    flash(gettext("Abgesagt. Der Termin bleibt sichtbar und ist als abgesagt gekennzeichnet."), "ok")
    return redirect(_back(slug), 303)


def _cancel_page(form: CancelForm, module: Module, found: Run, theirs: RunInput | None = None) -> str:
    back = _back(module.slug)
    return render_template("curation/cancel_run.html", form=form, module=module, run=found, back=back, theirs=theirs)


def _save(form: RunForm, module: Module, found: Run | None) -> Page:
    if not form.validate():
        return _page(form, module, found), 422
    try:
        if found is None:
            service.add(db_session(), current_actor(), module, form.input())
        else:
            service.update(db_session(), current_actor(), module, found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, module, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, module, stale.current, service.input_of(stale.current)), 409
    flash(gettext("Der Termin ist gespeichert."), "ok")
    return redirect(_back(module.slug), 303)


def _page(
    form: RunForm,
    module: Module,
    found: Run | None,
    theirs: RunInput | None = None,
    copied: tuple[Run, int] | None = None,
) -> str:
    regions = vocabularies.terms(db_session(), Vocabulary.REGION)
    form.offer([(term.code, label(term)) for term in regions])
    return render_template(
        "curation/run.html",
        form=form,
        module=module,
        run=found,
        theirs=theirs,
        copied=copied,
        back=_back(module.slug),
        history=_history([found]) if found else [],
    )
