"""Broken requests are answered with 400 before anything else looks at them: NUL characters, broken encodings, bad multipart.

PostgreSQL refuses NUL in text, SQLite stores it; neither should ever see one.
"""

from collections.abc import Iterable

from flask import Flask, abort, request
from werkzeug.datastructures import MultiDict

REPLACEMENT = "\ufffd"  # what Werkzeug puts where bytes are not UTF-8


def init(app: Flask) -> None:
    """Register the hook, in front of everything that reads the request."""
    app.before_request(_check)


def _check() -> None:
    if _is_broken([request.path]) or _is_broken(_texts(request.args)):
        abort(400)
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data") and _is_broken(
        _texts(request.form)
    ):
        abort(400)


def _texts(values: MultiDict[str, str]) -> Iterable[str]:
    for name, value in values.items(multi=True):
        yield name
        yield value


def _is_broken(texts: Iterable[str]) -> bool:
    return any("\x00" in text or REPLACEMENT in text for text in texts)
