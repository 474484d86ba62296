"""The phones of a Klausur, under /k: join with the code, vote, change one's mind. No account; everything works without script, too.

A page with a code looks the same whether the code exists or not: only joining tells, and wrong codes are counted.
"""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalogue.models import Importance, Recommendation
from catalogue.services import retreat_votes
from catalogue.services.errors import Conflict, Invalid, NotFound, Refused, TooMany
from catalogue.services.retreat_votes import Ballot, VoteInput
from catalogue.services.retreats import normal_code
from catalogue.services.throttle import Limit, forgive, network_of, reserve
from catalogue.texts import N_
from catalogue.web.cookies import read_cookie, set_cookie
from catalogue.web.languages import show
from catalogue.web.limits import limiter, wait_text
from catalogue.web.polling import unless_known
from catalogue.web.requests import database, db_session

bp = Blueprint("participation", __name__, url_prefix="/k")
COOKIE = "klausur"
DAYS = 3
ROOM = "12000 per minute"  # a whole room comes from one address: 300 phones ask every two seconds
WRONG_CODES = 30  # from one network in five minutes; a room shares one address, and right codes are not counted
WINDOW = timedelta(minutes=5)
STATUS = {NotFound: 404, Conflict: 409, Invalid: 422}
Page = str | tuple[str, int] | Response


limiter.limit(ROOM)(bp)


@bp.get("", strict_slashes=False)
@bp.get("/<code>")
def welcome(code: str = "") -> Page:
    """Ask for the code, or show the one of the QR code; whoever has joined goes on."""
    if code == "" and _token() and _is_there():
        return redirect(url_for(".ballot"), 303)
    return _join_page(code)


def _token() -> str:
    return read_cookie(COOKIE, "/k")[:100]


def _is_there() -> bool:
    try:
        retreat_votes.signal(db_session(), _token())
    except NotFound:
        return False
    return True


def _join_page(code: str, problem: str = "") -> str:
    return render_template("participation/join.html", code=normal_code(code), problem=problem, joined=bool(_token()))


@bp.post("", strict_slashes=False)
def join() -> Page:
    """Take part: the cookie is the ticket. The same phone stays the same participant."""
    code = request.form.get("code", "")
    try:
        token = _join(code)
    except TooMany as error:
        return _join_page(code, wait_text(error)), 429
    except Refused as error:
        return _join_page(code, show(error.text)), STATUS.get(type(error), 400)
    answer = redirect(url_for(".ballot"), 303)
    set_cookie(answer, COOKIE, token, DAYS * 86_400, path="/k")
    return answer


def _join(code: str) -> str:
    """Wrong codes are counted although the answer is an error: in a transaction of their own, before the code is looked at."""
    limit = Limit("klausur", network_of(request.remote_addr or ""), WRONG_CODES, WINDOW)
    with database().write() as counting:
        reserved = reserve(counting, [limit])
    try:
        token = retreat_votes.join(db_session(), code, request.form.get("label", ""), _token())
    except Conflict:
        db_session().rollback()
        _forgive(reserved)
        raise
    forgive(db_session(), reserved)
    return token


def _forgive(reserved: list[int]) -> None:
    with database().write() as counting:
        forgive(counting, reserved)


@bp.get("/vote")
def ballot() -> Page:
    """The module on the slide, or with ``item`` another one that was open already."""
    try:
        item = UUID(request.args["item"]) if request.args.get("item") else None
    except ValueError as error:
        raise NotFound from error
    if not _token() or not _is_there():
        return redirect(url_for(".welcome"), 303)
    return _ballot_page(retreat_votes.ballot(db_session(), _token(), item))


def _ballot_page(shown: Ballot, problem: str = "") -> str:
    return render_template(
        "participation/ballot.html",
        ballot=shown,
        retreat=shown.retreat,
        item=shown.item,
        own=shown.vote,
        signal=_as_json(shown.signal),
        problem=problem,
        importance=Importance,
        recommendations=Recommendation,
    )


@bp.post("/vote/<uuid:item_id>")
def vote(item_id: UUID) -> Page:
    """Say everything about one module, instead of what was said before; scripts get JSON, forms the page again."""
    wants_json = request.headers.get("X-Requested-With") == "fetch"
    try:
        said = _said()
        left = retreat_votes.vote(db_session(), _token(), item_id, said)
    except (Conflict, Invalid, NotFound) as error:
        return _refused(error, item_id, wants_json)
    if not wants_json:
        return redirect(url_for(".ballot", item=item_id, _anchor="stimme"), 303)
    return jsonify({"points": said.points or 0, "left": left})


def _refused(error: Refused, item_id: UUID, wants_json: bool) -> Page:
    status = STATUS[type(error)]
    db_session().rollback()
    text = show(next(iter(error.fields.values()))) if isinstance(error, Invalid) else show(error.text)
    if wants_json:
        return make_response(jsonify({"problem": text}), status)
    if not _token() or not _is_there():
        return redirect(url_for(".welcome"), 303)
    return _ballot_page(retreat_votes.ballot(db_session(), _token(), item_id), text), status


def _said() -> VoteInput:
    """What the form says; a pressed button (``to``: that many points, ``clear``: nothing any more) goes before the fields."""
    if "clear" in request.form:
        return VoteInput()
    points = request.form.get("to") or request.form.get("points")
    if points and not (points.isdecimal() and len(points) < 5):
        raise Invalid("points", N_("Geben Sie eine Zahl ab 0 ein."))
    importance, recommendation = request.form.get("importance"), request.form.get("recommendation")
    try:
        return VoteInput(
            Importance(importance) if importance else None,
            int(points) if points else None,
            Recommendation(recommendation) if recommendation else None,
        )
    except ValueError as error:
        raise Invalid("", N_("Diese Antwort gibt es nicht.")) from error


@bp.get("/state")
def state() -> Response:
    """Where the Klausur stands, asked for every two seconds: one small query, and 304 while nothing changes."""
    try:
        return unless_known(jsonify(_as_json(retreat_votes.signal(db_session(), _token()))))
    except NotFound as error:
        return make_response(jsonify({"problem": show(error.text)}), 404)


def _as_json(now: retreat_votes.Signal) -> dict[str, str]:
    return {
        "state": now.state.value,
        "item": str(now.item or ""),
        "voting": now.voting.value if now.voting else "",
    }
