"""Importing lists of modules: upload, columns, preview, applying, undoing. Long work goes on in the background."""

import uuid

from flask import Blueprint, Response, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from catalogue.models import ImportRow, ImportRun, ImportState, RowKind
from catalogue.services import duplicates, import_jobs, imports, module_columns, module_locks, modules
from catalogue.services.duplicates import Candidate
from catalogue.services.errors import Conflict, Invalid, TooMany
from catalogue.services.imports import BUSY, Choice
from catalogue.services.module_columns import input_of_flat
from catalogue.services.spreadsheets import open_sheet
from catalogue.texts import Text
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.curation.start import query_from_address
from catalogue.web.downloads import download, format_of
from catalogue.web.forms.imports import LockForm, MappingForm, UploadForm
from catalogue.web.forms.refusals import attach
from catalogue.web.import_changes import boxes, shown_rows
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.requests import database, db_session, start_over

bp = Blueprint("imports", __name__, url_prefix="/curation/imports")

Page = str | tuple[str, int] | BaseResponse
DONE = (ImportState.APPLIED, ImportState.UNDONE, ImportState.DISCARDED)


@bp.get("")
@allow("module.import")
def index() -> Page:
    """The form for a list, and the imports so far."""
    return _index(UploadForm(formdata=None))


def _index(form: UploadForm) -> str:
    which = request.args.get("show", "")
    runs = imports.listing(db_session(), current_actor(), which)
    return render_template("imports/index.html", form=form, runs=runs, which=which)


@bp.post("")
@allow("module.import")
def upload() -> Page:
    """Take a file that can be read safely; keep nothing of any other."""
    form = UploadForm()
    given = form.file.data
    if not form.validate() or not given or not given.filename:
        form.file.errors = [gettext("Wählen Sie eine Datei aus.")]
        return _index(form), 422
    content = given.read()
    start_over()  # reading a long list takes seconds, and nothing was written yet: nobody needs to wait for this request
    try:
        sheet = open_sheet(given.filename, content)
        run = imports.upload(db_session(), current_actor(), given.filename, sheet, form.source.data or "")
    except Invalid as refused:
        attach(form, refused)
        return _index(form), 422
    except TooMany as refused:
        form.file.errors = [show(refused.text)]
        return _index(form), 422
    return redirect(url_for(".show", import_id=run.id), 303)


@bp.get("/<uuid:import_id>", endpoint="show")  # the function must not hide languages.show
@allow("module.import")
def show_run(import_id: uuid.UUID) -> Page:
    """Whatever comes next: assigning columns, waiting, the preview, or what became of it."""
    run = imports.get(db_session(), current_actor(), import_id)
    if run.state == ImportState.UPLOADED:
        return _mapping_page(run, None)
    if run.state in BUSY:
        return render_template(
            "imports/progress.html", run=run, progress=import_jobs.progress(database(), settings(), run.id)
        )
    return _preview(run)


def _preview(run: ImportRun) -> str:
    session, actor = db_session(), current_actor()
    kind = _kind(request.args.get("kind", ""), run)
    page = imports.rows(session, actor, run, kind, min(request.args.get("page", 1, type=int), 100_000))
    shown = shown_rows(page.rows)
    return render_template(
        "imports/preview.html",
        run=run,
        page=page,
        rows=shown,
        boxes=boxes(shown),
        alike=_alike(page.rows) if kind == RowKind.NEW and run.state == ImportState.CHECKED else {},
        kinds=[one for one in RowKind if one != RowKind.VANISHED or run.counts.get(one.value)],
        selected={kind.value: number for kind, number in imports.selected(session, run).items()},
        problem=_problem(run),
        is_open=run.state == ImportState.CHECKED,
    )


def _alike(rows: list[ImportRow]) -> dict[int, list[Candidate]]:
    """Return what may be in the catalogue already under another id, by the number of the row."""
    given = [input_of_flat(row.values) for row in rows]
    found = duplicates.of_inputs(db_session(), current_actor(), given)
    return {row.number: candidates for row, candidates in zip(rows, found, strict=True) if candidates}


def _kind(name: str, run: ImportRun) -> RowKind:
    """Return the tab that is asked for, else the first one with anything to decide."""
    if name in set(RowKind):
        return RowKind(name)
    order = (RowKind.CHANGED, RowKind.NEW, RowKind.WRONG, RowKind.UNCHANGED)
    return next((kind for kind in order if run.counts.get(kind.value)), RowKind.UNCHANGED)


def _problem(run: ImportRun) -> str:
    return show(Text(run.problem["message"], run.problem["params"])) if run.problem else ""


@bp.get("/<uuid:import_id>/state")
@allow("module.import")
def state(import_id: uuid.UUID) -> Response:
    """How far the work has come, for the script of the progress page."""
    run = imports.get(db_session(), current_actor(), import_id)
    progress = import_jobs.progress(database(), settings(), run.id)
    return jsonify(
        {"busy": run.state in BUSY, "running": progress.running, "done": progress.done, "total": progress.total}
    )


@bp.get("/<uuid:import_id>/mapping")
@allow("module.import")
def mapping(import_id: uuid.UUID) -> Page:
    """Assign the columns anew."""
    run = imports.get(db_session(), current_actor(), import_id)
    if run.source_id is not None or run.state not in (ImportState.UPLOADED, ImportState.CHECKED):
        return redirect(url_for(".show", import_id=run.id), 303)
    return _mapping_page(run, None)


