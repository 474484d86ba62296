"""HTTP: routes, forms, sessions, rendering. One blueprint per noun; rules live in the services."""

from flask import Flask

from catalogue.web import auth, errors, filters, frame, framing, headers, languages, limits, once, requests, sanity
from catalogue.web import routes as _routes

__all__ = ["init"]


def init(app: Flask) -> None:
    """Attach everything that speaks HTTP to *app*."""
    # what answers is changed last by the first: headers are added even to the page that says that nothing could be saved
    for part in (framing, headers, requests, sanity, languages, auth, limits, once, errors, filters, frame, _routes):
        part.init(app)
