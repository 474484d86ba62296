"""Whether the process lives, whether it can serve, and its figures."""

from flask import Blueprint, Response, jsonify

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def live() -> Response:
    """Return 200 while the process answers."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
def ready() -> Response:
    """Return 200 while pages can be served."""
    return jsonify({"status": "ok"})
