"""What the moderation does while a Klausur runs: states, voting, the code, who takes part."""

from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import RetreatState, Voting
from catalogue.services import retreats
from catalogue.services.errors import Invalid
from catalogue.texts import N_
from catalogue.web.auth import allow, current_actor
from catalogue.web.languages import local_path
from catalogue.web.notices import tell
from catalogue.web.requests import db_session
from catalogue.web.retreats.blueprint import bp

Chosen = TypeVar("Chosen", bound=StrEnum)


@bp.post("/<uuid:retreat_id>/state")
@allow("retreat.moderate")
def set_state(retreat_id: UUID) -> Response:
    """Open, pause, lock or close."""
    retreats.set_state(db_session(), current_actor(), retreat_id, _chosen(RetreatState, "state"))
    return _back(retreat_id)


@bp.post("/<uuid:retreat_id>/items/<uuid:item_id>/voting")
@allow("retreat.moderate")
def set_voting(retreat_id: UUID, item_id: UUID) -> Response:
    """Open or lock the voting about one module."""
    retreats.set_voting(db_session(), current_actor(), retreat_id, item_id, _chosen(Voting, "voting"))
    return _back(retreat_id)


@bp.post("/<uuid:retreat_id>/code")
@allow("retreat.moderate")
def rotate_code(retreat_id: UUID) -> Response:
    """Another code for joining."""
    retreats.rotate_code(db_session(), current_actor(), retreat_id)
    tell(
        gettext("Wer schon dabei ist, bleibt dabei. Der alte Code lässt niemanden mehr herein."),
        title=gettext("Der Code ist gewechselt."),
    )
    return _back(retreat_id)


@bp.post("/<uuid:retreat_id>/participants/<uuid:participant_id>/remove")
@allow("retreat.moderate")
def remove_participant(retreat_id: UUID, participant_id: UUID) -> Response:
    """Send one phone out."""
    retreats.remove_participant(db_session(), current_actor(), retreat_id, participant_id)
    tell(
        gettext("Seine Stimmen zählen nicht mehr. Wechseln Sie den Code, wenn es nicht wieder beitreten soll."),
        title=gettext("Das Telefon ist entfernt."),
    )
    return _back(retreat_id, "teilnehmende")


def _chosen(kind: type[Chosen], name: str) -> Chosen:
    """The word that was sent; Invalid for any other."""
    try:
        return kind(request.form.get(name, ""))
    except ValueError as error:
        raise Invalid(name, N_("Das geht in diesem Zustand nicht.")) from error


def _back(retreat_id: UUID, anchor: str = "") -> Response:
    """To where the button was: the slide or the page of the Klausur."""
    return redirect(
        local_path(request.form.get("next"), url_for(".show", retreat_id=retreat_id, _anchor=anchor or None)), 303
    )
