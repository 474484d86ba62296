"""Decisions: the list with what is late, modules that wait for one, deciding, and what came of it."""

import uuid
from dataclasses import replace
from typing import Any

from flask import Response as Download
from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from catalogue.models import Decision, DecisionKind, DecisionState, Module, Vocabulary
from catalogue.services import (
    actions,
    audit,
    decision_listing,
    decision_outcomes,
    decisions,
    modules,
    reports,
    responsibles,
    vocabularies,
)
from catalogue.services.decision_listing import DecisionQuery
from catalogue.services.decisions import DecisionInput
from catalogue.services.errors import Invalid, Stale
from catalogue.services.paging import within
from catalogue.services.report_query import By, ReportQuery
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.forms.decisions import DecisionForm, EndForm, ResultForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path
from catalogue.web.limits import EXPORT, WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import asked_from, note
from catalogue.web.requests import database, db_session

Page = str | tuple[str, int] | Response
PER_PAGE = 50
STATES = ("", *(state.value for state in DecisionState if state != DecisionState.OPEN), decision_listing.ALL)


def query_from(args: MultiDict[str, str]) -> DecisionQuery:
    """Return which decisions the address asks for; what makes no sense is left out."""
    state, kind = args.get("state", ""), args.get("kind", "")
    return DecisionQuery(
        state=state if state in STATES and state else DecisionState.OPEN.value,
        kind=kind if kind in set(DecisionKind) else "",
        late=args.get("late") == "1",
        untold=args.get("untold") == "1",
        responsible=args.get("responsible", "")[:200],
        topic=args.get("topic", "")[:100],
        page=min(args.get("page", 1, type=int), 100_000),
    )


def tab_counts() -> dict[str, int]:
    """How many decisions and actions are late, for the way between the two lists."""
    session, actor = db_session(), current_actor()
    return {
        "decisions": decision_listing.count_late(session, actor),
        "actions": actions.count_late(session, actor),
    }


@bp.get("/decisions", endpoint="decisions")
@allow("decision.see")
def index() -> str:
    """What is decided: due first."""
    session, actor = db_session(), current_actor()
    query = query_from(request.args)
    return render_template(
        "planning/decisions.html",
        found=decision_listing.listing(session, actor, query),
        query=query,
        late=tab_counts(),
        is_late=decision_listing.is_late,
        kinds=[(kind.value, label(kind)) for kind in DecisionKind],
        states=[(state.value, label(state)) for state in DecisionState],
        topics=[(term.code, label(term)) for term in vocabularies.terms(session, Vocabulary.TOPIC)],
        people=responsibles.named(session, actor, Decision),
    )


@bp.get("/decisions.<any(csv, xlsx):name>")
@allow("decision.see")
@limiter.limit(EXPORT)
def export_decisions(name: str) -> Download:
    """Send exactly the list that the same address shows, all pages of it."""
    found = decision_listing.listing(db_session(), current_actor(), query_from(request.args), everything=True)
    with database().write() as recording:
        audit.record(recording, current_actor(), "decision.exported", format=name, rows=found.total)
    return download(decision_listing.table(found), format_of(name))


@bp.get("/decisions/open")
@allow("decision.see")
def undecided() -> str:
    """Modules that many want and nobody decided about, those that most want first."""
    asked = asked_from(request.args)
    note(asked, "report.view")
    session, actor = db_session(), current_actor()
    standing = decision_listing.standings(session, actor, asked.query.as_of)
    much = decision_listing.wanted(reports.interest(session, actor, replace(asked.query, by=By.MODULE)).rows, standing)
    waiting = [one for one in much if one.standing is None]
    page, pages = within(min(request.args.get("page", 1, type=int), 100_000), len(waiting), PER_PAGE)
    return render_template(
        "planning/undecided.html",
        asked=asked,
        args=asked.args,
        waiting=waiting[(page - 1) * PER_PAGE : page * PER_PAGE],
        total=len(waiting),
        of=len(much),
        page=page,
        pages=pages,
        late=tab_counts(),
        least=(decision_listing.MUCH_COMPANIES, decision_listing.MUCH_PEOPLE),
    )


@bp.route("/modules/<slug>/decision", methods=["GET", "POST"])
@allow("decision.edit")
@limiter.limit(WRITE, methods=["POST"])
def decide(slug: str) -> Page:
    """Decide about a module; ``?source=`` fills in the occasion, for instance a Klausur."""
    session, actor = db_session(), current_actor()
    module = modules.get(session, actor, slug)
    before = decisions.current(session, actor, module)
    if request.method != "POST":
        form = DecisionForm(formdata=None)
        form.decided_on.process_data(reports.today())
        form.source.data = request.args.get("source", "")[:200]
        form.read.data = str(before.id) if before else ""
        return _decide_page(form, module, before)
    form = DecisionForm()
    form.offer(responsibles.offered(session, actor))
    if not form.validate():
        return _decide_page(form, module, before), 422
    try:
        made = decisions.decide(session, actor, module, form.input(), form.read.data or "")
    except Invalid as refused:
        attach(form, refused)
        return _decide_page(form, module, before), 422
    except Stale as stale:
        form.read.raw_data, form.read.data = None, str(stale.current.id) if stale.current else ""
        return _decide_page(form, module, stale.current, newer=True), 409
    _tell(made)
    return redirect(local_path(request.args.get("next"), url_for(".decision", decision_id=made.id)), 303)


