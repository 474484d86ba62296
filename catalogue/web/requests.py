"""The session around a request, and the one place where a request commits.

GET and HEAD read; other methods begin with SQLite's write lock, commit when the answer is a success or a redirect (status
below 400) and roll back otherwise. After the commit the index learns what changed; that never fails the request.
"""

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import structlog
from flask import Flask, Response, current_app, g, request

from catalogue.db import Database, DBAPIError, Session
from catalogue.search import feed, sync
from catalogue.web.errors import Busy, busy_response

SAFE = {"GET", "HEAD", "OPTIONS"}
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
WAITING = 5  # requests that may wait for SQLite's write lock; the server's other threads (of 8) go on answering readers
PATIENCE = 1  # seconds that one more waits for its turn before it is told to come back
QUIET = {
    "static",
    "bootstrap.static",
    "health.live",
    "health.ready",
    "health.metrics",
}  # asked all the time: told at level debug
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_writers = threading.BoundedSemaphore(WAITING)
log = structlog.get_logger(__name__)


def init(app: Flask) -> None:
    """Register the hooks."""
    app.before_request(_name_request)
    app.after_request(_finish)
    app.teardown_request(_close)


def database() -> Database:
    """Return the application's database."""
    return cast(Database, current_app.extensions["database"])


def db_session() -> Session:
    """Return this request's session, opened at first use."""
    if "db_session" not in g:
        writing = request.method not in SAFE
        if writing and database().is_sqlite and "is_writer" not in g:
            _take_turn()
        g.db_session = database().session(write=writing)
    return cast(Session, g.db_session)


def start_over() -> None:
    """Give back what this request holds of the database: what was read so far is forgotten, what was not committed is undone."""
    session = g.pop("db_session", None)
    if session is not None:
        _undo(session)
        session.close()
    g.pop("_login_user", None)  # Flask-Login's memory of who asks; read again at the next question


@contextmanager
def writing() -> Iterator[Session]:
    """Give this GET a session that writes and commits at the end of the block: for the way back from a provider, a GET by its protocol."""
    start_over()
    with database().write() as session:
        g.db_session = session
        try:
            yield session
        finally:
            g.pop("db_session", None)


def _take_turn() -> None:
    """Join those who wait for the write lock, given back at the end of the request; raise Busy if there are too many."""
    if not _writers.acquire(timeout=PATIENCE):
        raise Busy
    g.is_writer = True


def _name_request() -> None:
    g.begun = time.perf_counter()
    g.request_id = _given_id() or secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, route=route())


def _given_id() -> str:
    """Return the id that a proxy of ours gave to the request, so that its log and ours can be joined; "" if nobody may give one."""
    given = request.headers.get("X-Request-ID", "")
    return given if current_app.extensions["settings"].proxies and REQUEST_ID.fullmatch(given) else ""


def route() -> str:
    """Return the pattern of the address that was asked for: addresses themselves hold tokens and what people search for."""
    return request.url_rule.rule if request.url_rule else "none"


def _finish(response: Response) -> Response:
    """Commit, and say in one line what was asked and how it ended. Registered first, so it is the last to see the answer."""
    response = _commit(response)
    response.headers["X-Request-ID"] = g.get("request_id", "")
    seconds = round(time.perf_counter() - g.begun, 4) if "begun" in g else 0.0
    tell = log.debug if request.endpoint in QUIET and response.status_code < 500 else log.info
    method = request.method if request.method in METHODS else "other"
    tell("request", method=method, route=route(), status=response.status_code, seconds=seconds)
    return response


def _commit(response: Response) -> Response:
    if "db_session" not in g or request.method in SAFE:
        return response
    if response.status_code >= 400:
        _undo(g.db_session)
        return response
    try:
        g.db_session.commit()
    except Exception as error:
        _undo(g.db_session)
        return busy_response(error)
    _index()
    return response


def _index() -> None:
    if g.db_session.info.get(feed.FED) and current_app.extensions["settings"].inline_indexing:
        sync.keep_up(database(), current_app.extensions["search"])


def _undo(session: Session) -> None:
    """Roll back. If the database has cut the connection meanwhile there is nothing left to roll back, and the answer stands."""
    try:
        session.rollback()
    except DBAPIError:
        session.invalidate()


def _close(_error: BaseException | None) -> None:
    session = g.pop("db_session", None)
    if session is not None:
        _undo(session)
        session.close()
    if g.pop("is_writer", False):
        _writers.release()
    structlog.contextvars.clear_contextvars()
