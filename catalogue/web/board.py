"""A report as the board reads it by link: no account, no names, only what the rule for outsiders lets through."""

from flask import Blueprint, Response, render_template, url_for
from flask_babel import gettext

from catalogue.db import DBAPIError
from catalogue.services import report_board, report_links
from catalogue.services.errors import NotFound
from catalogue.web.auth import log, settings
from catalogue.web.ended import ended
from catalogue.web.limits import limiter
from catalogue.web.requests import database, db_session

bp = Blueprint("board", __name__, url_prefix="/board")
limiter.limit("30 per minute")(bp)


@bp.errorhandler(NotFound)
def not_found(error: NotFound) -> tuple[str, int]:
    """Say that the link does not work (any more), the same for every reason."""
    return ended(error, (gettext("Zum Modulkatalog"), url_for("search.index")))


@bp.after_request
def keep_secret(response: Response) -> Response:
    """The address is the key: no other site, search engine or cache learns it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@bp.get("/<token>")
def show(token: str) -> str:
    """Show what outsiders may see of one report."""
    link, report = report_links.open_link(db_session(), token, settings().k_anonymity)
    try:
        with database().jot() as writing:
            report_links.note_use(writing, link.id)
    except DBAPIError:
        log.warning("use of a link not noted", exc_info=True)
    board = report_board.board_of(report.disclosed)
    # not "link": templates know a function of that name
    return render_template("board/show.html", report=report, link_name=link.name, ends=link.expires_at, board=board)
