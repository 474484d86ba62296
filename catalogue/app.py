"""Puts the layers together: settings, database, search, web. No rules here."""

import os
from datetime import timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from catalogue import web
from catalogue.db import Database
from catalogue.logs import configure_logging
from catalogue.paths import resources
from catalogue.search.index import SearchIndex
from catalogue.services import background, identities
from catalogue.settings import Settings, SettingsError, load_secret_key, prepare_state

__all__ = ["create_app", "create_serving_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application for *settings* (default: from the environment)."""
    settings = settings or Settings.from_env()
    refuse_debugging(settings)
    identities.check_settings(settings)
    prepare_state(settings)
    configure_logging(settings.log_format, settings.log_level)
    app = Flask("catalogue", template_folder=str(resources("templates")), static_folder=str(resources("static")))
    app.config.from_mapping(_flask_config(settings))
    app.extensions["settings"] = settings
    app.extensions["database"] = Database(settings.database_url)
    app.extensions["search"] = SearchIndex(settings.index_folder)
    web.init(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    return app


def create_serving_app(settings: Settings | None = None) -> Flask:
    """Return the application of a process that serves: it also follows what others change, and reads ahead what pages need.

    Make it in each serving process after it was forked; threads and connections do not survive a fork.
    """
    app = create_app(settings)
    background.start(app.extensions["database"], app.extensions["settings"], app.extensions["search"])
    return app


def refuse_debugging(settings: Settings) -> None:
    """Raise where Flask would show its debugger to everybody: whoever sees it can run code."""
    if settings.secure and os.environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no"):
        raise SettingsError("FLASK_DEBUG is set, but CATALOGUE_BASE_URL is public: remove it from the environment.")


def _flask_config(settings: Settings) -> dict[str, object]:
    prefix = "__Host-" if settings.secure else ""
    return {
        "SECRET_KEY": load_secret_key(settings),
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SESSION_COOKIE_NAME": f"{prefix}session",
        "SESSION_COOKIE_SECURE": settings.secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=settings.session_max_days),
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "MAX_CONTENT_LENGTH": settings.max_upload_mb * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        "DEBUG": False,  # whatever FLASK_DEBUG says: no traceback and no console ever reaches a browser
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: a form may stay open over lunch
        "WTF_CSRF_SSL_STRICT": False,  # Origin and Sec-Fetch-Site are checked in web/auth.py
        "BOOTSTRAP_SERVE_LOCAL": True,
    }
