"""General rate limits (memory, per process). Limits of signing in live in the database, see services/throttle.py."""

from flask import Flask, current_app, request
from flask_babel import gettext, ngettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from catalogue.services.errors import TooMany

limiter = Limiter(get_remote_address, default_limits=["600 per minute"], storage_uri="memory://", headers_enabled=False)
SEARCH = "20 per second;300 per minute"
WRITE = "120 per minute"
EXPORT = "30 per minute"
HARVEST = "60 per minute"
PUBLIC_PDF = "10 per minute"  # each may cost seconds of a processor


def init(app: Flask) -> None:
    """Switch the limits on or off as the settings say."""
    app.config["RATELIMIT_ENABLED"] = app.extensions["settings"].rate_limits
    limiter.init_app(app)
    limiter.request_filter(_is_free)


def _is_free() -> bool:
    """Whether a request is not counted. The setting is asked each time: the limiter is one for all applications of a process."""
    if not current_app.extensions["settings"].rate_limits:
        return True
    return request.endpoint in ("static", "bootstrap.static", "health.live", "health.ready")


def wait_text(error: TooMany) -> str:
    """Return a sentence that says how long to wait."""
    wait = ngettext("Warten Sie eine Minute", "Warten Sie %(num)s Minuten", -(-error.seconds // 60))
    return str(gettext("Zu viele Versuche in kurzer Zeit. %(wait)s und versuchen Sie es noch einmal.", wait=wait))
