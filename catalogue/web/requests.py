"""The session around a request, and the one place where a request commits.

GET and HEAD read; other methods begin with SQLite's write lock, commit when the answer is a success or a redirect (status
below 400) and roll back otherwise. After the commit the index learns what changed; that never fails the request.
"""

import secrets
import threading
from typing import cast

import structlog
from flask import Flask, Response, current_app, g, request

from catalogue.db import Database, Session
from catalogue.search import sync
from catalogue.web.errors import Busy, busy_response

SAFE = {"GET", "HEAD", "OPTIONS"}
WAITING = 5  # requests that may wait for SQLite's write lock; the server's other threads (of 8) go on answering readers
PATIENCE = 1  # seconds that one more waits for its turn before it is told to come back
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
        session.rollback()
        session.close()
    g.pop("_login_user", None)  # Flask-Login's memory of who asks; read again at the next question


def _take_turn() -> None:
    """Join those who wait for the write lock, given back at the end of the request; raise Busy if there are too many."""
    if not _writers.acquire(timeout=PATIENCE):
        raise Busy
    g.is_writer = True


def _name_request() -> None:
    g.request_id = secrets.token_hex(6)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if "db_session" not in g or request.method in SAFE:
        return response
    if response.status_code >= 400:
        g.db_session.rollback()
        return response
    try:
        g.db_session.commit()
    except Exception as error:
        g.db_session.rollback()
        return busy_response(error)
    _index()
    return response


def _index() -> None:
    if current_app.extensions["settings"].inline_indexing:
        sync.keep_up(database(), current_app.extensions["search"])


def _close(_error: BaseException | None) -> None:
    session = g.pop("db_session", None)
    if session is not None:
        session.close()
    if g.pop("is_writer", False):
        _writers.release()
