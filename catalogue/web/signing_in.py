"""What follows when somebody proved the first factor: a sign-in, or the question for the second."""

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from catalogue.models import User
from catalogue.services import links
from catalogue.services.permissions import Actor
from catalogue.web.auth import current_actor, sign_in, start_afresh
from catalogue.web.languages import local_path
from catalogue.web.requests import db_session

__all__ = ["HALF_WAY", "arrive", "home_of", "proceed"]

HALF_WAY = "half_way"  # in the cookie: a token that is no sign-in, see services/links.py


def home_of(actor: Actor) -> str:
    """Return the start page of the actor's role."""
    if actor.is_staff:
        return "/curation"
    return "/company" if actor.is_member else url_for("search.index")


def proceed(user: User, wanted: str | None = "") -> Response:
    """Sign *user* in and lead to the page that was *wanted*; who has a second factor is asked for it first and is nobody until then."""
    if user.second_factor_at is None:
        return arrive(user, wanted)
    start_afresh()
    session[HALF_WAY] = links.half_way(db_session(), user)
    return redirect(url_for("second_factor.code", next=local_path(wanted, "") or None), 303)


def arrive(user: User, wanted: str | None) -> Response:
    """Sign *user* in and lead to the page that was *wanted*, or to the start page of the role."""
    sign_in(user)
    return redirect(local_path(wanted, home_of(current_actor())), 303)
