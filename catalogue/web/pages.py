"""Pages that say how the catalogue works: help, who sees what, privacy, accessibility, imprint."""

from flask import Blueprint, render_template

from catalogue.models import OfferStatus

bp = Blueprint("pages", __name__)


@bp.get("/help")
def help() -> str:
    """Show how to search, mark and write to the network office."""
    return render_template("pages/help.html", statuses={status.value: status for status in OfferStatus})


@bp.get("/who-sees-what")
def who_sees_what() -> str:
    """Explain the three steps of confidentiality and who sees which number."""
    return render_template("pages/who_sees_what.html")


@bp.get("/privacy")
def privacy() -> str:
    """Say which personal data is kept, why and how long."""
    return render_template("pages/privacy.html")


@bp.get("/accessibility")
def accessibility() -> str:
    """Show the accessibility statement."""
    return render_template("pages/accessibility.html")


@bp.get("/imprint")
def imprint() -> str:
    """Show who runs this installation."""
    return render_template("pages/imprint.html")
