"""Helpers for tests that talk HTTP like a browser without scripts."""

import re
from typing import Any

from flask import session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from catalogue.models import User
from tests.factories import PASSWORD

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def csrf_token(client: FlaskClient, path: str = "/imprint") -> str:
    """The token of a form on *path*."""
    found = TOKEN.search(client.get(path, follow_redirects=True).get_data(as_text=True))
    assert found, f"no form with a CSRF token on {path}"
    return found[1]


def post(
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, *, page: str = "", **kwargs: Any
) -> TestResponse:
    """Post *data* to *path* with the CSRF token of *page*, or without reading a page with one of the same browser session."""
    token = csrf_token(client, page) if page else _new_token(client)
    return client.post(path, data={"csrf_token": token, **(data or {})}, **kwargs)


def _new_token(client: FlaskClient) -> str:
    with client.session_transaction() as cookie, client.application.test_request_context():
        session.update(cookie)
        token: str = generate_csrf()
        cookie["csrf_token"] = session["csrf_token"]
    return token


def sign_in(client: FlaskClient, user: User, password: str = PASSWORD) -> None:
    """Sign in through the real form."""
    response = post(client, "/login", {"email": user.email, "password": password})
    assert response.status_code == 303, response.get_data(as_text=True)[:500]
