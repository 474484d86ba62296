"""Security headers on every answer, errors and static files included (checked in a real browser)."""

from flask import Flask, Response, current_app, g, request

from catalogue.web.framing import is_elsewhere, is_framed, policy

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


def init(app: Flask) -> None:
    """Register the hook."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy() if is_framed() else CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if is_elsewhere() else "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if current_app.extensions["settings"].secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    is_file = request.blueprint in ("exchange", "sharing") and response.mimetype != "text/html"
    if (is_file or is_elsewhere()) and request.method == "GET" and response.status_code < 400:
        headers["Cache-Control"] = "public, max-age=300"  # the same for everybody, with a validator
    elif "kept" in g and response.status_code < 400:
        headers["Cache-Control"] = g.kept  # see web/validators.py
    elif request.endpoint not in ("static", "bootstrap.static"):
        # personal pages must not come back after signing out; the catalogue differs by person, too
        headers["Cache-Control"] = "no-store"
    elif request.args.get("v"):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
