"""The runs of a module: table, add, edit, copy, cancel."""

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module, Run, Vocabulary
from catalogue.services import modules, vocabularies
from catalogue.services import runs as service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.runs import RunInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.steps import sent_version
from catalogue.web.filters import label
from catalogue.web.forms.curation import RunForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response


def _module(slug: str) -> Module:
    return modules.get(db_session(), current_actor(), slug)


@bp.get("/modules/<slug>/runs")
@allow("run.edit")
def runs(slug: str) -> str:
    """All runs of a module, past and cancelled ones too."""
    module = _module(slug)
    return render_template("curation/runs.html", module=module, runs=service.of_module(db_session(), module))


@bp.get("/modules/<slug>/runs/new")
@allow("run.edit")
def new_run(slug: str) -> Page:
    """An empty form, or with ``?from=<id>`` one like another run, without its dates."""
    module = _module(slug)
    form = RunForm(formdata=None)
    given = RunInput(starts_on=None, min_participants=module.min_participants, max_participants=module.max_participants)
    if source := request.args.get("from"):
        try:
            given = service.template_of(service.get(db_session(), module, uuid.UUID(source)))
        except ValueError as error:
            raise NotFound from error
    form.fill(given, 0)
    return _page(form, module, None)


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


@bp.post("/modules/<slug>/runs/<uuid:run_id>/cancel")
@allow("run.edit")
def cancel_run(slug: str, run_id: uuid.UUID) -> Page:
    """Mark a run as cancelled."""
    module = _module(slug)
    found = service.get(db_session(), module, run_id)
    service.cancel(db_session(), current_actor(), module, found, sent_version())
    flash(gettext("Abgesagt. Der Termin bleibt sichtbar und ist als abgesagt gekennzeichnet."), "ok")
    return redirect(url_for(".runs", slug=slug), 303)


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
    return redirect(url_for(".runs", slug=module.slug), 303)


def _page(form: RunForm, module: Module, found: Run | None, theirs: RunInput | None = None) -> str:
    regions = vocabularies.terms(db_session(), Vocabulary.REGION)
    form.offer([(term.code, label(term)) for term in regions])
    return render_template("curation/run.html", form=form, module=module, run=found, theirs=theirs)
