"""Modules in the general metadata profile for educational resources (AMB 20231019, https://w3id.org/kim/amb/20231019/).

``license`` is left out: the profile knows open licences only, and the modules of providers are not under one.
"""

from typing import Any

from catalogue.models import Vocabulary
from catalogue.services.exchange.facts import Facts

__all__ = ["MEDIA_TYPE", "resource"]

MEDIA_TYPE = "application/ld+json"
CONTEXT = ["https://w3id.org/kim/amb/context.jsonld", "https://schema.org", {"@language": "de"}]
_SUBJECTS = "https://w3id.org/kim/hochschulfaechersystematik/"
ENGINEERING = ("n8", "Ingenieurwissenschaften")
# subjects of the German classification of university subjects that our topics belong to; all others are engineering
SUBJECTS = {
    "materialien": ("n72", "Materialwissenschaft und Werkstofftechnik"),
    "elektrode": ("n202", "Fertigungs-/Produktionstechnik"),
    "zelle": ("n202", "Fertigungs-/Produktionstechnik"),
    "modul-pack": ("n202", "Fertigungs-/Produktionstechnik"),
    "system-bms": ("n316", "Elektrische Energietechnik"),
    "anwendung": ("n316", "Elektrische Energietechnik"),
    "second-life": ("n316", "Elektrische Energietechnik"),
    "wartung": ("n64", "Elektrotechnik und Informationstechnik"),
}
COURSE = ("https://w3id.org/kim/hcrt/course", "Kurs")
FURTHER_EDUCATION = ("https://w3id.org/kim/educationalLevel/level_C", "Fortbildung")
PROFESSIONALS = ("http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/professional", "Fachkräfte")
Node = dict[str, Any]


def resource(facts: Facts, catalogue_url: str) -> Node:
    """Return *facts* as a ``LearningResource`` of the catalogue at *catalogue_url*."""
    module, offered_by = facts.module, _organization(facts)
    node = {
        "@context": CONTEXT,
        "id": facts.url,
        "type": ["LearningResource", "Course"],
        "name": module.title,
        "description": facts.description,
        "about": [_concept(f"{_SUBJECTS}{code}", label) for code, label in _subjects(facts)],
        "keywords": list(facts.keywords),
        "inLanguage": list(facts.languages),
        "creator": [offered_by] if offered_by else [],
        "publisher": [offered_by] if offered_by else [],
        "dateModified": module.updated_at.date().isoformat(),
        "datePublished": module.published_at.date().isoformat() if module.published_at else None,
        "isAccessibleForFree": facts.free,
        "learningResourceType": [_concept(*COURSE)],
        "educationalLevel": [_concept(*FURTHER_EDUCATION)],
        "audience": [_concept(*PROFESSIONALS)],
        "mainEntityOfPage": [
            {
                "id": facts.url,
                "type": "WebContent",
                "provider": {
                    "id": catalogue_url.rstrip("/") + "/",
                    "type": "Service",
                    "name": "Modulkatalog BatterieMD",
                },
                "dateModified": module.updated_at.date().isoformat(),
            }
        ],
    }
    return {key: value for key, value in node.items() if value is False or value}


def _subjects(facts: Facts) -> list[tuple[str, str]]:
    topics = facts.module.terms_of(Vocabulary.TOPIC)
    return list(dict.fromkeys([*(SUBJECTS[topic.code] for topic in topics if topic.code in SUBJECTS), ENGINEERING]))


def _concept(identity: str, label: str) -> Node:
    return {"type": "Concept", "id": identity, "prefLabel": {"de": label}}


def _organization(facts: Facts) -> Node | None:
    if not facts.provider:
        return None
    return {"type": "Organization", "name": facts.provider} | ({"id": facts.provider_url} if facts.provider_url else {})
