"""Remarks about modules and about the offer as a whole."""

from flask import Response

from catalogue.services import feedback, modules
from catalogue.services.permissions import Own, require
from catalogue.web.api.blueprint import answer, body, bp
from catalogue.web.api.bodies import FeedbackBody
from catalogue.web.api.shapes import feedback_shape
from catalogue.web.auth import current_actor
from catalogue.web.requests import db_session


@bp.post("/modules/<slug>/feedback")
def give_feedback(slug: str) -> Response:
    """Say what the own company thinks of a module."""
    session, actor = db_session(), current_actor()
    require(actor, "feedback.write", Own(actor.company_id))
    sent = body(FeedbackBody)
    module = modules.get(session, actor, slug)
    return answer(feedback_shape(feedback.give(session, actor, sent.input(), module)), 201)


@bp.post("/feedback")
def give_general_feedback() -> Response:
    """Say what the own company thinks of the offer as a whole."""
    session, actor = db_session(), current_actor()
    require(actor, "feedback.write", Own(actor.company_id))
    return answer(feedback_shape(feedback.give(session, actor, body(FeedbackBody).input())), 201)
