"""What just happened, said once on the next page."""

from typing import cast

from flask import flash
from flask_babel import gettext

__all__ = ["show_notice", "tell"]


def tell(text: str, kind: str = "ok", *, title: str = "", undo: str = "") -> None:
    """Say *text* on the next page, after *title* in bold. kind: ok, info, wait, error. *undo*: address that takes it back."""
    message = {"title": title, "text": text}
    if undo:
        message |= {"action_url": undo, "action_label": gettext("Rückgängig")}
    flash(cast(str, message), kind)


def show_notice(url: str) -> None:
    """Say once that there is a new version of the notice on privacy and the rules of use; nothing has to be agreed to."""
    text = gettext("Sagen, was über Sie gespeichert wird, wie lange, und was gilt. Sie müssen nichts bestätigen.")
    message = {"title": gettext("Unsere Hinweise zum Datenschutz und zur Nutzung"), "text": text}
    flash(cast(str, message | {"link_url": url, "link_label": gettext("Hinweise lesen")}), "info")
