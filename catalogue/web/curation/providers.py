"""Providers and programmes: lists and forms."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Programme, Provider, Vocabulary
from catalogue.services import programmes as programme_service
from catalogue.services import providers as provider_service
from catalogue.services import vocabularies
from catalogue.services.errors import Invalid, Stale
from catalogue.services.programmes import ProgrammeInput
from catalogue.services.providers import ProviderInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.filters import label
from catalogue.web.forms.curation import ProgrammeForm, ProviderForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response


@bp.get("/providers")
@allow("provider.edit")
def providers() -> str:
    """All providers and programmes with the number of their modules."""
    return render_template(
        "curation/providers.html",
        providers=provider_service.listing(db_session()),
        programmes=programme_service.listing(db_session()),
    )


@bp.get("/providers/new")
@allow("provider.edit")
def new_provider() -> Page:
    """An empty form."""
    form = ProviderForm(formdata=None)
    form.fill(ProviderInput(name=""), 0)
    return _provider_page(form, None)


@bp.post("/providers/new")
@allow("provider.edit")
def create_provider() -> Page:
    """Add a provider."""
    return _save_provider(ProviderForm(), None)


@bp.get("/providers/<slug>")
@allow("provider.edit")
def provider(slug: str) -> Page:
    """The form with what is saved."""
    found = provider_service.get(db_session(), slug)
    form = ProviderForm(formdata=None)
    form.fill(provider_service.input_of(found), found.version)
    return _provider_page(form, found)


@bp.post("/providers/<slug>")
@allow("provider.edit")
def update_provider(slug: str) -> Page:
    """Save a provider."""
    return _save_provider(ProviderForm(), provider_service.get(db_session(), slug))


def _save_provider(form: ProviderForm, found: Provider | None) -> Page:
    if not form.validate():
        return _provider_page(form, found), 422
    try:
        if found is None:
            provider_service.create(db_session(), current_actor(), form.input())
        else:
            provider_service.update(db_session(), current_actor(), found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _provider_page(form, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _provider_page(form, stale.current, provider_service.input_of(stale.current)), 409
    flash(gettext("Der Anbieter ist gespeichert."), "ok")
    return redirect(url_for(".providers"), 303)


def _provider_page(form: ProviderForm, found: Provider | None, theirs: ProviderInput | None = None) -> str:
    form.offer([(term.code, label(term)) for term in vocabularies.terms(db_session(), Vocabulary.REGION)])
    return render_template("curation/provider.html", form=form, provider=found, theirs=theirs)


@bp.get("/programmes/new")
@allow("provider.edit")
def new_programme() -> Page:
    """An empty form."""
    form = ProgrammeForm(formdata=None)
    form.fill(ProgrammeInput(name=""), 0)
    return _programme_page(form, None)


@bp.post("/programmes/new")
@allow("provider.edit")
def create_programme() -> Page:
    """Add a programme."""
    return _save_programme(ProgrammeForm(), None)


@bp.get("/programmes/<slug>")
@allow("provider.edit")
def programme(slug: str) -> Page:
    """The form with what is saved."""
    found = programme_service.get(db_session(), slug)
    form = ProgrammeForm(formdata=None)
    form.fill(programme_service.input_of(found), found.version)
    return _programme_page(form, found)


@bp.post("/programmes/<slug>")
@allow("provider.edit")
def update_programme(slug: str) -> Page:
    """Save a programme."""
    return _save_programme(ProgrammeForm(), programme_service.get(db_session(), slug))


def _save_programme(form: ProgrammeForm, found: Programme | None) -> Page:
    if not form.validate():
        return _programme_page(form, found), 422
    try:
        if found is None:
            programme_service.create(db_session(), current_actor(), form.input())
        else:
            programme_service.update(db_session(), current_actor(), found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _programme_page(form, found), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _programme_page(form, stale.current, programme_service.input_of(stale.current)), 409
    flash(gettext("Das Programm ist gespeichert."), "ok")
    return redirect(url_for(".providers"), 303)


def _programme_page(form: ProgrammeForm, found: Programme | None, theirs: ProgrammeInput | None = None) -> str:
    form.offer()
    return render_template("curation/programme.html", form=form, programme=found, theirs=theirs)
