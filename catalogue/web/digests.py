"""Digests: how often, ending them with one click, and what links in them do. Opening a link changes nothing; only its button does."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from catalogue.models import Frequency
from catalogue.services import digest_choices, mail_links
from catalogue.services.errors import Invalid, NotFound
from catalogue.web.auth import allow, current_actor, settings
from catalogue.web.ended import ended as ended_page
from catalogue.web.filters import label
from catalogue.web.languages import show
from catalogue.web.limits import WRITE, limiter
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

bp = Blueprint("digests", __name__)
limiter.limit(WRITE, methods=["POST"])(bp)
Page = Response | str | tuple[str, int]
FREQUENCIES = {frequency.value: frequency for frequency in digest_choices.CHOICES}


@bp.app_template_global()
def digest_frequencies() -> list[tuple[str, str, bool]]:
    """What the account page offers: value, words, whether it is chosen."""
    now = digest_choices.chosen(db_session(), current_actor())
    return [(one.value, label(one), one == now) for one in digest_choices.CHOICES]


@bp.errorhandler(NotFound)
def ended(error: NotFound) -> Page:
    """Say why the link does not work (any more)."""
    return ended_page(error, (gettext("Unser Unternehmen"), url_for("company.index")))


@bp.after_request
def keep_secret(response: Response) -> Response:
    """The address is the key: no other site, search engine or cache learns it."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.post("/account/digest")
@allow("account.own")
def choose() -> Response:
    """Choose how often the digest comes; anything else than what is offered is refused."""
    frequency = FREQUENCIES.get(request.form.get("frequency", ""), Frequency.DAILY)  # which the service refuses
    digest_choices.choose(db_session(), current_actor(), frequency)
    off = frequency == Frequency.OFF
    tell(
        gettext("Es kommen keine Übersichten mehr.")
        if off
        else gettext("Ihre Übersicht: %(how)s.", how=label(frequency))
    )
    return redirect(url_for("accounts.index", _anchor="digest"), 303)


@bp.get("/mail/unsubscribe/<uuid:user_id>/<signature>")
def ask_unsubscribe(user_id: UUID, signature: str) -> str:
    """Ask before the mails end: programs that look at links in mails must not end them."""
    return _unsubscribe_page(user_id, signature)


@bp.post("/mail/unsubscribe/<uuid:user_id>/<signature>")
def unsubscribe(user_id: UUID, signature: str) -> str:
    """End them; people press the button, mail programs post by themselves (RFC 8058)."""
    digest_choices.unsubscribe(db_session(), settings(), user_id, signature)
    return _unsubscribe_page(user_id, signature)


def _unsubscribe_page(user_id: UUID, signature: str) -> str:
    user = digest_choices.by_link(db_session(), settings(), user_id, signature)
    off = digest_choices.is_off(db_session(), user)
    return render_template("digests/unsubscribe.html", off=off, address=request.path)


@bp.get("/mail/confirm/<token>")
def ask_confirm(token: str) -> Page:
    """What the company said, and the button that says it still holds."""
    opened = mail_links.open_demand(db_session(), settings(), token)
    return render_template("digests/confirm.html", demand=opened.demand, who=opened.actor, token=token)


@bp.post("/mail/confirm/<token>")
def confirm(token: str) -> Page:
    """It still holds."""
    mail_links.confirm(db_session(), settings(), token)
    return redirect(url_for(".thanks"), 303)


@bp.get("/mail/answer/<token>")
def ask_answer(token: str) -> Page:
    """What the network office asks about a wish, and a field for the answer."""
    opened = mail_links.open_wish(db_session(), settings(), token)
    return render_template("digests/answer.html", wish=opened.wish, who=opened.actor, token=token, text="", problem="")


@bp.post("/mail/answer/<token>")
def answer(token: str) -> Page:
    """Send the answer."""
    text = request.form.get("text", "")
    try:
        mail_links.answer(db_session(), settings(), token, text)
    except Invalid as refused:
        opened = mail_links.open_wish(db_session(), settings(), token)
        problem = show(next(iter(refused.fields.values())))
        page = render_template(
            "digests/answer.html", wish=opened.wish, who=opened.actor, token=token, text=text, problem=problem
        )
        return page, 422
    return redirect(url_for(".thanks"), 303)


@bp.get("/mail/thanks")
def thanks() -> str:
    """After the button."""
    return render_template("digests/thanks.html")
