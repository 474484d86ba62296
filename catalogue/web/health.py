"""Whether the process lives, whether it can serve, and its figures."""

import hmac
import time
from dataclasses import asdict, dataclass
from typing import cast

from flask import Blueprint, Response, abort, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from werkzeug.datastructures import WWWAuthenticate

from catalogue.db import DBAPIError
from catalogue.services import readiness
from catalogue.web.auth import settings
from catalogue.web.requests import METHODS, database

bp = Blueprint("health", __name__)
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True)
class Figures:
    """The figures of one application; each has a registry of its own, so that several can live in one process."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    queues: Gauge
    oldest_mail: Gauge


@bp.record_once
def _prepare(state: BlueprintSetupState) -> None:
    registry = CollectorRegistry()
    state.app.extensions["metrics"] = Figures(
        registry,
        Counter("catalogue_requests", "Answered requests.", ["endpoint", "method", "status"], registry=registry),
        Histogram("catalogue_request_seconds", "Time to answer.", ["endpoint"], buckets=SECONDS, registry=registry),
        Gauge("catalogue_queue_length", "What waits: index, mails, mails_failed.", ["queue"], registry=registry),
        Gauge("catalogue_oldest_mail_seconds", "Age of the oldest mail that waits.", registry=registry),
    )


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
    _measure_queues()
    return Response(generate_latest(_figures().registry), content_type=CONTENT_TYPE_LATEST)


def _figures() -> Figures:
    return cast(Figures, current_app.extensions["metrics"])


def _measure_queues() -> None:
    """Set the gauges; without a database the other figures are still worth having."""
    try:
        with database().read() as session:
            found = readiness.queues(session, current_app.extensions["search"])
    except DBAPIError:
        return
    for name in ("index", "mails", "mails_failed"):
        _figures().queues.labels(name).set(getattr(found, name))
    _figures().oldest_mail.set(found.oldest_mail_seconds)


@bp.after_app_request
def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    _figures().requests.labels(endpoint, method, str(response.status_code)).inc()
    if "begun" in g:
        _figures().seconds.labels(endpoint).observe(time.perf_counter() - g.begun)
    return response
