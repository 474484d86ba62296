"""Creating and editing modules, and the page on which two edits meet."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module
from catalogue.services import module_history, programmes, providers, terms, workflow
from catalogue.services import modules as service
from catalogue.services.completeness import lacking
from catalogue.services.errors import Invalid, Stale
from catalogue.services.module_input import ModuleInput
from catalogue.services.permissions import TABLE, Who
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import differences
from catalogue.web.forms.module import GROUPS, TERM_FIELDS, ModuleForm
from catalogue.web.forms.refusals import attach
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response


@bp.get("/modules/new")
@allow("module.edit")
def new() -> Page:
    """An empty form, or with ``?from=<slug>`` one filled like another module."""
    form = ModuleForm(formdata=None)
    if source := request.args.get("from"):
        copied = service.input_of(service.get(db_session(), current_actor(), source))
        form.fill(copied, 0)
        form.code.data = ""
    else:
        form.fill(ModuleInput(title="", languages=("de",)), 0)
    return edit_page(form, None)


@bp.post("/modules/new")
@allow("module.edit")
def create() -> Page:
    """Make a draft."""
    form = ModuleForm()
    if not form.validate():
        return edit_page(form, None), 422
    try:
        module = service.create(db_session(), current_actor(), form.input())
    except Invalid as refused:
        attach(form, refused, **TERM_FIELDS)
        return edit_page(form, None), 422
    flash(gettext("Gespeichert. Das Modul ist ein Entwurf, nur das Netzwerkbüro sieht es."), "ok")
    return redirect(url_for(".edit", slug=module.slug), 303)


@bp.get("/modules/<slug>")
@allow("module.edit")
def edit(slug: str) -> Page:
    """The form with what is saved."""
    module = service.get(db_session(), current_actor(), slug)
    form = ModuleForm(formdata=None)
    form.fill(service.input_of(module), module.version)
    return edit_page(form, module)


@bp.post("/modules/<slug>")
@allow("module.edit")
def update(slug: str) -> Page:
    """Save; if somebody else did so meanwhile, show both versions and keep what was typed."""
    module = service.get(db_session(), current_actor(), slug)
    form = ModuleForm()
    if not form.validate():
        return edit_page(form, module), 422
    try:
        service.update(db_session(), current_actor(), module, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused, **TERM_FIELDS)
        return edit_page(form, module), 422
    except Stale as stale:
        return _conflict_page(form, stale)
    flash(gettext("Das Modul ist gespeichert."), "ok")
    return redirect(url_for(".edit", slug=slug), 303)


def edit_page(form: ModuleForm, module: Module | None, **more: object) -> str:
    """Return the form with everything it offers; *module* is None for a new one."""
    session, actor = db_session(), current_actor()
    form.offer(
        terms.offered(session),
        [(counted.provider.slug, counted.provider.name) for counted in providers.listing(session)],
        [(counted.programme.slug, counted.programme.name) for counted in programmes.listing(session)],
    )
    return render_template(
        "curation/edit.html",
        form=form,
        module=module,
        groups=GROUPS,
        steps=workflow.steps(actor, module) if module else [],
        missing=lacking(module) if module else [],
        all_steps=workflow.STEPS.values(),
        may_staff=lambda verb: Who.CURATOR in TABLE[verb],
        may_companies=lambda verb: bool({Who.MEMBER, Who.OWN_MEMBER, Who.OWN_ADMIN} & TABLE[verb]),
        **more,
    )


def _conflict_page(form: ModuleForm, stale: Stale) -> tuple[str, int]:
    module: Module = stale.current
    form.version.renew(module.version)
    theirs = module_history.plain(service.input_of(module))
    mine = module_history.plain(stale.mine)
    conflict = differences(module_history.compare(theirs, mine))
    latest = module_history.latest(db_session(), module)
    return edit_page(form, module, conflict=conflict, latest=latest), 409
