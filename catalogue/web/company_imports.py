"""Importing lists of companies: upload, preview, applying, undoing."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import CompanyImport, RowKind
from catalogue.services import company_imports
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.spreadsheets import open_sheet
from catalogue.web.auth import allow, current_actor
from catalogue.web.forms.companies import CompanyListForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show as shown
from catalogue.web.notices import tell
from catalogue.web.reauthentication import confirmed
from catalogue.web.requests import db_session

bp = Blueprint("company_imports", __name__, url_prefix="/admin/company-imports")
Page = str | tuple[str, int] | Response
KINDS = (RowKind.NEW, RowKind.CHANGED, RowKind.WRONG, RowKind.UNCHANGED)


@bp.get("")
@allow("company.create")
def index() -> Page:
    """The form for a list, and the imports so far."""
    return _index(CompanyListForm(formdata=None))


def _index(form: CompanyListForm) -> str:
    runs = company_imports.listing(db_session(), current_actor())
    return render_template("company_imports/index.html", form=form, runs=runs)


@bp.post("")
@allow("company.create")
def upload() -> Page:
    """Take a file that can be read safely; keep nothing of any other."""
    form = CompanyListForm()
    given = form.file.data
    if not form.validate() or not given or not given.filename:
        form.file.errors = [gettext("Wählen Sie eine Datei aus.")]
        return _index(form), 422
    try:
        sheet = open_sheet(given.filename, given.read())
        run = company_imports.upload(db_session(), current_actor(), given.filename, sheet)
    except Invalid as refused:
        attach(form, refused)
        return _index(form), 422
    return redirect(url_for(".show", company_import_id=run.id), 303)


@bp.get("/<uuid:company_import_id>")
@allow("company.create")
def show(company_import_id: uuid.UUID) -> Page:
    """What the list would change, or what became of it."""
    run = company_imports.get(db_session(), current_actor(), company_import_id)
    plan = None if run.applied_at else company_imports.plan_of(db_session(), current_actor(), run)
    return render_template("company_imports/show.html", run=run, plan=plan, kinds=KINDS)


@bp.post("/<uuid:company_import_id>/apply")
@allow("company.create")
@confirmed
def apply(company_import_id: uuid.UUID) -> Page:
    """Write everything that was shown, or nothing."""
    run = _run(company_import_id)
    here = url_for(".show", company_import_id=run.id)
    try:
        number = company_imports.apply(db_session(), current_actor(), run, request.form.get("fingerprint", ""))
    except Conflict as refused:
        db_session().rollback()
        flash(shown(refused.text), "error")
        return redirect(here, 303)
    done = ngettext("Ein Unternehmen ist übernommen.", "%(num)s Unternehmen sind übernommen.", number)
    tell(done, undo=url_for(".undo", company_import_id=run.id))
    return redirect(here, 303)


def _run(company_import_id: uuid.UUID) -> CompanyImport:
    return company_imports.get(db_session(), current_actor(), company_import_id)


@bp.post("/<uuid:company_import_id>/undo")
@allow("company.create")
@confirmed
def undo(company_import_id: uuid.UUID) -> Page:
    """Take back what the import changed."""
    company_imports.undo(db_session(), current_actor(), _run(company_import_id))
    flash(gettext("Der Import ist rückgängig gemacht."), "ok")
    return redirect(url_for(".show", company_import_id=company_import_id), 303)


@bp.post("/<uuid:company_import_id>/discard")
@allow("company.create")
def discard(company_import_id: uuid.UUID) -> Page:
    """Forget the list."""
    company_imports.discard(db_session(), current_actor(), _run(company_import_id))
    flash(gettext("Die Liste ist verworfen. Bei den Unternehmen hat sich nichts geändert."), "ok")
    return redirect(url_for(".index"), 303)
