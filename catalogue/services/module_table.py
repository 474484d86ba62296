"""A list of modules as a table to take away: exactly the modules of one question, in its order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from catalogue.db import Session, local_day
from catalogue.models import Module, RunState, Vocabulary
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import search
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.permissions import Actor

__all__ = ["all_of", "of_query"]

AT_ONCE = 200
COLUMNS = (
    Column("title", "Titel"),
    Column("provider", "Anbieter"),
    Column("programme", "Programm"),
    Column("status", "Reifegrad"),
    Column("topics", "Themen"),
    Column("audience", "Zielgruppe"),
    Column("level", "Niveau"),
    Column("format", "Format"),
    Column("place", "Ort"),
    Column("duration", "Dauer"),
    Column("minutes", "Dauer in Minuten", Kind.NUMBER),
    Column("certificate", "Abschluss"),
    Column("price", "Kosten und Förderung"),
    Column("next_run", "Nächster Termin", Kind.DATE),
    Column("as_of", "Stand", Kind.DATE),
    Column("source", "Quelle", Kind.URL),
    Column("address", "Adresse im Katalog", Kind.URL),
)


def of_query(session: Session, actor: Actor, index: SearchIndex, query: Query, base_url: str) -> Table:
    """Return all modules that *query* finds, whatever page it names; *base_url* begins their addresses."""
    rows = [_row(module, base_url) for module in all_of(session, actor, index, query)]
    return Table("Module", COLUMNS, rows, [("Suche", query.text or "alle Module")])


def all_of(session: Session, actor: Actor, index: SearchIndex, query: Query) -> Iterator[Module]:
    """Yield all modules that *query* finds, whatever page it names, in its order."""
    number = 1
    while True:
        page = search.find(session, actor, index, replace(query, page=number, per_page=AT_ONCE))
        yield from (hit.module for hit in page.hits)
        if number >= page.pages:
            return
        number += 1


def _row(module: Module, base_url: str) -> dict[str, Any]:
    return {
        "title": module.title,
        "provider": module.provider.name if module.provider else module.provider_text,
        "programme": module.programme.name if module.programme else "",
        "status": module.offer_status,
        "topics": _terms(module, Vocabulary.TOPIC),
        "audience": module.audience_text or _terms(module, Vocabulary.AUDIENCE),
        "level": _terms(module, Vocabulary.LEVEL) or module.level_text,
        "format": module.format_text or _terms(module, Vocabulary.FORMAT),
        "place": module.place_text,
        "duration": module.duration_text,
        "minutes": module.duration_minutes,
        "certificate": module.certificate_text or _terms(module, Vocabulary.CERTIFICATE),
        "price": module.price_text or _terms(module, Vocabulary.PRICE),
        "next_run": _next_run(module),
        "as_of": module.as_of,
        "source": module.source_url,
        "address": f"{base_url.rstrip('/')}/modules/{module.slug}",
    }


def _terms(module: Module, vocabulary: Vocabulary) -> str:
    return ", ".join(term.label() for term in module.terms_of(vocabulary))


def _next_run(module: Module) -> Any:
    today = local_day()
    runs = (run.starts_on for run in module.runs if run.starts_on >= today and run.state != RunState.CANCELLED)
    return next(runs, None)
