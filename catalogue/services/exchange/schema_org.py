"""Modules as schema.org describes courses: ``Course`` with ``CourseInstance``, and the ``ItemList`` of an overview.

Fields after Google's course information and the Bioschemas profile Course 1.0. Ratings are never told: feedback is not public.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from catalogue.models import Module, Run, RunState
from catalogue.services.exchange.facts import Facts, Mode

__all__ = ["course", "item_list", "script"]

PROFILE = {"@type": "CreativeWork", "@id": "https://bioschemas.org/profiles/Course/1.0-RELEASE"}
MODES = {Mode.ONLINE: "Online", Mode.ONSITE: "Onsite", Mode.BLENDED: "Blended"}
STATUS = {RunState.PLANNED: "EventScheduled", RunState.CONFIRMED: "EventScheduled", RunState.FULL: "EventScheduled"}
Node = dict[str, Any]


def course(facts: Facts) -> Node:
    """Return *facts* as a ``Course``. A module without a dated run has one instance that says mode and workload."""
    module = facts.module
    return _said(
        {
            "@context": "https://schema.org",
            "@type": "Course",
            "@id": facts.url,
            "dct:conformsTo": PROFILE,
            "url": facts.url,
            "name": module.title,
            "description": facts.description,
            "abstract": module.summary,
            "courseCode": module.code,
            "provider": _organization(facts.provider, facts.provider_url),
            "keywords": list(facts.keywords),
            "about": [{"@type": "Thing", "name": word} for word in facts.keywords[:8]],
            "inLanguage": list(facts.languages),
            "teaches": list(module.objectives),
            "syllabusSections": [{"@type": "Syllabus", "name": part} for part in module.contents],
            "coursePrerequisites": module.prerequisites,
            "educationalLevel": facts.level,
            "audience": {"@type": "EducationalAudience", "audienceType": facts.audience} if facts.audience else None,
            "educationalCredentialAwarded": list(facts.certificates),
            "timeRequired": facts.duration,
            "offers": _offer(facts),
            "isAccessibleForFree": facts.free,
            "dateModified": module.updated_at.date().isoformat(),
            "hasCourseInstance": [_instance(facts, run) for run in facts.runs] or [_instance(facts, None)],
        }
    )


def _instance(facts: Facts, run: Run | None) -> Node:
    mode = MODES[facts.mode] if facts.mode else ""
    if run is None:
        return _said(
            {"@type": "CourseInstance", "courseMode": mode, "courseWorkload": facts.duration, "location": _place(facts)}
        )
    return _said(
        {
            "@type": "CourseInstance",
            "@id": f"{facts.url}#run-{run.id}",
            "name": facts.module.title,
            "courseMode": _run_mode(facts, run),
            "courseWorkload": facts.duration,
            "startDate": run.starts_on.isoformat(),
            "endDate": run.last_day.isoformat(),
            "inLanguage": list(facts.languages),
            "location": _location(facts, run),
            "eventStatus": f"https://schema.org/{STATUS[run.state]}",
            "maximumAttendeeCapacity": run.max_participants,
            "url": run.booking_url or facts.url,
        }
    )


def _run_mode(facts: Facts, run: Run) -> str:
    """What the run says of itself goes before what the module says; where neither says anything, nothing is said."""
    if run.online:
        return MODES[Mode.BLENDED if run.place else Mode.ONLINE]
    found = Mode.ONSITE if run.place and facts.mode in (None, Mode.ONLINE) else facts.mode
    return MODES[found] if found else ""


def _location(facts: Facts, run: Run) -> Node | None:
    if run.place:
        address = {"@type": "PostalAddress", "addressLocality": run.place, "addressCountry": "DE"}
        return {"@type": "Place", "name": run.place, "address": address}
    return {"@type": "VirtualLocation", "url": run.booking_url or facts.url} if run.online else None


def _place(facts: Facts) -> Node | None:
    """Where it is taught when no day is fixed."""
    if facts.mode == Mode.ONLINE:
        return {"@type": "VirtualLocation", "url": facts.module.source_url or facts.url}
    return {"@type": "Place", "name": facts.module.place_text} if facts.module.place_text else None


def _offer(facts: Facts) -> Node:
    """What it costs; without a price only where it is offered."""
    category = "" if facts.free is None else "Free" if facts.free else "Paid"
    price = {"price": facts.price, "priceCurrency": "EUR"} if facts.price else {}
    return _said({"@type": "Offer", "category": category, **price, "url": facts.module.source_url or facts.url})


def _organization(name: str, url: str) -> Node | None:
    return _said({"@type": "Organization", "name": name, "url": url}) if name else None


def item_list(modules: Sequence[Module], base_url: str, first: int = 1) -> Node:
    """Return the modules of one page of an overview in their order; *first* is the place of the first one among all."""
    base = base_url.rstrip("/")
    items: Iterable[Node] = (
        {"@type": "ListItem", "position": place, "url": f"{base}/modules/{module.slug}", "name": module.title}
        for place, module in enumerate(modules, start=first)
    )
    return {"@context": "https://schema.org", "@type": "ItemList", "itemListElement": list(items)}


def script(node: Node) -> str:
    """Return *node* as JSON that can stand in a script element, whatever words are in it."""
    return json.dumps(node, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _said(node: Node) -> Node:
    """Leave out what is not known."""
    return {key: value for key, value in node.items() if value is False or value not in (None, "", [], {})}
