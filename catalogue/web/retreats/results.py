"""What the room said: the ranking beside the companies' demand, and the table to keep."""

from uuid import UUID

from flask import Response, render_template

from catalogue.models import Importance, Recommendation, VotingWay
from catalogue.services import decision_listing, disclosure, retreat_results
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.downloads import download, format_of
from catalogue.web.limits import EXPORT, limiter
from catalogue.web.requests import database, db_session
from catalogue.web.retreats.blueprint import bp


@bp.get("/<uuid:retreat_id>/result")
@allow("retreat.moderate")
def result(retreat_id: UUID) -> str:
    """The ranking. It may be shown in the room: demand stands beside it as on the slides."""
    found = retreat_results.result(db_session(), current_actor(), retreat_id)
    return render_template(
        "retreats/result.html",
        result=found,
        retreat=found.retreat,
        by_points=found.retreat.way == VotingWay.POINTS,
        importance=Importance,
        recommendations=Recommendation,
        most=max([row.tally.points for row in found.rows], default=0),
        standings=decision_listing.standings(db_session(), current_actor()),
        limit=disclosure.limit_of(settings().k_anonymity, disclosure.UNKNOWN),
    )


@bp.get("/<uuid:retreat_id>/result.<format>")
@allow("retreat.moderate")
@limiter.limit(EXPORT)
def export(retreat_id: UUID, format: str) -> Response:
    """The ranking as CSV or XLSX."""
    chosen = format_of(format)
    found = retreat_results.result(db_session(), current_actor(), retreat_id)
    with database().write() as writing:
        retreat_results.note_export(writing, current_actor(), found.retreat, chosen.value)
    return download(retreat_results.table(found), chosen)
