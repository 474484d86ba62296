"""For people who write programs: what can be had without asking, and the API in readable words."""

import json
from functools import cache
from urllib.parse import urlsplit

from flask import Blueprint, render_template

from catalogue.models import TokenScope
from catalogue.web.api.blueprint import DOCUMENT
from catalogue.web.auth import settings
from catalogue.web.limits import EXPORT, HARVEST, SEARCH, WRITE
from catalogue.web.reference import Section, sections

bp = Blueprint("developers", __name__)


@cache
def _sections() -> list[Section]:
    return sections(json.loads(DOCUMENT.read_bytes()))


@bp.get("/developers")
def index() -> str:
    """Show the ways to the modules, with examples that work when they are copied."""
    base = settings().base_url.rstrip("/")
    return render_template(
        "developers/index.html",
        base=base,
        host=urlsplit(base).netloc,
        scopes=list(TokenScope),
        limits={"search": _per_minute(SEARCH), "export": _per_minute(EXPORT), "harvest": _per_minute(HARVEST), "write": _per_minute(WRITE)},
        operator=settings(),
    )  # fmt: skip


@bp.get("/developers/api")
def api() -> str:
    """Show the description of the API: every address, what it wants, what it answers."""
    return render_template("developers/api.html", sections=_sections(), base=settings().base_url.rstrip("/"))


def _per_minute(limit: str) -> int:
    """Return how many requests a minute *limit* ("20 per second;300 per minute") lets through."""
    return next(int(part.split()[0]) for part in limit.split(";") if part.endswith("minute"))
