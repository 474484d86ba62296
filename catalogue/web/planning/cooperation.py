"""Zusammenarbeit for the network office: offers beside needs, who can be introduced to whom, and which modules companies want to work on."""

import uuid
from dataclasses import replace

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import CooperationEntry, CooperationKind, Purpose
from catalogue.services import (
    audit,
    cooperation_matches,
    demand_choices,
    introductions,
    report_records,
    report_tables,
    reports,
)
from catalogue.services import cooperation as entries
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.exports import Table
from catalogue.services.purposes import top_modules
from catalogue.services.report_query import ReportQuery
from catalogue.web import drafts
from catalogue.web.auth import allow, current_actor
from catalogue.web.company_cooperation import offer_choices
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import day
from catalogue.web.forms.cooperation import EntryOnBehalfForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import show
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.requests import database, db_session

MOST_NEEDS, MOST_MODULES = 25, 15  # on the page; the exports have all
WANTED = ReportQuery(purposes=(Purpose.COOPERATION.value,))  # what companies want to work on together


@bp.get("/cooperation")
@allow("cooperation.plan")
def cooperation() -> str:
    """Show offers beside needs, of one kind or of all."""
    session, actor = db_session(), current_actor()
    _note("cooperation.viewed")
    found, listed = entries.all_active(session, actor), introductions.listed(session, actor)
    modules, total = top_modules(report_records.records(session, WANTED), MOST_MODULES)
    kind = request.args.get("kind") if request.args.get("kind") in set(CooperationKind) else None
    return render_template(
        "planning/cooperation.html",
        found=cooperation_matches.match(one for one in found if kind in (None, one.kind)),
        entries=found,
        kind=kind,
        kinds=CooperationKind,
        best=cooperation_matches.BEST,
        made={(one.offer_id, one.need_id): one for one in listed},
        introductions=listed,
        waiting_for=introductions.waiting_for,
        modules=modules,
        modules_total=total,
        most_needs=MOST_NEEDS,
    )


@bp.get("/cooperation/<what>.<format>")
@allow("cooperation.plan")
@limiter.limit(EXPORT)
def export_cooperation(what: str, format: str) -> Response:
    """Send all entries, all pairs, or the modules that companies want to work on together."""
    chosen, table = format_of(format), _table(what)
    _note("cooperation.exported", what=what, format=chosen.value, lines=len(table.rows))
    return download(table, chosen)


def _table(what: str) -> Table:
    notes = [("Stand", day(reports.today()))]
    if what == "modules":
        report = reports.interest(db_session(), current_actor(), WANTED)
        return replace(report_tables.interest_table(report, notes), title="Zusammenarbeit je Modul")
    found = entries.all_active(db_session(), current_actor())
    matching = cooperation_matches.match(found)
    if what == "entries":
        return cooperation_matches.entries_table(found, matching, notes)
    if what == "matches":
        return cooperation_matches.matches_table(matching, notes)
    raise NotFound


def _note(action: str, **details: object) -> None:
    with database().write() as recording:
        audit.record(recording, current_actor(), action, label=gettext("Zusammenarbeit"), **details)


@bp.route("/cooperation/new", methods=["GET", "POST"])
@drafts.keeps
@allow("cooperation.plan")
def new_cooperation() -> AnyResponse | str | tuple[str, int]:
    """Enter what a company said by telephone, at a visit, a workshop or in a survey."""
    return _form_page(None)


@bp.route("/cooperation/<uuid:entry_id>", methods=["GET", "POST"])
@drafts.keeps
@allow("cooperation.plan")
def edit_cooperation(entry_id: uuid.UUID) -> AnyResponse | str | tuple[str, int]:
    """Change an entry on behalf of its company."""
    return _form_page(entries.get(db_session(), current_actor(), entry_id))