def _tell(decision: Decision) -> None:
    number = decision_outcomes.readers(db_session(), current_actor(), decision)
    if decision.published_at is None:
        text = gettext("Die Unternehmen lesen davon, sobald ein Satz für sie dasteht.")
    elif number:
        text = gettext("%(n)s Unternehmen lesen den Satz unter „Was daraus wurde“.", n=number)
    else:
        text = gettext("Bisher hat kein Unternehmen zu diesem Modul etwas gesagt.")
    tell(text, title=gettext("Entschieden."))


def _decide_page(form: DecisionForm, module: Module, before: Decision | None, *, newer: bool = False) -> str:
    form.offer(responsibles.offered(db_session(), current_actor()))
    return render_template(
        "planning/decide.html", form=form, module=module, before=before, newer=newer, **_asked_for(module)
    )


def _asked_for(module: Module) -> dict[str, Any]:
    """What companies said about the module: the figures that a decision stands on. Looking at them is recorded, once.

    Who comes from a Klausur (``?source=``) may have the page on a beamer: then there are none.
    """
    if request.args.get("source"):
        return {"figures": None}
    session, actor, query = db_session(), current_actor(), ReportQuery(only=frozenset({module.id}))
    if request.method == "GET":
        with database().write() as recording:
            reports.note(recording, actor, query, "report.view", module=module.slug)
    return {"figures": reports.interest(session, actor, query).total, "args": {"by": "module", "key": module.slug}}


@bp.get("/decisions/<uuid:decision_id>")
@allow("decision.see")
def decision(decision_id: uuid.UUID) -> str:
    """One decision: its words, what is to be done for it, what came of it, what was decided before."""
    found = decisions.get(db_session(), current_actor(), decision_id)
    form = DecisionForm(formdata=None)
    form.fill(decisions.input_of(found), found.version)
    return _page(found, form)


@bp.post("/decisions/<uuid:decision_id>")
@allow("decision.edit")
@limiter.limit(WRITE)
def update_decision(decision_id: uuid.UUID) -> Page:
    """Change the words of a decision."""
    session, actor = db_session(), current_actor()
    found, form = decisions.get(session, actor, decision_id), DecisionForm()
    form.offer(responsibles.offered(session, actor))
    if not form.validate():
        return _page(found, form), 422
    try:
        decisions.update(session, actor, found, form.input(), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(found, form), 422
    except Stale as stale:
        form.version.renew(stale.current.version)
        return _page(stale.current, form, theirs=decisions.input_of(stale.current)), 409
    tell(gettext("Gespeichert."))
    return redirect(url_for(".decision", decision_id=found.id), 303)


@bp.post("/decisions/<uuid:decision_id>/finish")
@allow("decision.edit")
def finish(decision_id: uuid.UUID) -> Page:
    """Say that it is done."""
    found, form = decisions.get(db_session(), current_actor(), decision_id), ResultForm()
    try:
        decisions.finish(db_session(), current_actor(), found, form.done_note.data or "", form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(found, None, result=form), 422
    except Stale as stale:
        form.version.renew(stale.current.version)
        return _page(stale.current, None, result=form, theirs=decisions.input_of(stale.current)), 409
    tell(
        gettext("Die Unternehmen lesen es unter „Was daraus wurde“."),
        title=gettext("Als umgesetzt eingetragen."),
        undo=url_for(".reopen", decision_id=found.id),
    )
    return redirect(url_for(".decision", decision_id=found.id), 303)


@bp.post("/decisions/<uuid:decision_id>/reopen")
@allow("decision.edit")
def reopen(decision_id: uuid.UUID) -> Page:
    """It is not done yet after all."""
    found = decisions.get(db_session(), current_actor(), decision_id)
    decisions.reopen(db_session(), current_actor(), found)
    tell(gettext("Die Entscheidung ist wieder offen."))
    return redirect(url_for(".decision", decision_id=found.id), 303)


@bp.post("/decisions/<uuid:decision_id>/withdraw")
@allow("decision.edit")
def withdraw(decision_id: uuid.UUID) -> Page:
    """Take it back, with the reason."""
    found, form = decisions.get(db_session(), current_actor(), decision_id), EndForm()
    try:
        again = decisions.withdraw(db_session(), current_actor(), found, form.end_reason.data or "", form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(found, None, end=form), 422
    text = gettext("Die Unternehmen lesen sie nicht mehr.")
    if again is not None:
        text = gettext("Es gilt wieder: %(kind)s.", kind=label(again.kind))
    tell(text, title=gettext("Zurückgenommen."))
    return redirect(url_for(".decision", decision_id=found.id), 303)


def _page(
    found: Decision,
    form: DecisionForm | None,
    *,
    result: ResultForm | None = None,
    end: EndForm | None = None,
    theirs: DecisionInput | None = None,
) -> str:
    session, actor = db_session(), current_actor()
    if form is None:
        form = DecisionForm(formdata=None)
        form.fill(decisions.input_of(found), found.version)
    form.offer(responsibles.offered(session, actor))
    result, end = result or ResultForm(formdata=None), end or EndForm(formdata=None)
    for one in (result, end):
        one.version.renew(found.version)
    return render_template(
        "planning/decision.html",
        decision=found,
        form=form,
        result=result,
        end=end,
        theirs=theirs,
        readers=decision_outcomes.readers(session, actor, found),
        actions=actions.of_decision(session, actor, found),
        others=[one for one in decisions.of_module(session, actor, found.module_id) if one.id != found.id],
        is_late=decision_listing.is_late(found),
        action_late=actions.is_late,
    )
