"""A form sent twice is answered twice and counts once: ``once()`` in components/form.html puts a random mark into a form.

Only an answer that leads somewhere else (303) is remembered. What was sent with other contents is another form. It is for
people who are signed in, and stay so: a new cookie would not reach whom the first answer did not reach, and signing in counts
its tries in a transaction of its own, which must not wait for this one.
"""

import hashlib
import secrets

from flask import Flask, Response, g, make_response, redirect, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from catalogue.services import sent_forms
from catalogue.web.notices import tell
from catalogue.web.requests import db_session

__all__ = ["FIELD", "init", "repeat_leads_to"]

FIELD = "once"
SIGNED_IN = "_user_id"  # where Flask-Login keeps the sign-in
PART = 65_536  # bytes of a file that are read at once


class _Repeated(Exception):
    """The form was answered before."""

    def __init__(self, location: str) -> None:
        self.location = location


def init(app: Flask) -> None:
    """Register the hooks; after those that know who asks and that the request comes from a page of ours."""
    app.before_request(_recognise)
    app.after_request(_remember)
    app.register_error_handler(_Repeated, _lead_to_first)
    app.jinja_env.globals.update(once_mark=lambda: secrets.token_urlsafe(9))


def repeat_leads_to(address: str) -> None:
    """For views whose answer is a page that is shown only once: whoever sends the form again is led to *address*."""
    g.once_address = address


def _recognise() -> None:
    if request.method == "POST" and request.endpoint and session.get(SIGNED_IN) and request.form.get(FIELD):
        g.once_by = session[SIGNED_IN]
        key = _key()
        first = sent_forms.claim(db_session(), key)
        if first is not None:
            raise _Repeated(first)
        g.once = key


def _lead_to_first(repeated: _Repeated) -> BaseResponse:
    tell(gettext("Das war schon gespeichert. Die zweite Eingabe zählt nicht noch einmal."), "info")
    return redirect(repeated.location, 303)


def _key() -> str:
    """Return what is the same only for the same fields and files of the same form of the same person."""
    digest = hashlib.sha256(repr((request.path, session[SIGNED_IN])).encode("utf-8", "surrogatepass"))
    fields = sorted((name, values) for name, values in request.form.lists() if name != "csrf_token")
    digest.update(repr(fields).encode("utf-8", "surrogatepass"))
    for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        digest.update(repr((name, file.filename)).encode("utf-8", "surrogatepass"))
        while part := file.stream.read(PART):
            digest.update(part)
        file.stream.seek(0)
    return digest.hexdigest()


def _remember(response: Response) -> Response:
    key = g.pop("once", None)
    if key is None or response.status_code >= 400:
        return response
    address = response.headers["Location"] if response.status_code == 303 else g.get("once_address")
    if not address or len(address) > sent_forms.LONGEST or session.get(SIGNED_IN) != g.once_by:
        sent_forms.forget(db_session(), key)
        return response
    first = sent_forms.answer(db_session(), key, address)
    if first is None:
        return response
    db_session().rollback()
    return make_response(_lead_to_first(_Repeated(first)))
