"""Exceptions become answers: a German page with a next step, or problem+json under /api. Nothing ends in a bare 500."""

import re
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from catalogue.db import DBAPIError, StaleDataError, is_busy, is_failing, is_full, is_read_only, utcnow
from catalogue.logs import describe
from catalogue.services import errors as refusals
from catalogue.services.switches import Mode, Plan
from catalogue.texts import N_
from catalogue.web.framing import is_elsewhere
from catalogue.web.languages import show

log = structlog.get_logger(__name__)

TITLES = {
    400: (
        N_("Die Anfrage ist unvollständig oder beschädigt"),
        N_("Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal."),
    ),
    401: (N_("Dafür ist eine Anmeldung nötig"), N_("Melden Sie sich an. Ihre Eingabe geht dabei nicht verloren.")),
    403: (N_("Dafür fehlt Ihnen die Berechtigung"), N_("Fragen Sie das Netzwerkbüro, wenn Sie diese Seite brauchen.")),
    404: (
        N_("Diese Seite gibt es nicht"),
        N_("Vielleicht wurde sie verschoben. Suchen Sie das Modul oder beginnen Sie auf der Startseite."),
    ),
    405: (N_("Das geht an dieser Stelle nicht"), N_("Gehen Sie zurück und benutzen Sie die Schaltflächen der Seite.")),
    409: (
        N_("Inzwischen hat jemand anderes etwas geändert"),
        N_("Laden Sie die Seite neu und prüfen Sie den neuen Stand."),
    ),
    412: (
        N_("Die Fassung ist nicht mehr aktuell"),
        N_("Laden Sie die aktuelle Fassung und wiederholen Sie die Änderung."),
    ),
    413: (N_("Die Eingabe ist zu groß"), N_("Kürzen Sie den Text oder teilen Sie die Datei.")),
    422: (N_("Einige Angaben fehlen oder stimmen nicht"), N_("Prüfen Sie die genannten Felder.")),
    428: (N_("Die Fassung fehlt"), N_("Nennen Sie die Fassung, die Sie ändern (If-Match).")),
    429: (
        N_("Zu viele Versuche in kurzer Zeit"),
        N_("Warten Sie einen Augenblick und versuchen Sie es dann noch einmal."),
    ),
    500: (
        N_("Es ist ein Fehler passiert"),
        N_("Versuchen Sie es noch einmal. Wenn es wieder geschieht, melden Sie dem Netzwerkbüro die Nummer unten."),
    ),
    503: (
        N_("Der Katalog ist gerade ausgelastet"),
        N_("Ihre Eingabe wurde nicht gespeichert. Versuchen Sie es in einer halben Minute noch einmal."),
    ),
    507: (
        N_("Der Speicherplatz ist voll"),
        N_(
            "Ihre Eingabe wurde nicht gespeichert. Lesen und suchen können Sie weiter. Sagen Sie bitte dem Netzwerkbüro Bescheid."
        ),
    ),
}
NOT_WRITABLE = N_(
    "Der Server kann zurzeit nichts speichern, auch keine Anmeldung. Suchen und lesen können Sie weiter; das Netzwerkbüro weiß, an wen es sich wendet."
)
RETRY_SECONDS = 30
HELD_SECONDS, DAY_SECONDS = 600, 24 * 3600
READ_LATER = N_("Warten Sie einen Augenblick und versuchen Sie es dann noch einmal.")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
STATUS = {
    refusals.NotFound: 404,
    refusals.NotAllowed: 403,
    refusals.Conflict: 409,
    refusals.Invalid: 422,
    refusals.TooMany: 429,
}


class Busy(Exception):
    """Too many requests of this process wait for the database already."""


def init(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(refusals.Refused, _refused)
    app.register_error_handler(refusals.Moved, _moved)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(DBAPIError, busy_response)
    app.register_error_handler(OSError, busy_response)
    app.register_error_handler(Busy, busy_response)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, title: str, fields: list[dict[str, str]] | None = None) -> Response:
    """Return an ``application/problem+json`` answer."""
    response = jsonify({"type": "about:blank", "title": title, "status": status, "errors": fields or []})
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def is_api() -> bool:
    """Whether a program asked, so that the answer is JSON."""
    return request.path.startswith("/api/")


