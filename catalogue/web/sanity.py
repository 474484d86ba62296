"""Broken requests are answered with 400 before anything else looks at them: NUL characters, broken encodings, bad multipart.

PostgreSQL refuses NUL in text, SQLite stores it; neither should ever see one.
"""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, current_app, request
from werkzeug.datastructures import MultiDict

REPLACEMENT = "\ufffd"  # what Werkzeug puts where bytes are not UTF-8


def init(app: Flask) -> None:
    """Register the hook, in front of everything that reads the request."""
    app.before_request(_check)


def _check() -> None:
    if _is_broken([request.path]) or not _is_clean(request.query_string):
        abort(400)
    if request.mimetype == "application/x-www-form-urlencoded":
        _check_form(request.get_data())
    elif request.mimetype == "multipart/form-data" and _is_broken(_texts(request.form)):
        abort(400)


def _check_form(raw: bytes) -> None:
    """Hold forms to the limits that Werkzeug knows for multipart only."""
    limits = current_app.config
    if len(raw) > limits["MAX_FORM_MEMORY_SIZE"] or raw.count(b"&") >= limits["MAX_FORM_PARTS"]:
        abort(413)
    if not _is_clean(raw):
        abort(400)


def _is_clean(encoded: bytes) -> bool:
    """Whether the percent-encoded bytes are UTF-8 without NUL. Werkzeug would take what is not for the text "%FF"."""
    raw = unquote_to_bytes(encoded)
    try:
        return "\0" not in raw.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _texts(values: MultiDict[str, str]) -> Iterable[str]:
    for name, value in values.items(multi=True):
        yield name
        yield value


def _is_broken(texts: Iterable[str]) -> bool:
    return any("\x00" in text or REPLACEMENT in text for text in texts)
