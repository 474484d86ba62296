"""Cookies besides the session: over https under names that no other host and no connection without TLS can set."""

from typing import Literal

from flask import current_app, request
from werkzeug.wrappers import Response

__all__ = ["delete_cookie", "read_cookie", "set_cookie"]


def _name(name: str, path: str) -> str:
    """Browsers keep ``__Host-`` to this host and all its paths; a cookie of one path can only be ``__Secure-``."""
    if not current_app.extensions["settings"].secure:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def read_cookie(name: str, path: str = "/") -> str:
    """Return the value of the cookie, "" if there is none."""
    return request.cookies.get(_name(name, path), "")


def set_cookie(
    answer: Response, name: str, value: str, seconds: int, path: str = "/", samesite: Literal["Lax", "Strict"] = "Lax"
) -> None:
    """Set the cookie: never for scripts, not for other sites, with https only over it."""
    secure = current_app.extensions["settings"].secure
    answer.set_cookie(
        _name(name, path), value, max_age=seconds, path=path, httponly=True, samesite=samesite, secure=secure
    )


def delete_cookie(answer: Response, name: str, path: str = "/") -> None:
    """Take the cookie away."""
    set_cookie(answer, name, "", 0, path)
