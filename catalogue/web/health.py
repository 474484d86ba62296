"""Whether the process lives, whether it can serve, and its figures."""

import hmac
import time
from dataclasses import asdict

from flask import Blueprint, Response, abort, current_app, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.datastructures import WWWAuthenticate

from catalogue.services import figures, gauges, readiness
from catalogue.web.auth import settings
from catalogue.web.requests import METHODS, database

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def live() -> Response:
    """Return 200 while the process answers."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
def ready() -> tuple[Response, int]:
    """Return 200 while pages can be served, else 503; says what is wrong, never where or with which secrets."""
    found = readiness.look(settings(), database(), current_app.extensions["search"])
    return jsonify({"status": found.status, **asdict(found)}), 503 if found.status == "unavailable" else 200


@bp.get("/metrics")
def metrics() -> Response:
    """Return the figures for Prometheus, to whoever shows the token of the settings; 404 if there is none."""
    token: str = current_app.extensions["settings"].metrics_token
    if not token:
        abort(404)
    shown = request.headers.get("Authorization", "")
    if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        abort(401, www_authenticate=WWWAuthenticate("bearer"))
    standing = gauges.standing(settings(), database(), current_app.extensions["search"])
    return Response(figures.text(standing), content_type=CONTENT_TYPE_LATEST)


@bp.after_app_request
def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    figures.REQUESTS.labels(endpoint, method, str(response.status_code)).inc()
    if "begun" in g:
        figures.REQUEST_SECONDS.labels(endpoint).observe(time.perf_counter() - g.begun)
    return response
