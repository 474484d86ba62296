"""Actions: who does what until when; late ones stand out."""

import uuid

from flask import Response as Download
from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from catalogue.models import Action, ActionState
from catalogue.services import actions, audit, decisions, responsibles, wishes
from catalogue.services.actions import RUNNING, ActionInput, ActionQuery
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.filters import label
from catalogue.web.forms.decisions import ActionForm
from catalogue.web.forms.refusals import attach
from catalogue.web.languages import local_path
from catalogue.web.limits import EXPORT, WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.planning.decisions import tab_counts
from catalogue.web.requests import database, db_session

Page = str | tuple[str, int] | Response


def query_from(args: MultiDict[str, str]) -> ActionQuery:
    """Return which actions the address asks for; what makes no sense is left out."""
    states = tuple(state for state in ActionState if state.value in args.getlist("state"))
    return ActionQuery(
        states=() if args.get("state") == "all" else states or RUNNING,
        late=args.get("late") == "1",
        responsible=args.get("responsible", "")[:200],
        page=min(args.get("page", 1, type=int), 100_000),
    )


@bp.get("/actions", endpoint="actions")
@allow("action.see")
def index() -> str:
    """What is to be done: due first."""
    session, actor = db_session(), current_actor()
    query = query_from(request.args)
    return render_template(
        "planning/actions.html",
        found=actions.listing(session, actor, query),
        query=query,
        late=tab_counts(),
        is_late=actions.is_late,
        states=[(state.value, label(state)) for state in ActionState],
        people=responsibles.named(session, actor, Action),
    )


@bp.get("/actions.<any(csv, xlsx):name>")
@allow("action.see")
@limiter.limit(EXPORT)
def export_actions(name: str) -> Download:
    """Send exactly the list that the same address shows, all pages of it."""
    found = actions.listing(db_session(), current_actor(), query_from(request.args), everything=True)
    with database().write() as recording:
        audit.record(recording, current_actor(), "action.exported", format=name, rows=found.total)
    return download(actions.table(found), format_of(name))


@bp.route("/actions/new", methods=["GET", "POST"])
@allow("action.edit")
@limiter.limit(WRITE, methods=["POST"])
def new_action() -> Page:
    """Add something to do, for ``?decision=`` or ``?wish=`` or by itself."""
    decision_id, wish_id = _identity("decision"), _identity("wish")
    about = _about(decision_id, wish_id)
    if request.method != "POST":
        form = ActionForm(formdata=None)
        form.fill(ActionInput(""), 0)
        return _page(form, None, about)
    form = ActionForm()
    form.offer(responsibles.offered(db_session(), current_actor()))
    try:
        if not form.validate():
            return _page(form, None, about), 422
        actions.create(db_session(), current_actor(), form.input(decision_id, wish_id))
    except Invalid as refused:
        attach(form, refused)
        return _page(form, None, about), 422
    tell(gettext("Die Aufgabe steht in der Liste."))
    return redirect(_back(decision_id), 303)


@bp.route("/actions/<uuid:action_id>", methods=["GET", "POST"])
@allow("action.edit")
@limiter.limit(WRITE, methods=["POST"])
def action(action_id: uuid.UUID) -> Page:
    """Change it, or say where it stands."""
    session, actor = db_session(), current_actor()
    found = actions.get(session, actor, action_id)
    about = _about(found.decision_id, found.wish_id)
    if request.method != "POST":
        form = ActionForm(formdata=None)
        form.fill(actions.input_of(found), found.version)
        return _page(form, found, about)
    form = ActionForm()
    form.offer(responsibles.offered(session, actor))
    try:
        if not form.validate():
            return _page(form, found, about), 422
        actions.update(session, actor, found, form.input(found.decision_id, found.wish_id), form.version.data)
    except Invalid as refused:
        attach(form, refused)
        return _page(form, found, about), 422
    except Stale as stale:
        form.version.renew(stale.current.version)
        return _page(form, stale.current, about, theirs=actions.input_of(stale.current)), 409
    tell(gettext("Gespeichert."))
    return redirect(_back(found.decision_id), 303)


def _identity(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args[name]) if request.args.get(name) else None
    except ValueError as error:
        raise NotFound from error


def _about(decision_id: uuid.UUID | None, wish_id: uuid.UUID | None) -> tuple[str, str] | None:
    """Name and address of what it is done for."""
    session, actor = db_session(), current_actor()
    if decision_id:
        return decisions.get(session, actor, decision_id).module.title, url_for(".decision", decision_id=decision_id)
    if wish_id:
        return wishes.get(session, actor, wish_id).title, url_for("wishes.show", wish_id=wish_id)
    return None


def _back(decision_id: uuid.UUID | None) -> str:
    fallback = url_for(".decision", decision_id=decision_id) + "#aufgaben" if decision_id else url_for(".actions")
    return local_path(request.args.get("next"), fallback)


def _page(
    form: ActionForm, found: Action | None, about: tuple[str, str] | None, theirs: ActionInput | None = None
) -> str:
    form.offer(responsibles.offered(db_session(), current_actor()))
    return render_template("planning/action.html", form=form, action=found, about=about, theirs=theirs)
