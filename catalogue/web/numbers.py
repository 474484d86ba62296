"""Numbers in addresses, as people and programs may write them."""

from flask import request

__all__ = ["page_number"]

LAST = 100_000


def page_number() -> int:
    """Return the page that was asked for; anything that is no sensible number means the first."""
    text = request.args.get("page", "")
    return min(max(1, int(text)), LAST) if text.isascii() and text.isdigit() and len(text) < 10 else 1
