"""The forms in which OAI-PMH gives a module: plain Dublin Core, and RDF with the words of schema.org."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace

from catalogue.services.exchange import schema_org
from catalogue.services.exchange.facts import Facts

__all__ = ["FORMATS", "XSI", "MetadataFormat"]

XSI = "http://www.w3.org/2001/XMLSchema-instance"
OAI_DC, DC = "http://www.openarchives.org/OAI/2.0/oai_dc/", "http://purl.org/dc/elements/1.1/"
RDF, SCHEMA = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "https://schema.org/"
_FORBIDDEN = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # no XML 1.0 document may hold these
for _prefix, _uri in (("oai_dc", OAI_DC), ("dc", DC), ("rdf", RDF), ("schema", SCHEMA)):
    register_namespace(_prefix, _uri)


@dataclass(frozen=True)
class MetadataFormat:
    """One format: where its schema is, its namespace, and what writes a module."""

    schema: str
    namespace: str
    write: Callable[[Facts], Element]


def _dublin_core(facts: Facts) -> Element:
    location = f"{OAI_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
    root = Element(f"{{{OAI_DC}}}dc", {f"{{{XSI}}}schemaLocation": location})
    module = facts.module
    said: Iterable[tuple[str, str]] = (
        ("title", module.title),
        ("creator", facts.provider),
        *(("subject", word) for word in facts.keywords),
        ("description", facts.description),
        ("publisher", facts.provider),
        ("date", (module.published_at or module.created_at).date().isoformat()),
        ("type", "Course"),
        ("identifier", facts.url),
        ("source", module.source_url),
        *(("language", language) for language in facts.languages),
        ("coverage", module.place_text),
    )
    for name, text in said:
        if text:
            SubElement(root, f"{{{DC}}}{name}").text = _FORBIDDEN.sub("", text)
    return root


def _rdf(facts: Facts) -> Element:
    root = Element(f"{{{RDF}}}RDF")
    node = schema_org.course(facts)
    course = SubElement(root, f"{{{SCHEMA}}}Course", {f"{{{RDF}}}about": facts.url})
    _describe(course, node)
    return root


def _describe(parent: Element, node: dict[str, Any]) -> None:
    for name, value in node.items():
        for one in value if isinstance(value, list) else [value]:
            if name[0] != "@" and ":" not in name:
                _add(parent, name, one)


def _add(parent: Element, name: str, value: Any) -> None:
    entry = SubElement(parent, f"{{{SCHEMA}}}{name}")
    if isinstance(value, dict):
        about = {f"{{{RDF}}}about": value["@id"]} if "@id" in value else {}
        _describe(SubElement(entry, f"{{{SCHEMA}}}{value['@type']}", about), value)
    else:
        entry.text = _FORBIDDEN.sub("", str(value).lower() if isinstance(value, bool) else str(value))


FORMATS = {
    "oai_dc": MetadataFormat("http://www.openarchives.org/OAI/2.0/oai_dc.xsd", OAI_DC, _dublin_core),
    "rdf": MetadataFormat("http://www.openarchives.org/OAI/2.0/rdf.xsd", RDF, _rdf),
}
