"""Creating and editing modules, and the page on which two edits meet."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Module, PendingVersion, WorkflowState
from catalogue.services import (
    confirmations,
    link_check,
    merges,
    missing_drafts,
    module_history,
    pending,
    programmes,
    providers,
    reviewers,
    terms,
    workflow,
)
from catalogue.services import modules as service
from catalogue.services.completeness import lacking, score
from catalogue.services.duplicates import Candidate
from catalogue.services.errors import Invalid, Stale
from catalogue.services.exchange import readiness
from catalogue.services.module_input import ModuleInput
from catalogue.web.auth import allow, current_actor
from catalogue.web.curation import roles
from catalogue.web.curation.blueprint import bp
from catalogue.web.curation.differences import clashes, differences
from catalogue.web.curation.duplicates import alike
from catalogue.web.forms.module import GROUPS, TERM_FIELDS, ModuleForm
from catalogue.web.forms.pending import EditForm, ScheduleForm
from catalogue.web.forms.refusals import attach
from catalogue.web.requests import db_session

Page = str | tuple[str, int] | Response


@bp.get("/modules/new")
@allow("module.edit")
def new() -> Page:
    """An empty form, with ``?from=<slug>`` one filled like another module, with ``?wish=`` or ``?gap=`` begun from what is missing."""
    form = ModuleForm(formdata=None)
    if begun := missing_drafts.begun(db_session(), current_actor(), _missing()):
        form.fill(begun, 0)
    elif source := request.args.get("from"):
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
    found = alike(form.input())
    if {one.module.slug for one in found} - set(request.form.get("seen", "").split()):
        return edit_page(form, None, alike=found)
    try:
        module = service.create(db_session(), current_actor(), form.input())
        missing_drafts.link(db_session(), current_actor(), _missing(), module)
    except Invalid as refused:
        attach(form, refused, **TERM_FIELDS)
        return edit_page(form, None), 422
    flash(gettext("Gespeichert. Das Modul ist ein Entwurf, nur das Netzwerkbüro sieht es."), "ok")
    return redirect(url_for(".edit", slug=module.slug), 303)


def _missing() -> missing_drafts.Source:
    """What the address says the module is made for."""
    return missing_drafts.Source(request.args.get("wish", ""), request.args.get("gap", "")[:200])


@bp.get("/modules/<slug>")
@allow("module.edit")
def edit(slug: str) -> Page:
    """The form with what is saved; beside a published module with what waits, if anything does."""
    module = service.get(db_session(), current_actor(), slug)
    return edit_page(edit_form(module), module)


def edit_form(module: Module, given: ModuleInput | None = None) -> EditForm:
    """Return the form filled with *given*, or with what an editor of *module* goes on from."""
    waiting = pending.find(db_session(), module) if module.is_public else None
    form = EditForm(formdata=None)
    form.fill(given or pending.shown(module, waiting), module.version)
    form.waiting.data = waiting.version if waiting else 0
    form.note.data = waiting.note if waiting else ""
    form.reviewer.data = str(waiting.reviewer_id or "") if waiting else ""
    return form


@bp.post("/modules/<slug>")
@allow("module.edit")
def update(slug: str) -> Page:
    """Save; if somebody else did so meanwhile, show both versions and keep what was typed."""
    module = service.get(db_session(), current_actor(), slug)
    form = EditForm()
    if not form.validate():
        return edit_page(form, module), 422
    try:
        waits = _save(module, form)
    except Invalid as refused:
        attach(form, refused, **TERM_FIELDS)
        return edit_page(form, module), 422
    except Stale as stale:
        return _conflict_page(form, module, stale)
    return redirect(url_for(".waiting" if waits else ".edit", slug=slug), 303)


def _save(module: Module, form: EditForm) -> bool:
    """Save where the form says; return whether something waits now."""
    session, actor = db_session(), current_actor()
    if module.state != WorkflowState.PUBLISHED:
        service.update(session, actor, module, form.input(), form.version.data)
        flash(gettext("Das Modul ist gespeichert."), "ok")
        return False
    if form.now:
        pending.publish_now(session, actor, module, form.input(), form.read)
        flash(gettext("Das Modul ist gespeichert. Die Änderung steht im Katalog."), "ok")
        return False
    reviewer = reviewers.find(session, actor, form.reviewer.data or "")
    saved = pending.save(session, actor, module, form.input(), form.read, form.note.data or "", reviewer)
    _tell(saved)
    return saved.waiting is not None


def _tell(saved: pending.Saved) -> None:
    if saved.waiting is None and not saved.live:
        flash(gettext("Nichts ist anders als im Katalog."), "info")
    elif saved.waiting is None:
        flash(gettext("Das Modul ist gespeichert. Die Änderung steht im Katalog."), "ok")
    elif saved.live:
        flash(gettext("Kosten, Ort, Quelle und Stand gelten sofort. Alles andere wartet auf Prüfung."), "ok")
    else:
        flash(gettext("Die Änderung wartet auf Prüfung. Im Katalog steht weiter die bisherige Fassung."), "ok")


def edit_page(form: ModuleForm, module: Module | None, **more: object) -> str:
    """Return the form with everything it offers; *module* is None for a new one."""
    session, actor = db_session(), current_actor()
    form.offer(
        terms.offered(session),
        [(counted.provider.slug, counted.provider.name) for counted in providers.listing(session)],
        [(counted.programme.slug, counted.programme.name) for counted in programmes.listing(session)],
    )
    staff = reviewers.offered(session, actor) if module else []
    waiting = pending.find(session, module) if module else None
    doubled = clashes(pending.compared(module, waiting).clashes) if module and waiting else []
    if isinstance(form, EditForm):
        form.offer_reviewers(staff)
    return render_template(
        "curation/edit.html",
        form=form,
        module=module,
        groups=GROUPS,
        steps=workflow.steps(actor, module) if module else [],
        missing=lacking(module) if module else [],
        score=score(module) if module else None,
        standings=readiness.of_modules(session, actor, [module.id])[module.id] if module else [],
        question=confirmations.latest(session, actor, [module]).get(module.id) if module else None,
        waiting=waiting,
        doubled=doubled,
        small=pending.SMALL if module and module.is_public else (),
        staff=staff,
        broken=link_check.failures_of(session, actor, module) if module else [],
        roles=roles.ROLES,
        matrix=roles.matrix(),
        merged_here=merges.into(session, actor, module) if module else [],
        **{"schedule": _schedule_form(module), "alike": _alike(module), **more},
    )


def _alike(module: Module | None) -> list[Candidate]:
    """Return what may be the same offer as a module that is at work."""
    return alike(service.input_of(module), module) if module and module.state != WorkflowState.ARCHIVED else []


def _schedule_form(module: Module | None) -> ScheduleForm:
    return ScheduleForm(formdata=None, obj=module)


def _conflict_page(form: EditForm, module: Module, stale: Stale) -> tuple[str, int]:
    waiting = pending.find(db_session(), module)
    form.version.renew(module.version)
    form.waiting.renew(waiting.version if waiting and module.is_public else 0)
    theirs = pending.shown(module, waiting) if isinstance(stale.current, PendingVersion) else service.input_of(module)
    conflict = differences(module_history.compare(module_history.plain(theirs), module_history.plain(stale.mine)))
    latest = module_history.latest(db_session(), module)
    return edit_page(form, module, conflict=conflict, latest=latest), 409
