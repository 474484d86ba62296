"""What just happened, said once on the next page."""

from typing import cast

from flask import flash
from flask_babel import gettext

__all__ = ["tell"]


def tell(text: str, kind: str = "ok", *, title: str = "", undo: str = "") -> None:
    """Say *text* on the next page, after *title* in bold. kind: ok, info, wait, error. *undo*: address that takes it back."""
    message = {"title": title, "text": text}
    if undo:
        message |= {"action_url": undo, "action_label": gettext("Rückgängig")}
    flash(cast(str, message), kind)
