"""The page for links that do not work any more: why, and where to go instead."""

from flask import render_template

from catalogue.services.errors import Refused
from catalogue.web.languages import show

__all__ = ["ended"]


def ended(error: Refused, *ways: tuple[str, str], hint: str = "") -> tuple[str, int]:
    """Return the page and its status 410. *ways*: texts and addresses, the most likely one first."""
    return render_template("links/ended.html", text=show(error.text), ways=ways, hint=hint), 410
