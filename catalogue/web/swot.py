"""What members may read of the SWOT: texts that staff published, quotes of remarks that are for all members."""

from flask import Blueprint, current_app, render_template, request

from catalogue.services import swot, swot_subjects
from catalogue.services.errors import NotFound
from catalogue.texts import N_
from catalogue.web.auth import allow, current_actor
from catalogue.web.requests import db_session

bp = Blueprint("swot", __name__)


@bp.app_template_global()
def swot_published() -> bool:
    """Whether there is anything that members can read."""
    return bool(swot_subjects.published(db_session(), current_actor()))


@bp.get("/swot")
@allow("swot.read")
def index() -> str:
    """Show one subject, without a parameter the first there is."""
    session, actor = db_session(), current_actor()
    published = swot_subjects.published(session, actor)
    subject = swot_subjects.find(session, actor, request.args.get("about", ""))
    if subject not in published and published and not subject.key:
        subject = published[0]
    if subject not in published and subject.key:
        raise NotFound(N_("Dazu gibt es keine Übersicht."))
    k = current_app.extensions["settings"].k_anonymity
    return render_template(
        "swot/index.html",
        subject=subject,
        published=published,
        fields=swot.for_members(session, actor, subject, k),
    )
