"""The modules that come with the catalogue, told again in the list format, so that tests can load strangers' lists."""

import json
from typing import Any

from catalogue.paths import resources
from catalogue.services.assignments import read_assignments

__all__ = ["facts_of", "list_format", "own_modules"]


def own_modules() -> list[dict[str, Any]]:
    """The offers in ``data/modules`` as they stand in the file."""
    data = json.loads((resources("data/modules") / "modules.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = data["modules"]
    return found


def list_format() -> list[dict[str, Any]]:
    """The same offers as a list in the format that others send."""
    tables = read_assignments()
    return [_listed(module, tables.mapping[module["slug"]]) for module in own_modules()]


def _listed(module: dict[str, Any], assigned: Any) -> dict[str, Any]:
    tables = read_assignments()
    given = {
        "id": module["slug"],
        "title": module["title"],
        "provider": module.get("provider_text") or tables.providers[assigned.provider].name,
        "project": tables.programmes[assigned.programme].name,
        "topic_facts": [*facts_of(module)],
        "title_exact": module.get("title_exact", True),
        "source_url": module.get("source_url"),
    }
    names = {"duration": "duration_text", "format": "format_text", "location": "place_text", "audience": "audience_text",
             "level": "level_text", "price": "price_text", "certificate": "certificate_text"}  # fmt: skip
    more = {"more_sources": module["more_sources"]} if "more_sources" in module else {}
    return given | {listed: module.get(own) for listed, own in names.items()} | more


def facts_of(module: dict[str, Any]) -> list[str]:
    """Every fact of an offer as its source words it, whichever field it went to."""
    about = [line.removeprefix("- ").replace("\\", "") for line in module.get("description", "").splitlines()]
    needed = [f"Voraussetzungen: {module['prerequisites']}"] if module.get("prerequisites") else []
    return [*module.get("contents", []), *about, *needed]
