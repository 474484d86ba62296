"""What was typed before a sign-in ended is not lost: a signed cookie carries it over the sign-in page, for an hour.

The text stays in the writer's own browser; nothing is stored at the server before somebody is signed in again.
"""

import json
import zlib
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import current_app, redirect, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from catalogue.web.auth import current_actor
from catalogue.web.cookies import delete_cookie, read_cookie, set_cookie

__all__ = ["COOKIE", "forget", "keep_and_sign_in", "keeps", "restored"]

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "draft"
SECONDS = 3600
LIMIT = 3800  # browsers keep 4096 bytes with name and attributes
LEFT_OUT = {"csrf_token", "once"}  # the version stays: what a colleague saved meanwhile must not be overwritten unseen


def keep_and_sign_in(page: str) -> Response:
    """Send the visitor to sign in and then to *page* (a local path), which shows again what was typed."""
    fields = {name: values for name, values in request.form.lists() if name not in LEFT_OUT}
    answer = redirect(url_for("accounts.login", next=page), 303)
    set_cookie(answer, COOKIE, _packed({"page": page.partition("?")[0], "fields": fields}), SECONDS)
    return answer


def keeps(view: Callable[P, R]) -> Callable[P, R | Response]:
    """For views that answer a form at the address of its own page: visitors sign in and find there what they typed."""

    @wraps(view)
    def keeping(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if request.method == "POST" and not current_actor().signed_in:
            return keep_and_sign_in(request.path)
        return view(*args, **kwargs)

    return keeping


def restored() -> MultiDict[str, str] | None:
    """Return what was typed on this page before the sign-in, or None."""
    packed = read_cookie(COOKIE)
    if not packed or request.method != "GET":
        return None
    try:
        draft = _serializer().loads(packed, max_age=SECONDS)
    except (BadData, ValueError, zlib.error):
        return None
    if draft.get("page") != request.path:
        return None
    return MultiDict((name, value) for name, values in draft["fields"].items() for value in values)


def forget(answer: Response) -> Response:
    """Drop the draft: it has been saved."""
    if read_cookie(COOKIE):
        delete_cookie(answer, COOKIE)
    return answer


def _packed(draft: dict[str, object]) -> str:
    """Sign the draft; texts that are too long for a cookie are cut."""
    fields = cast(dict[str, list[str]], draft["fields"])
    packed = _dumped(draft)
    while len(packed) > LIMIT and fields:
        longest = max(fields, key=lambda name: sum(len(json.dumps(value)) for value in fields[name]))
        fields[longest] = [value[: len(value) * 3 // 4] for value in fields[longest] if len(value) > 1]
        packed = _dumped(draft)
    return packed


def _dumped(draft: dict[str, object]) -> str:
    signed = _serializer().dumps(draft)
    return signed if isinstance(signed, str) else signed.decode("ascii")


def _serializer() -> URLSafeTimedSerializer:
    keys = [*current_app.config.get("SECRET_KEY_FALLBACKS", []), current_app.secret_key]
    return URLSafeTimedSerializer(keys, salt="draft")
