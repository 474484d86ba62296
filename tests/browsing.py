"""Helpers for tests that talk HTTP like a browser without scripts."""

import re
from typing import Any

from flask.testing import FlaskClient
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
    client: FlaskClient, path: str, data: dict[str, Any] | None = None, *, page: str = "/imprint", **kwargs: Any
) -> TestResponse:
    """Post *data* to *path* with the CSRF token found on *page*."""
    return client.post(path, data={"csrf_token": _token(client, page), **(data or {})}, **kwargs)


def _token(client: FlaskClient, page: str) -> str:
    """The token of *page*, read once per browser session: it stays good until someone signs in or out."""
    session_seed, token = getattr(client, "read_token", (None, ""))
    if session_seed is None or session_seed != _seed(client):
        token = csrf_token(client, page)
        client.read_token = (_seed(client), token)  # type: ignore[attr-defined]
    return token


def _seed(client: FlaskClient) -> str | None:
    with client.session_transaction() as cookie:
        return cookie.get("csrf_token")


def sign_in(client: FlaskClient, user: User, password: str = PASSWORD) -> None:
    """Sign in through the real form."""
    response = post(client, "/login", {"email": user.email, "password": password})
    assert response.status_code == 303, response.get_data(as_text=True)[:500]
