"""Sources on the web: entering them, trying them, and the reports of their runs. Fetching goes on in the background."""

import uuid

from flask import Blueprint, Response, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from catalogue.models import Source, SourceKind, SourceOutcome, SourceRun
from catalogue.services import programmes, providers, source_runs, worklist
from catalogue.services import sources as service
from catalogue.services.errors import Conflict, Invalid, Stale
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.sources import SourceInput
from catalogue.texts import Text
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.downloads import download, format_of
from catalogue.web.forms.refusals import attach
from catalogue.web.forms.sources import ColumnsForm, SourceForm
from catalogue.web.languages import show
from catalogue.web.notices import tell
from catalogue.web.requests import database, db_session

bp = Blueprint("sources", __name__, url_prefix="/curation/sources")

Page = str | tuple[str, int] | BaseResponse
STATES = ("open", "failed", "waiting", "off")
COLUMNS = (
    Column("name", "Quelle"),
    Column("url", "Adresse", Kind.URL),
    Column("kind", "Art"),
    Column("interval", "Wie oft"),
    Column("enabled", "Eingeschaltet"),
    Column("last", "Letzter Lauf", Kind.MOMENT),
    Column("outcome", "Ergebnis"),
    Column("problem", "Was nicht ging"),
    Column("due", "Nächster Lauf", Kind.MOMENT),
)


def _state() -> str:
    state = request.args.get("state", "")
    return state if state in STATES else ""


@bp.get("")
@allow("source.edit")
def index() -> str:
    """All sources, or those that failed, wait or rest."""
    session, actor = db_session(), current_actor()
    return render_template(
        "sources/index.html",
        found=service.listing(session, actor, _state()),
        state=_state(),
        counts=worklist.counts(session, actor),
        sentence=sentence,
    )


@bp.get("/list.<any(csv, xlsx):name>")
@allow("source.edit")
def export(name: str) -> Response:
    """The same list as a file."""
    rows = [
        {
            "name": one.source.name,
            "url": one.source.url,
            "kind": one.source.kind,
            "interval": one.source.interval,
            "enabled": "ja" if one.source.enabled else "nein",
            "last": one.last.started_at if one.last else None,
            "outcome": one.last.outcome if one.last else "",
            "problem": str(Text(one.last.problem["message"], one.last.problem["params"])) if one.last and one.last.problem else "",
            "due": one.source.due_at,
        }
        for one in service.listing(db_session(), current_actor(), _state())
    ]  # fmt: skip
    return download(Table("Quellen", COLUMNS, rows), format_of(name))


def sentence(problem: dict[str, object] | None) -> str:
    """Return a problem or note as it is read."""
    return show(Text(str(problem["message"]), dict(problem["params"]))) if problem else ""  # type: ignore[call-overload]


# --- entering


@bp.get("/new")
@allow("source.edit")
def new() -> str:
    """The empty form."""
    return _form(SourceForm(formdata=None), None)


@bp.post("/new")
@allow("source.edit")
def create() -> Page:
    """Add a source."""
    return _save(SourceForm(), None)


@bp.get("/<uuid:source_id>/edit")
@allow("source.edit")
def edit(source_id: uuid.UUID) -> str:
    """The form with what is saved."""
    source = service.get(db_session(), current_actor(), source_id)
    form = SourceForm(formdata=None)
    form.fill(service.input_of(source), source.version)
    return _form(form, source)


@bp.post("/<uuid:source_id>/edit")
@allow("source.edit")
def update(source_id: uuid.UUID) -> Page:
    """Change a source."""
    return _save(SourceForm(), service.get(db_session(), current_actor(), source_id))


def _save(form: SourceForm, source: Source | None) -> Page:
    session, actor = db_session(), current_actor()
    form.validate()  # the shape is right in any case; what is missing, the service says
    try:
        if source is None:
            source = service.create(session, actor, form.input())
            tell(gettext("Rufen Sie sie jetzt probeweise ab."), title=gettext("Die Quelle ist gespeichert."))
        else:
            service.update(session, actor, source, form.input(), form.version.data)
            flash(gettext("Die Quelle ist gespeichert."), "ok")
    except Invalid as refused:
        attach(form, refused)
        return _form(form, source), 422
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _form(form, stale.current, service.input_of(stale.current)), 409
    return redirect(url_for(".show_source", source_id=source.id), 303)