def _form_page(entry: CooperationEntry | None) -> AnyResponse | str | tuple[str, int]:
    draft = drafts.restored()
    form = EntryOnBehalfForm(formdata=draft) if request.method != "POST" else EntryOnBehalfForm()
    if request.method != "POST" and draft is None:
        form.company.data = request.args.get("company", "")
        if entry is not None:
            form.fill(entries.input_of(entry))
    offer_choices(form)
    form.offer_subjects(demand_choices.companies(db_session(), current_actor()))
    if request.method != "POST":
        return _shown(form, entry)
    try:
        if not form.validate():
            return _shown(form, entry), 422
        saved = _save(form, entry)
    except Stale as stale:
        form.form_errors = [show(stale.text)]
        form.version.renew(stale.current.version)
        return _shown(form, stale.current), 409
    except Invalid as refused:
        attach(form, refused)
        return _shown(form, entry), 422
    tell(saved.company.name, title=gettext("Gespeichert."), undo=_undo(saved))
    return drafts.forget(redirect(url_for(".cooperation"), 303))


def _save(form: EntryOnBehalfForm, entry: CooperationEntry | None) -> CooperationEntry:
    session, actor, on_behalf = db_session(), current_actor(), form.on_behalf()
    if entry is None:
        return entries.add(session, actor, form.input(), on_behalf)
    return entries.update(session, actor, entry, form.input(), on_behalf)


def _shown(form: EntryOnBehalfForm, entry: CooperationEntry | None) -> str:
    return render_template("planning/cooperation_entry.html", form=form, entry=entry)


def _undo(entry: CooperationEntry) -> str:
    return url_for(".undo_cooperation", entry_id=entry.id, version=entry.version)


@bp.post("/cooperation/<uuid:entry_id>/withdraw")
@allow("cooperation.plan")
def withdraw_cooperation(entry_id: uuid.UUID) -> AnyResponse:
    """Take an entry back on behalf of its company."""
    entry = entries.withdraw(db_session(), current_actor(), entries.get(db_session(), current_actor(), entry_id))
    tell(entry.company.name, title=gettext("Zurückgezogen."), undo=_undo(entry))
    return redirect(url_for(".cooperation"), 303)


@bp.post("/cooperation/<uuid:entry_id>/undo")
@allow("cooperation.plan")
def undo_cooperation(entry_id: uuid.UUID) -> AnyResponse:
    """Go back to what an entry said before."""
    entry = entries.get(db_session(), current_actor(), entry_id)
    entries.undo(db_session(), current_actor(), entry, request.args.get("version", type=int))
    tell(gettext("Rückgängig gemacht."))
    return redirect(url_for(".cooperation"), 303)


@bp.post("/cooperation/introductions")
@allow("cooperation.plan")
def introduce() -> AnyResponse:
    """Bring two companies together, or ask those who have to be asked."""
    session, actor = db_session(), current_actor()
    offer, need = (entries.get(session, actor, _uuid(request.form.get(name, ""))) for name in ("offer", "need"))
    made = introductions.introduce(session, actor, offer, need)
    if made.introduced_at:
        tell(gettext("Beide Unternehmen bekommen eine Mail."), title=gettext("Vermittelt."))
    else:
        names = ", ".join(entry.company.name for entry in introductions.waiting_for(made))
        tell(gettext("Gefragt: %(names)s.", names=names), title=gettext("Erst wird gefragt."))
    return redirect(url_for(".cooperation", _anchor=f"e-{need.id}"), 303)


@bp.post("/cooperation/introductions/<uuid:introduction_id>")
@allow("cooperation.plan")
def answer_introduction(introduction_id: uuid.UUID) -> AnyResponse:
    """Note what a company answered by telephone."""
    session, actor = db_session(), current_actor()
    made, _ = introductions.get(session, actor, introduction_id)
    asked = [entry for entry, _ in made.sides if str(entry.id) == request.form.get("entry")]
    if not asked:
        raise NotFound
    introductions.answer(session, actor, made, asked[0], request.form.get("answer") == "yes")
    tell(gettext("Vermittelt.") if made.introduced_at else gettext("Gespeichert."))
    return redirect(url_for(".cooperation", _anchor="vermittelt"), 303)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error