@bp.post("/<uuid:import_id>/mapping")
@allow("module.import")
def assign(import_id: uuid.UUID) -> Page:
    """Remember which column holds what and begin the check."""
    form = MappingForm()
    keys = [entry.data or "" for entry in form.columns]
    try:
        run = imports.assign(
            db_session(), current_actor(), import_id, keys,
            create_providers=bool(form.create_providers.data), source=form.source.data or "",
        )  # fmt: skip
    except Invalid as refused:
        attach(form, refused)
        return _mapping_page(imports.get(db_session(), current_actor(), import_id), form), 422
    return _work(run)


def _mapping_page(run: ImportRun, form: MappingForm | None) -> str:
    if form is None:
        form = MappingForm(formdata=None)
        form.fill(run)
    form.offer(run.headings)
    return render_template("imports/mapping.html", run=run, form=form, problem=_problem(run))


def _work(run: ImportRun) -> BaseResponse:
    """Let the work begin as soon as this request is committed, and show how it goes."""
    g.import_run = run.id
    return redirect(url_for(".show", import_id=run.id), 303)


@bp.teardown_request
def _begin(error: BaseException | None) -> None:
    """Start the work after the commit; if that failed, the run is not asked for any work and nothing happens."""
    run_id = g.pop("import_run", None)
    if run_id is not None and error is None:
        import_jobs.start(database(), settings(), current_app.extensions["search"], current_actor(), run_id)


@bp.post("/<uuid:import_id>/selection")
@allow("module.import")
def select(import_id: uuid.UUID) -> BaseResponse:
    """Keep what is ticked on this page; then whatever the button says."""
    session, actor, form = db_session(), current_actor(), request.form
    choice = Choice(frozenset(form.get("shown", "").split()), frozenset(form.getlist("take")))
    run = imports.choose(session, actor, import_id, choice)
    kind, action = _kind(form.get("kind", ""), run), form.get("action", "save")
    if action == "apply":
        try:
            return _work(imports.ask_apply(session, actor, import_id))
        except Conflict as refused:
            flash(show(refused.text), "error")
    elif action in ("all", "none"):
        imports.choose_all(session, actor, import_id, kind, ticked=action == "all")
    elif action.startswith("lock "):
        number, _, field = action.removeprefix("lock ").partition(":")
        imports.lock_field(
            session, actor, import_id, int(number) if number.isdecimal() and len(number) < 7 else 0, field
        )
        tell(
            gettext("Importe lassen dieses Feld des Moduls in Ruhe. Aufheben können Sie das beim Modul."),
            title=gettext("Geschützt."),
        )
    else:
        tell(gettext("Ihre Auswahl ist gemerkt."))
    page = form.get("go") or form.get("page", "1")
    return redirect(url_for(".show", import_id=import_id, kind=kind.value, page=page if page.isdecimal() else 1), 303)


@bp.post("/<uuid:import_id>/resume")
@allow("module.import")
def resume(import_id: uuid.UUID) -> BaseResponse:
    """Begin work again that a restart of the server interrupted."""
    return _work(imports.interrupted(db_session(), current_actor(), import_id))


@bp.post("/<uuid:import_id>/discard")
@allow("module.import")
def discard(import_id: uuid.UUID) -> BaseResponse:
    """Forget the file and its rows."""
    imports.discard(db_session(), current_actor(), import_id)
    tell(gettext("Der Import ist verworfen. Am Katalog hat sich nichts geändert."))
    return redirect(url_for(".index"), 303)


@bp.post("/<uuid:import_id>/undo")
@allow("module.import")
def undo(import_id: uuid.UUID) -> BaseResponse:
    """Take back what the import changed."""
    return _work(imports.ask_undo(db_session(), current_actor(), import_id))


@bp.get("/<uuid:import_id>/wrong.<any(csv, xlsx):name>")
@allow("module.import")
def wrong(import_id: uuid.UUID, name: str) -> Response:
    """The wrong rows with a column that says why."""
    run = imports.get(db_session(), current_actor(), import_id)
    return download(imports.wrong_rows(db_session(), current_actor(), run), format_of(name))


@bp.get("/modules.<any(csv, xlsx):name>")
@allow("module.import")
def export(name: str) -> Response:
    """All columns of the modules that the address asks for, to edit and import again."""
    return download(module_columns.round_trip(db_session(), current_actor(), query_from_address()), format_of(name))


@bp.get("/locks/<slug>")
@allow("module.import")
def locks(slug: str) -> Page:
    """Which fields of a module imports leave alone."""
    module = modules.get(db_session(), current_actor(), slug)
    held = module_locks.locks_of(db_session(), current_actor(), module)
    form = LockForm(formdata=None, data={"fields": [one.field for one in held]})
    form.offer()
    return render_template("imports/locks.html", form=form, module=module, held=held)


@bp.post("/locks/<slug>")
@allow("module.import")
def set_locks(slug: str) -> Page:
    """Protect exactly the ticked fields."""
    module = modules.get(db_session(), current_actor(), slug)
    form = LockForm()
    module_locks.set_locks(db_session(), current_actor(), module, form.fields.data or [])
    tell(gettext("Importe lassen die gewählten Felder in Ruhe."), title=gettext("Gespeichert."))
    return redirect(url_for("curation.edit", slug=slug), 303)