def _form(form: SourceForm, source: Source | None, theirs: SourceInput | None = None) -> str:
    form.offer(
        [(one.provider.slug, one.provider.name) for one in providers.listing(db_session())],
        [(one.programme.slug, one.programme.name) for one in programmes.listing(db_session())],
    )
    return render_template("sources/form.html", form=form, source=source, theirs=theirs)


@bp.get("/<uuid:source_id>/columns")
@allow("source.edit")
def columns(source_id: uuid.UUID) -> Page:
    """What the columns of a CSV list hold."""
    source = service.get(db_session(), current_actor(), source_id)
    form = ColumnsForm(formdata=None)
    form.fill(source)
    return _columns(form, source)


@bp.post("/<uuid:source_id>/columns")
@allow("source.edit")
def assign(source_id: uuid.UUID) -> Page:
    """Remember what the columns hold."""
    source = service.get(db_session(), current_actor(), source_id)
    form = ColumnsForm()
    try:
        keys = [entry.data or "" for entry in form.columns]
        service.assign(db_session(), current_actor(), source, keys, form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _columns(form, source), 422
    flash(gettext("Die Spalten sind zugeordnet. Der nächste Lauf liest sie so."), "ok")
    return redirect(url_for(".show_source", source_id=source.id), 303)


def _columns(form: ColumnsForm, source: Source) -> str:
    form.offer(source)
    return render_template("sources/columns.html", form=form, source=source)


@bp.post("/<uuid:source_id>/switch")
@allow("source.edit")
def switch(source_id: uuid.UUID) -> BaseResponse:
    """Let a source rest, or look at it again."""
    source = service.get(db_session(), current_actor(), source_id)
    enabled, version = request.form.get("enabled") == "1", request.form.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < 10 else 0
    service.switch(db_session(), current_actor(), source, enabled, number)
    flash(gettext("Die Quelle wird wieder abgerufen.") if enabled else gettext("Die Quelle ruht."), "ok")
    return redirect(url_for(".show_source", source_id=source.id), 303)


# --- running


@bp.get("/<uuid:source_id>")
@allow("source.edit")
def show_source(source_id: uuid.UUID) -> str:
    """One source with its last runs."""
    session, actor = db_session(), current_actor()
    source = service.get(session, actor, source_id)
    runs = service.runs(session, actor, source)
    return render_template(
        "sources/show.html", source=source, runs=runs, sentence=sentence, has_columns=source.kind == SourceKind.CSV
    )


@bp.post("/<uuid:source_id>/runs")
@allow("source.edit")
def run(source_id: uuid.UUID) -> BaseResponse:
    """Look at the source now, as a test or for real; the work begins when this request is committed."""
    session, actor = db_session(), current_actor()
    source = service.get(session, actor, source_id)
    try:
        begun = source_runs.begin(session, actor, source, test=request.form.get("test") == "1")
    except Conflict as refused:
        flash(show(refused.text), "error")
        return redirect(url_for(".show_source", source_id=source.id), 303)
    g.source_run = begun.id
    return redirect(url_for(".report", source_id=source.id, source_run_id=begun.id), 303)


@bp.teardown_request
def _begin(error: BaseException | None) -> None:
    run_id = g.pop("source_run", None)
    if run_id is not None and error is None:
        source_runs.start(database(), settings(), current_app.extensions["search"], current_actor(), run_id)


def _run(source_id: uuid.UUID, run_id: uuid.UUID) -> tuple[Source, SourceRun]:
    source = service.get(db_session(), current_actor(), source_id)
    return source, service.run_of(db_session(), current_actor(), source, run_id)


@bp.get("/<uuid:source_id>/runs/<uuid:source_run_id>")
@allow("source.edit")
def report(source_id: uuid.UUID, source_run_id: uuid.UUID) -> str:
    """What came of one run, with the way to its preview."""
    source, found = _run(source_id, source_run_id)
    running = found.outcome == SourceOutcome.RUNNING
    return render_template("sources/report.html", source=source, run=found, running=running, sentence=sentence)


@bp.get("/<uuid:source_id>/runs/<uuid:source_run_id>/state")
@allow("source.edit")
def state(source_id: uuid.UUID, source_run_id: uuid.UUID) -> Response:
    """Whether the run is still under way, for the script of the waiting page."""
    _, found = _run(source_id, source_run_id)
    busy = found.outcome == SourceOutcome.RUNNING
    return jsonify({"busy": busy, "running": busy, "done": 0, "total": 0})
