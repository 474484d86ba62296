"""The slide on the wall. It asks for its numbers every two seconds; an answer that says nothing new is 304."""

from uuid import UUID

from flask import Response as JsonResponse
from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalogue.models import Importance, Recommendation
from catalogue.services import disclosure, retreats
from catalogue.services.errors import NotFound
from catalogue.services.qr_codes import qr_code
from catalogue.services.retreat_results import Live, live
from catalogue.services.retreat_slides import slide
from catalogue.settings import Settings
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.filters import clock
from catalogue.web.polling import unless_known
from catalogue.web.requests import db_session
from catalogue.web.retreats.blueprint import bp


@bp.get("/<uuid:retreat_id>/slide")
@allow("retreat.moderate")
def wall(retreat_id: UUID) -> str:
    """The slide that is on now; ``face=voices`` shows remarks and runs instead of the votes."""
    shown = slide(db_session(), current_actor(), retreat_id)
    address = join_address(shown.retreat.code)
    return render_template(
        "retreats/slide.html",
        slide=shown,
        retreat=shown.retreat,
        item=shown.item,
        tally=shown.live.tally,
        live=as_json(shown.live),
        voices=shown.item is not None and request.args.get("face") == "voices",
        importance=Importance,
        recommendations=Recommendation,
        total=len(shown.retreat.items),
        address=address,
        symbol=qr_code(address),
        limit=disclosure.limit_of(settings().k_anonymity, disclosure.UNKNOWN),
    )


def join_address(code: str) -> str:
    """The address that phones open: the public one, or where staff are if none is set."""
    root = settings().base_url
    if root == Settings.base_url:
        root = request.url_root
    return f"{root.rstrip('/')}{url_for('participation.welcome', code=code)}"


@bp.post("/<uuid:retreat_id>/show")
@allow("retreat.moderate")
def turn(retreat_id: UUID) -> Response:
    """Put the named module on the slide and on the phones; without one the slide with the code."""
    named = request.form.get("item", "")
    try:
        item = UUID(named) if named else None
    except ValueError as error:
        raise NotFound from error
    retreats.show(db_session(), current_actor(), retreat_id, item)
    return redirect(url_for(".wall", retreat_id=retreat_id), 303)


@bp.get("/<uuid:retreat_id>/live")
@allow("retreat.moderate")
def numbers(retreat_id: UUID) -> JsonResponse:
    """All that moves on the slide, as JSON."""
    return unless_known(jsonify(as_json(live(db_session(), current_actor(), retreat_id))))


def as_json(now: Live) -> dict[str, object]:
    """Return the numbers by the names that the slide's places carry; ``of_…``: what a full bar stands for."""
    votes = now.tally
    said = {f"importance-{value.value}": votes.importance[value] for value in Importance}
    said |= {f"recommendation-{value.value}": votes.recommendation[value] for value in Recommendation}
    return {
        "state": now.state.value,
        "item": str(now.item or ""),
        "voting": now.voting.value if now.voting else "",
        "participants": now.participants,
        "voters": votes.voters,
        "at": clock(votes.at) if votes.at else "",
        "values": {**said, "points": votes.points, "givers": votes.givers},
        "full": {
            "importance": max(sum(votes.importance.values()), 1),
            "recommendation": max(sum(votes.recommendation.values()), 1),
            "points": max(now.highest, 1),
            "givers": max(now.participants, 1),
        },
    }
