"""Was fehlt: wishes and searches in one list, and what staff make of them."""

import uuid

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catalogue.models import Wish
from catalogue.services import missing as service
from catalogue.services import search_gaps, wish_answers, wish_merges, wishes
from catalogue.services.errors import Conflict
from catalogue.services.missing import MissingQuery
from catalogue.web.auth import allow, current_actor
from catalogue.web.downloads import download, format_of
from catalogue.web.languages import local_path, show
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.notices import tell
from catalogue.web.planning.blueprint import bp
from catalogue.web.reporting import asked_from, note
from catalogue.web.requests import db_session
from catalogue.web.search import search_index

SHORT = 6  # entries per topic while all topics are shown
LONG = 200  # entries of one topic; more are only in the export


def _query() -> MissingQuery:
    """The list as the address asks for it; what cannot be used is left out."""
    given = request.args
    days, kind, sort = given.get("days", 0, type=int), given.get("kind", ""), given.get("sort", "")
    return MissingQuery(
        days if days in service.PERIODS else MissingQuery.days,
        given.get("topic", "")[:64],
        kind if kind in service.KINDS else "",
        sort if sort in service.SORTS else MissingQuery.sort,
        given.get("q", "")[:200].strip(),
    )


@bp.get("/missing")
@allow("wish.answer")
def missing() -> str:
    """What is missing, by topic."""
    query = _query()
    note(asked_from(MultiDict()), "report.view", page="missing")
    found = service.find(db_session(), current_actor(), search_index(), query)
    return render_template(
        "planning/missing.html",
        found=found,
        query=query,
        most=LONG if query.topic else SHORT,
        sorts=service.SORTS,
        periods=service.PERIODS,
        chosen={name: value for name, value in request.args.items() if name in ("days", "topic", "kind", "sort", "q")},
    )


@bp.get("/missing.<any(csv, xlsx):name>")
@allow("wish.answer")
@limiter.limit(EXPORT)
def export_missing(name: str) -> Response:
    """The same list as a file, all of it."""
    table = service.table(service.find(db_session(), current_actor(), search_index(), _query()))
    note(asked_from(MultiDict()), "report.export", what="missing", format=name, lines=len(table.rows))
    return download(table, format_of(name))


def _back() -> str:
    return local_path(request.form.get("next"), url_for(".missing"))


@bp.post("/missing/settle")
@allow("search.gaps")
def settle_search() -> AnyResponse:
    """Put the searches of one entry away, with a note on what was done."""
    for text in request.form.getlist("query")[:50]:
        search_gaps.settle(db_session(), current_actor(), text, request.form.get("note", ""))
    tell(gettext("Es kommt mit Ihrer Notiz wieder, wenn neu danach gesucht wird."), title=gettext("Erledigt."))
    return redirect(_back(), 303)


@bp.post("/missing/wishes/<uuid:wish_id>/fulfil")
@allow("wish.answer")
def fulfil(wish_id: uuid.UUID) -> AnyResponse:
    """Tell who wanted it that the module is in the catalogue."""
    try:
        wish_answers.fulfil(db_session(), current_actor(), _wish(wish_id))
    except Conflict as refused:
        tell(show(refused.text), "wait")
        return redirect(_back(), 303)
    tell(gettext("Alle, die das wünschen, bekommen eine Mail."), title=gettext("Der Wunsch ist erfüllt."))
    return redirect(_back(), 303)


@bp.route("/missing/wishes/<uuid:wish_id>/merge", methods=["GET", "POST"])
@allow("wish.answer")
def merge_wish(wish_id: uuid.UUID) -> str | AnyResponse:
    """Choose the wish that stays, and let it stand for this one."""
    session, actor = db_session(), current_actor()
    wish = _wish(wish_id)
    if request.method != "POST":
        listed = wish_merges.candidates(session, actor, wish)
        return render_template(
            "planning/merge_wish.html", wish=wish, candidates=listed, chosen=request.args.get("into", "")
        )
    try:
        kept = wish_answers.merge(session, actor, wish, _wish(_uuid(request.form.get("into", ""))))
    except Conflict as refused:
        tell(show(refused.text), "wait")
        return redirect(url_for(".merge_wish", wish_id=wish_id), 303)
    text = gettext("„%(kept)s“ steht jetzt auch für „%(title)s“.", kept=kept.title, title=wish.title)
    tell(text, title=gettext("Zusammengeführt."), undo=url_for(".unmerge_wish", wish_id=wish_id))
    return redirect(url_for(".missing"), 303)


@bp.post("/missing/wishes/<uuid:wish_id>/unmerge")
@allow("wish.answer")
def unmerge_wish(wish_id: uuid.UUID) -> AnyResponse:
    """Let a merged wish stand for itself again."""
    wish_merges.undo(db_session(), current_actor(), _wish(wish_id))
    tell(gettext("Die Wünsche sind wieder zwei."))
    return redirect(_back(), 303)


def _wish(wish_id: uuid.UUID) -> Wish:
    return wishes.get(db_session(), current_actor(), wish_id)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)  # a wish that does not exist
