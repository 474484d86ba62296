"""What other sites load into their pages: who may frame the one page that can be, and what it may load there.

Everything else stays ``frame-ancestors 'none'``. These addresses know no session: it is not read, cannot be written, and caches
need not tell people apart.
"""

import re

from flask import Flask, Request, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from catalogue.settings import Settings, SettingsError

__all__ = ["SCRIPTED", "ancestors", "init", "is_elsewhere", "is_framed", "policy"]

FRAME = "/embed/modules"
WIDGET = "/embed/widget.js"
SCRIPTED = "resize"  # the parameter that asks for the one script of the framed page
HOST = re.compile(
    r"(https?://)?(\*\.)?[a-z0-9](-*[a-z0-9])*(\.[a-z0-9](-*[a-z0-9])*)*(:(\d{1,5}|\*))?", re.IGNORECASE | re.ASCII
)


class _Sessions(SecureCookieSessionInterface):
    """Flask's sessions, none for what other sites load."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path in (FRAME, WIDGET) else super().open_session(app, request)


def init(app: Flask) -> None:
    """Keep sessions away, and refuse settings that would not do what they say."""
    app.session_interface = _Sessions()
    ancestors(app.extensions["settings"])


def is_framed() -> bool:
    """Whether this request is answered in a frame of another site, errors included."""
    return request.path == FRAME


def is_elsewhere() -> bool:
    """Whether other sites load this answer into their pages, errors included."""
    return request.path in (FRAME, WIDGET)


def ancestors(settings: Settings) -> str:
    """Return who may frame, as the policy says it; the catalogue itself always may. Raise SettingsError for what is no host."""
    for host in settings.embed_hosts:
        if host != "*" and not HOST.fullmatch(host):
            raise SettingsError(
                f"CATALOGUE_EMBED_HOSTS must hold hosts such as https://www.example.org or https://*.example.org, not {host!r}."
            )
    return " ".join(("'self'", *settings.embed_hosts))


def policy() -> str:
    """Return the content security policy of the framed page: styles and pictures of ours, a script only if it is asked for."""
    scripts = "script-src 'self'; " if request.args.get(SCRIPTED) == "1" else ""
    frame = ancestors(current_app.extensions["settings"])
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; "
        f"frame-ancestors {frame}"
    )