def error_page(status: int, detail: str = "", fields: dict[str, str] | None = None) -> Response:
    """Return the error as a page or as JSON, whichever was asked for."""
    title, step = TITLES.get(status, TITLES[500 if status >= 500 else 400])
    if is_api():
        listed = [{"field": name, "message": message} for name, message in (fields or {}).items()]
        return problem(status, detail or show(title), listed)
    page = render_template(
        "embed/error.html" if is_elsewhere() else "errors/error.html",
        status=status,
        title=show(title),
        detail=detail,
        step=show(READ_LATER if status == 503 and request.method != "POST" else step),
        again=_unsaved() if status in (503, 507) else {},
        fields=fields or {},
        request_id=g.get("request_id", ""),
    )
    return make_response(page, status)


def _unsaved() -> dict[str, list[str]]:
    """Return the fields of a form that could not be saved, for a button that sends them again; passwords never come back."""
    if request.method != "POST" or request.mimetype not in FORMS or request.files:
        return {}
    fields = {name: values for name, values in request.form.lists() if name != "csrf_token"}
    return {} if any("password" in name for name in fields) else fields


def _refused(error: refusals.Refused) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    if isinstance(error, refusals.Invalid):
        return error_page(status, fields={name: show(text) for name, text in error.fields.items()})
    g.refused = status == 403  # web/auth.py records it
    response = error_page(status, show(error.text))
    if isinstance(error, refusals.TooMany):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def _moved(error: refusals.Moved) -> Response:
    """Lead from the address of a merged module to the same page of the one that stays. A change meant the other one: 409."""
    if request.method not in ("GET", "HEAD") or error.old not in (request.view_args or {}).values():
        return error_page(409, show(error.text))
    named: dict[str, Any] = {
        name: error.slug if value == error.old else value for name, value in (request.view_args or {}).items()
    }
    query = request.query_string.decode("ascii", "replace")
    response = make_response("", 301)
    response.headers["Location"] = url_for(request.endpoint or "", **named) + (f"?{query}" if query else "")
    response.headers["Cache-Control"] = "no-cache"  # a merge can be undone
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    response = error_page(status)
    if status == 405 and (allow := error.get_response().headers.get("Allow")):
        response.headers["Allow"] = allow
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _csrf(_error: CSRFError) -> Response:
    return error_page(400, show(N_("Die Seite war zu lange offen oder wurde von einer anderen Seite abgeschickt.")))


def _stale(_error: StaleDataError) -> Response:
    return error_page(409)


def busy_response(error: Exception) -> Response:
    """Answer 503 with Retry-After if the database is busy or cannot write, 507 if its disk is full, 409 for a stale version, else 500."""
    if isinstance(error, StaleDataError):
        return _stale(error)
    if is_full(error):
        log.error("disk full: make room, nothing has to be started anew", error=describe(error))
        return error_page(507)
    if is_read_only(error) or is_failing(error):
        log.error("database cannot be changed: look at its disk", error=describe(error))
        return read_only_page(Plan(Mode.READ_ONLY, show(NOT_WRITABLE)))
    if not (isinstance(error, Busy) or is_busy(error)):
        return _unexpected(error)
    log.warning("database busy")
    response = error_page(503)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def closed_page(plan: Plan) -> Response:
    """Answer 503: maintenance. Asks no database."""
    return _held(plan, N_("Der Katalog wird gerade gewartet"), N_("Danach geht alles weiter wie gewohnt."))


def read_only_page(plan: Plan) -> Response:
    """Answer 503 to a change: reading works, what was typed is shown and can be sent again."""
    return _held(plan, N_("Der Katalog kann gerade nur gelesen werden"), N_("Ihre Änderung wurde nicht gespeichert."))


def _held(plan: Plan, title: str, text: str) -> Response:
    seconds = int((plan.until - utcnow()).total_seconds()) if plan.until else HELD_SECONDS
    if is_api():
        response = problem(503, f"{show(title)}. {show(text)} {plan.reason}".strip())
    else:
        again = _unsaved()
        typed = [
            value
            for name, values in again.items()
            if name != "next"
            for value in values
            if re.search(r"\s", value.strip())
        ]
        page = render_template(
            "embed/error.html" if is_elsewhere() else "errors/held.html", title=show(title), text=show(text), plan=plan, again=again, typed=typed, status=503,
            has_file=any(file.filename for file in request.files.values()) if request.method == "POST" else False,
            request_id=g.get("request_id", ""),
        )  # fmt: skip
        response = make_response(page, 503)
    response.headers["Retry-After"] = str(min(max(seconds, RETRY_SECONDS), DAY_SECONDS))
    return response


def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return error_page(500)
