"""Importing surveys: template, upload, preview, applying, undoing."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import DemandImport
from catalogue.services import audit, companies, demand_imports, demand_template
from catalogue.services.demand_lists import AnswerKind
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.exports import MEDIA_TYPES, Format
from catalogue.services.spreadsheets import open_sheet
from catalogue.web.auth import allow, current_actor
from catalogue.web.demand import format_names
from catalogue.web.facts import today
from catalogue.web.forms.demand_imports import SurveyForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show as shown
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import database, db_session

bp = Blueprint("demand_imports", __name__, url_prefix="/curation/demand-imports")
Page = str | tuple[str, int] | Response
KINDS = (AnswerKind.CONFLICT, AnswerKind.WRONG, AnswerKind.CHANGED, AnswerKind.NEW, AnswerKind.UNCHANGED)
ON_PAGE = 200  # rows of one kind; all of them are written


@bp.get("")
@allow("demand.on_behalf")
def index() -> Page:
    """The form for a survey, and the surveys so far."""
    form = SurveyForm(formdata=None)
    form.source_date.data = today()
    return _index(form)


def _index(form: SurveyForm) -> str:
    runs = demand_imports.listing(db_session(), current_actor())
    return render_template("demand_imports/index.html", form=form, runs=runs, most=demand_imports.MOST)


@bp.get("/template.xlsx")
@allow("demand.on_behalf")
@limiter.limit(EXPORT)
def template() -> Response:
    """Send the workbook to fill in, for one company if the address names it."""
    session, actor, slug = db_session(), current_actor(), request.args.get("company", "")
    company = companies.get(session, actor, slug) if slug else None
    content = demand_template.workbook(session, actor, company)
    with database().write() as recording:
        audit.record(recording, actor, "demand.template", label=company.name if company else "")
    response = Response(content, content_type=MEDIA_TYPES[Format.XLSX])
    name = f"umfrage-{company.slug}" if company else "umfrage"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{today().isoformat()}.xlsx"'
    return response


@bp.post("")
@allow("demand.on_behalf")
def upload() -> Page:
    """Take a file that can be read safely; keep nothing of any other."""
    form = SurveyForm()
    given, valid = form.file.data, form.validate()
    if not given or not given.filename:
        form.file.errors = [gettext("Wählen Sie eine Datei aus.")]
        return _index(form), 422
    if not valid:
        return _index(form), 422
    try:
        sheet = open_sheet(given.filename, given.read())
        run = demand_imports.upload(db_session(), current_actor(), given.filename, sheet, form.source_date.data)
    except Invalid as refused:
        attach(form, refused)
        return _index(form), 422
    return redirect(url_for(".show", demand_import_id=run.id), 303)


def _run(demand_import_id: uuid.UUID) -> DemandImport:
    return demand_imports.get(db_session(), current_actor(), demand_import_id)


@bp.get("/<uuid:demand_import_id>")
@allow("demand.on_behalf")
def show(demand_import_id: uuid.UUID) -> Page:
    """What the survey would change, or what became of it."""
    run = _run(demand_import_id)
    plan = None if run.applied_at else demand_imports.plan_of(db_session(), current_actor(), run)
    return render_template(
        "demand_imports/show.html", run=run, plan=plan, kinds=KINDS, most=ON_PAGE, formats=format_names()
    )


@bp.post("/<uuid:demand_import_id>/apply")
@allow("demand.on_behalf")
def apply(demand_import_id: uuid.UUID) -> Page:
    """Write everything that was shown, or nothing."""
    run = _run(demand_import_id)
    here = url_for(".show", demand_import_id=run.id)
    replace = {key for key in request.form.getlist("row") if request.form.get(f"row-{key}") == "replace"}
    try:
        fingerprint = request.form.get("fingerprint", "")
        number = demand_imports.apply(db_session(), current_actor(), run, fingerprint, replace)
    except Conflict as refused:
        db_session().rollback()
        flash(shown(refused.text), "error")
        return redirect(here, 303)
    done = ngettext("Eine Angabe ist übernommen.", "%(num)s Angaben sind übernommen.", number)
    tell(done, undo=url_for(".undo", demand_import_id=run.id))
    return redirect(here, 303)


@bp.post("/<uuid:demand_import_id>/undo")
@allow("demand.on_behalf")
def undo(demand_import_id: uuid.UUID) -> Page:
    """Take back what the survey changed."""
    demand_imports.undo(db_session(), current_actor(), _run(demand_import_id))
    flash(gettext("Der Import ist rückgängig gemacht."), "ok")
    return redirect(url_for(".show", demand_import_id=demand_import_id), 303)


@bp.post("/<uuid:demand_import_id>/discard")
@allow("demand.on_behalf")
def discard(demand_import_id: uuid.UUID) -> Page:
    """Forget the survey."""
    demand_imports.discard(db_session(), current_actor(), _run(demand_import_id))
    flash(gettext("Die Liste ist verworfen. Am Bedarf hat sich nichts geändert."), "ok")
    return redirect(url_for(".index"), 303)
