"""What every page has around its content: navigation by role, addresses of static files, who is shown as signed in."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import structlog
from flask import Flask, current_app, g, request, url_for
from werkzeug.routing import BuildError

from catalogue.models import NetworkRole
from catalogue.services.permissions import VISITOR, Actor
from catalogue.texts import N_
from catalogue.web.auth import SignedIn, current_actor
from catalogue.web.facts import entry_facts, next_run, old_year, run_text, sheet_facts, upcoming
from catalogue.web.languages import show

CURATION = (
    "curation",
    "imports",
    "sources",
    "feedback",
    "company_demand",
    "demand_imports",
    "sheets",
)  # blueprints of that area
STATIC = ("static", "bootstrap.static")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Place:
    """One entry of the main navigation."""

    label: str
    url: str
    current: bool


def init(app: Flask) -> None:
    """Register what the layout asks for."""
    app.url_defaults(_add_version)
    app.jinja_env.globals.update(link=link, navigation=navigation, frame_actor=frame_actor, here=here)
    app.jinja_env.globals.update(
        {function.__name__: function for function in (entry_facts, sheet_facts, next_run, upcoming, old_year, run_text)}
    )


def link(endpoint: str, **values: Any) -> str:
    """Return the address of *endpoint*, or "" if this installation has no such page."""
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return ""


def here() -> str:
    """Return this page's path with its parameters, to come back to after a form elsewhere ("/" on pages that forms answer)."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def frame_actor(status: int = 200) -> Actor:
    """Return who is shown as signed in. Never fails: on a page about a failure only what is loaded already is used."""
    if status >= 500:
        loaded = g.get("_login_user")
        return loaded.actor if isinstance(loaded, SignedIn) else VISITOR
    try:
        return current_actor()
    except Exception:  # the page is about something else; that it cannot be looked up must not hide it
        log.warning("frame without actor", exc_info=True)
        return VISITOR


def navigation(actor: Actor) -> list[Place]:
    """Return the main areas for *actor*, only those that exist."""
    wanted: list[tuple[str, str, tuple[str, ...]]] = [
        ("search.index", N_("Module suchen"), ("search", "modules", "measures", "providers", "programmes")),
        ("runs.index", N_("Termine"), ("runs",)),
    ]
    if actor.is_member:
        wanted.append(
            ("company.index", N_("Unser Unternehmen"), ("company", "people", "interest", "answers", "sheets"))
        )
        wanted.append(("wishes.index", N_("Wünsche"), ("wishes",)))
    if actor.is_staff:
        wanted.append(("curation.index", N_("Pflege"), CURATION))
        wanted.append(("planning.index", N_("Planung"), ("planning",)))
        wanted.append(("retreats.index", N_("Klausur"), ("retreats",)))
        if not actor.is_member:
            wanted.append(("wishes.index", N_("Wünsche"), ("wishes",)))
    if actor.network_role == NetworkRole.ADMIN:
        wanted.append(
            ("admin.index", N_("Verwaltung"), ("admin", "companies", "company_imports", "users", "access", "switches"))
        )
    here = request.blueprint or ""
    return [Place(show(label), url, here in areas) for endpoint, label, areas in wanted if (url := link(endpoint))]


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Give addresses of static files ``?v=<hash of the content>``, so that browsers may keep them for good."""
    if endpoint in STATIC and "v" not in values and (version := _version(endpoint, values.get("filename", ""))):
        values["v"] = version


def _version(endpoint: str, filename: str) -> str:
    owner = current_app if endpoint == "static" else current_app.blueprints["bootstrap"]
    path = Path(cast(str, owner.static_folder)) / filename
    try:
        return _hash(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=200)
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
