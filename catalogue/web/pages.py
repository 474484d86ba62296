"""Pages that say how the catalogue works: help, who sees what, privacy, accessibility, imprint."""

from datetime import date

from flask import Blueprint, render_template

from catalogue.models import OfferStatus
from catalogue.services import privacy_notice, retention
from catalogue.services.personal_tables import HOLDINGS
from catalogue.web.auth import settings

bp = Blueprint("pages", __name__)


@bp.get("/help")
def help() -> str:
    """Show how to search, mark and write to the network office."""
    return render_template("pages/help.html", statuses={status.value: status for status in OfferStatus})


@bp.get("/who-sees-what")
def who_sees_what() -> str:
    """Explain the three steps of confidentiality and who sees which number."""
    return render_template("pages/who_sees_what.html")


def _facts() -> dict[str, object]:
    """What the settings say about who runs this installation."""
    operator = settings()
    return {
        "missing": privacy_notice.missing(operator),
        "address": privacy_notice.lines(operator.operator_address),
        "version": date.fromisoformat(privacy_notice.VERSION),
    }


@bp.get("/privacy")
def privacy() -> str:
    """Say which personal data is kept, why and how long: facts of the settings and the code."""
    return render_template(
        "pages/privacy.html",
        cookies=privacy_notice.COOKIES,
        held=[holding for holding in HOLDINGS.values() if holding.key],
        periods=retention.periods(settings()),
        calls=privacy_notice.calls(settings()),
        backup_days=privacy_notice.BACKUP_DAYS,
        **_facts(),
    )


@bp.get("/accessibility")
def accessibility() -> str:
    """Show the accessibility statement."""
    return render_template("pages/accessibility.html", **_facts())


@bp.get("/imprint")
def imprint() -> str:
    """Show who runs this installation."""
    return render_template("pages/imprint.html", **_facts())
