"""The page of one Klausur: its agenda, choosing modules, order, questions; who takes part."""

from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from catalogue.models import RetreatState, Vocabulary
from catalogue.services import disclosure, retreat_agenda, retreats, search, vocabularies
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.filters import label
from catalogue.web.notices import tell
from catalogue.web.queries import query_from
from catalogue.web.requests import db_session
from catalogue.web.retreats.blueprint import bp

MOST_WANTED = 12  # what one day leaves time for
MOVES = {"up": -1, "down": 1, "top": -retreat_agenda.MOST_ITEMS}


@bp.get("/<uuid:retreat_id>")
@allow("retreat.moderate")
def show(retreat_id: UUID) -> str:
    """The agenda, and everything that is done before and beside the slide."""
    session, actor = db_session(), current_actor()
    retreat = retreats.get(session, actor, retreat_id)
    return render_template(
        "retreats/show.html",
        retreat=retreat,
        items=retreat.items,
        people=retreats.participants(session, actor, retreat),
        states=RetreatState,
        next_states=retreats.NEXT[retreat.state],
        topics=[(term.code, label(term)) for term in vocabularies.terms(session, Vocabulary.TOPIC)],
        most_wanted=MOST_WANTED,
        limit=disclosure.limit_of(settings().k_anonymity, disclosure.UNKNOWN),
    )


@bp.get("/<uuid:retreat_id>/choose")
@allow("retreat.moderate")
def choose(retreat_id: UUID) -> str:
    """Search modules to put on the agenda."""
    session, actor = db_session(), current_actor()
    retreat = retreats.get(session, actor, retreat_id)
    query = query_from(request.args)
    return render_template(
        "retreats/choose.html",
        retreat=retreat,
        query=query,
        found=search.find(session, actor, current_app.extensions["search"], query),
        there={item.module_id for item in retreat.items},
        topics=[(term.code, label(term)) for term in vocabularies.terms(session, Vocabulary.TOPIC)],
    )


@bp.post("/<uuid:retreat_id>/items")
@allow("retreat.moderate")
def add(retreat_id: UUID) -> Response:
    """Put chosen modules on the agenda, or those that companies want most."""
    session, actor, k = db_session(), current_actor(), settings().k_anonymity
    if "most" in request.form:
        topics = tuple(filter(None, request.form.getlist("topic")))
        number = _number(request.form["most"])
        added = retreat_agenda.add_most_wanted(session, actor, retreat_id, number, topics, k)
    else:
        added = retreat_agenda.add(session, actor, retreat_id, request.form.getlist("module"), k)
    text = ngettext("%(num)s Modul kam auf die Tagesordnung.", "%(num)s Module kamen auf die Tagesordnung.", added)
    tell(
        text if added else gettext("Es kam kein Modul dazu: Was passt, steht schon auf der Tagesordnung."),
        "ok" if added else "info",
    )
    return _back(retreat_id)


def _number(text: str) -> int:
    return min(int(text), retreat_agenda.MOST_ITEMS) if text.isdecimal() and len(text) < 5 else MOST_WANTED


@bp.post("/<uuid:retreat_id>/items/<uuid:item_id>/move")
@allow("retreat.moderate")
def move(retreat_id: UUID, item_id: UUID) -> Response:
    """Move a module on the agenda; the focus stays with its buttons."""
    to = request.form.get("to", "")
    retreat_agenda.move(db_session(), current_actor(), retreat_id, item_id, MOVES.get(to, 0))
    return _back(retreat_id, f"item-{item_id}")


@bp.post("/<uuid:retreat_id>/items/<uuid:item_id>/remove")
@allow("retreat.moderate")
def remove(retreat_id: UUID, item_id: UUID) -> Response:
    """Take a module off the agenda."""
    retreat_agenda.remove(db_session(), current_actor(), retreat_id, item_id)
    tell(gettext("Das Modul steht nicht mehr auf der Tagesordnung."))
    return _back(retreat_id, "tagesordnung")


@bp.post("/<uuid:retreat_id>/items/<uuid:item_id>")
@allow("retreat.moderate")
def write(retreat_id: UUID, item_id: UUID) -> Response:
    """Save question and note of a module."""
    given = request.form.get("question", ""), request.form.get("note", "")
    retreat_agenda.write_item(db_session(), current_actor(), retreat_id, item_id, *given)
    tell(gettext("Gespeichert."))
    return _back(retreat_id, f"item-{item_id}")


@bp.post("/<uuid:retreat_id>/arrange")
@allow("retreat.moderate")
def arrange(retreat_id: UUID) -> Response:
    """Order the agenda by demand."""
    retreat_agenda.arrange(db_session(), current_actor(), retreat_id)
    tell(gettext("Die Tagesordnung beginnt jetzt mit dem größten Bedarf."))
    return _back(retreat_id, "tagesordnung")


@bp.post("/<uuid:retreat_id>/figures")
@allow("retreat.moderate")
def reckon(retreat_id: UUID) -> Response:
    """Work out the figures on the slides anew."""
    retreat_agenda.reckon(db_session(), current_actor(), retreat_id, settings().k_anonymity)
    tell(gettext("Die Zahlen zum Bedarf sind neu gerechnet."))
    return _back(retreat_id, "tagesordnung")


def _back(retreat_id: UUID, anchor: str = "") -> Response:
    return redirect(url_for(".show", retreat_id=retreat_id, _anchor=anchor or None), 303)
