"""What just happened, said once on the next page."""

from typing import cast

from flask import flash

__all__ = ["tell"]


def tell(text: str, kind: str = "ok", *, title: str = "") -> None:
    """Say *text* on the next page, after *title* in bold. kind: ok, info, wait, error."""
    flash(cast(str, {"title": title, "text": text}), kind)
