"""Measures: list, create, edit, publish."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.db import Session
from catalogue.models import Measure
from catalogue.services import measure_paths, module_listing, programmes, thing_history, workflow
from catalogue.services import measures as service
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.measures import MeasureInput
from catalogue.services.module_listing import ListingQuery
from catalogue.services.permissions import Actor
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.changes import ShownEntry, shown
from catalogue.web.curation.steps import sent_version
from catalogue.web.forms.measures import MeasureForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response


@bp.get("/measures")
@allow("measure.edit")
def measures() -> str:
    """All measures with their state and derived duration."""
    found = service.listing(db_session(), current_actor())
    return render_template("curation/measures.html", measures=found, total=measure_paths.total)


@bp.get("/measures/new")
@allow("measure.edit")
def new_measure() -> Page:
    """An empty form."""
    form = MeasureForm(formdata=None)
    form.fill(MeasureInput(title=""), 0)
    return _page(form, None)


@bp.post("/measures/new")
@allow("measure.edit")
def create_measure() -> Page:
    """Make a draft."""
    return _save(MeasureForm(), None)


@bp.get("/measures/<slug>")
@allow("measure.edit")
def measure(slug: str) -> Page:
    """The form with what is saved."""
    found = service.get(db_session(), current_actor(), slug)
    form = MeasureForm(formdata=None)
    form.fill(service.input_of(found), found.version)
    return _page(form, found)


@bp.post("/measures/<slug>")
@allow("measure.edit")
def update_measure(slug: str) -> Page:
    """Save a measure."""
    return _save(MeasureForm(), service.get(db_session(), current_actor(), slug))


@bp.post("/measures/<slug>/steps/<name>")
@allow("measure.edit")
def take_measure(slug: str, name: str) -> Page:
    """Publish, withdraw, archive or reopen a measure."""
    found = service.get(db_session(), current_actor(), slug)
    if name not in service.STEPS:
        raise NotFound
    try:
        service.step(db_session(), current_actor(), found, name, sent_version())
    except Invalid as refused:
        form = MeasureForm(formdata=None)
        form.fill(service.input_of(found), found.version)
        attach(form, refused)
        return _page(form, found), 422
    flash(gettext("Gespeichert: %(step)s.", step=show(workflow.STEPS[name].label)), "ok")
    return redirect(url_for(".measure", slug=slug), 303)


@bp.post("/measures/<slug>/arrange")
@allow("measure.edit")
def arrange_measure(slug: str) -> Page:
    """Bring the modules into an order that keeps to their prerequisites."""
    found = service.get(db_session(), current_actor(), slug)
    service.arrange(db_session(), current_actor(), found, sent_version())
    flash(gettext("Die Module stehen jetzt nach ihren Voraussetzungen geordnet."), "ok")
    return redirect(url_for(".measure", slug=slug), 303)


def _save(form: MeasureForm, found: Measure | None) -> Page:
    if not form.validate():
        return _page(form, found), 422
    try:
        if found is None:
            found = service.create(db_session(), current_actor(), form.input())
        else:
            service.update(db_session(), current_actor(), found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _page(form, stale.current, service.input_of(stale.current)), 409
    flash(gettext("Die Maßnahme ist gespeichert."), "ok")
    return redirect(url_for(".measure", slug=found.slug), 303)


def _page(form: MeasureForm, found: Measure | None, theirs: MeasureInput | None = None) -> str:
    session, actor = db_session(), current_actor()
    modules = module_listing.listing(session, actor, ListingQuery(sort="title"), everything=True).modules
    form.offer(
        [(counted.programme.slug, counted.programme.name) for counted in programmes.listing(session)],
        [(module.slug, module.title) for module in modules],
    )
    return render_template(
        "curation/measure.html",
        form=form,
        measure=found,
        theirs=theirs,
        steps=service.steps(actor, found) if found else [],
        total=measure_paths.total(found.parts) if found else None,
        misplaced=_misplaced(found) if found else [],
        history=_history(session, actor, found, form) if found else [],
    )


def _misplaced(found: Measure) -> list[tuple[str, int, str, int]]:
    """What stands before what it needs: title and place of the module, title and place of its prerequisite."""
    known = {part.module.slug: (part.module.title, number) for number, part in enumerate(found.parts, start=1)}
    return [(*known[slug], *known[needed]) for slug, needed in service.misplaced(service.input_of(found))]


def _history(session: Session, actor: Actor, found: Measure, form: MeasureForm) -> list[ShownEntry]:
    titles = {slug: title for slug, title in form.parts[0].form.module.choices if slug} if form.parts else {}
    return shown(thing_history.entries(session, actor, "measure.edit", [found.id]), form, titles)
