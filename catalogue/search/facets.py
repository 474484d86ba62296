"""Facets: which documents the chosen values leave, and how many each value would find (drill-sideways), by bitsets in memory."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from catalogue.db import Database, Session
from catalogue.models import OfferStatus, Programme, Provider, Term, Vocabulary
from catalogue.search.results import FACETS, NOT_STATED, Facet, FacetValue, Query
from catalogue.search.snapshot import Snapshot
from catalogue.texts import N_

__all__ = ["Choice", "Labels", "build", "choose", "labels", "resolved"]

NAMES = {
    **{vocabulary.value: vocabulary.label for vocabulary in Vocabulary},
    "provider": N_("Anbieter"),
    "programme": N_("Programm"),
    "status": N_("Reifegrad"),
    "dqr": N_("DQR-Niveau"),
}
_NONE = N_("nicht angegeben")
_NO_HV = N_("kein Hochvolt")


@dataclass(frozen=True)
class Labels:
    """All values that facets may have, in the order in which they are shown: facet → value → (label, depth)."""

    values: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    merged: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # facet → former value → value that stands for it now


# every change counts up a version, so whatever another process did shows here
_MARK = """SELECT count(*), sum(version), max(updated_at) FROM term
UNION ALL SELECT count(*), sum(version), max(updated_at) FROM provider
UNION ALL SELECT count(*), sum(version), max(updated_at) FROM programme"""
_known: WeakKeyDictionary[Database, tuple[object, dict[str, Labels]]] = WeakKeyDictionary()


def labels(session: Session, language: str) -> Labels:
    """Return the labels of all values, read anew only if any of them changed."""
    database: Database = session.info["database"]
    mark = tuple(map(tuple, session.connection().exec_driver_sql(_MARK)))
    known = _known.get(database)
    if known is None or known[0] != mark:
        known = _known[database] = (mark, {})
    if language not in known[1]:
        known[1][language] = _read(session, language)
    return known[1][language]


def _read(session: Session, language: str) -> Labels:
    found: dict[str, dict[str, tuple[str, int]]] = {name: {} for name in FACETS}
    terms = session.execute(
        sa.select(Term.id, Term.parent_id, Term.vocabulary, Term.code, Term.label_de, Term.label_en)
        .where(Term.merged_into_id.is_(None))
        .order_by(Term.vocabulary, Term.position, Term.label_de)
    ).all()
    below: dict[uuid.UUID | None, list[sa.Row[uuid.UUID, uuid.UUID | None, str, str, str, str]]] = {}
    known = {row.id for row in terms}
    for row in terms:
        below.setdefault(row.parent_id if row.parent_id in known else None, []).append(row)

    def walk(parent: uuid.UUID | None, depth: int) -> None:
        for row in below.get(parent, ()):
            if row.vocabulary in found:
                text = row.label_en if language == "en" and row.label_en else row.label_de
                found[row.vocabulary].setdefault(row.code, (text, depth))
            walk(row.id, depth + 1)

    walk(None, 0)
    providers = session.execute(sa.select(Provider.slug, Provider.name).order_by(Provider.sort_name, Provider.slug))
    found["provider"] = {slug: (name, 0) for slug, name in providers}
    programmes = session.execute(sa.select(Programme.slug, Programme.name).order_by(Programme.position, Programme.name))
    found["programme"] = {slug: (name, 0) for slug, name in programmes}
    found["status"] = {status.value: (status.label, 0) for status in OfferStatus}
    found["dqr"] = {str(number): (str(number), 0) for number in range(1, 9)}
    for name in FACETS:
        found[name][NOT_STATED] = (_NO_HV if name == "hv_level" else _NONE, 0)
    return Labels(found, _merged(session))


def _merged(session: Session) -> dict[str, dict[str, str]]:
    into = aliased(Term)
    rows = session.execute(sa.select(Term.vocabulary, Term.code, into.code).join(into, Term.merged_into_id == into.id))
    found: dict[str, dict[str, str]] = {}
    for vocabulary, former, code in rows:
        found.setdefault(vocabulary, {})[former] = code
    return found


def resolved(filters: Mapping[str, tuple[str, ...]], known: Labels) -> dict[str, tuple[str, ...]]:
    """Return *filters* with the values that stand for former ones: links live longer than terms."""
    if not known.merged:
        return dict(filters)
    return {
        name: tuple(dict.fromkeys(known.merged.get(name, {}).get(value, value) for value in values))
        for name, values in filters.items()
    }


@dataclass(frozen=True)
class Choice:
    """The documents that each chosen facet leaves, and the chosen values that do not exist."""

    masks: dict[str, int]
    ignored: tuple[str, ...]

    def all_but(self, name: str, base: int) -> int:
        """Return *base* limited by all chosen facets except *name*."""
        for facet, mask in self.masks.items():
            if facet != name:
                base &= mask
        return base


def choose(snapshot: Snapshot, query: Query, known: Labels) -> Choice:
    """Return what the filters of *query* leave; unknown facets and values are ignored and named."""
    masks: dict[str, int] = {}
    ignored: list[str] = []
    for name, chosen in query.filters.items():
        values = [value for value in chosen if value in known.values.get(name, {})]
        ignored += [f"{name}={value}" for value in chosen if value not in values]
        if values:
            masks[name] = _mask(snapshot, name, values, name in query.all_of)
    return Choice(masks, tuple(ignored))


def _mask(snapshot: Snapshot, name: str, values: Iterable[str], every: bool) -> int:
    bits = [snapshot.facets.get(f"{name}={value}", 0) for value in values]
    mask = bits[0]
    for more in bits[1:]:
        mask = mask & more if every else mask | more
    return mask


def build(snapshot: Snapshot, query: Query, choice: Choice, base: int, known: Labels) -> tuple[Facet, ...]:
    """Return all facets with their counts over *base*, the documents that text and marks leave."""
    return tuple(
        Facet(
            name,
            NAMES[name],
            tuple(_values(snapshot, query, name, choice.all_but(name, base), known)),
            name in query.all_of,
        )
        for name in FACETS
    )


def _values(snapshot: Snapshot, query: Query, name: str, base: int, known: Labels) -> Iterator[FacetValue]:
    chosen = query.filters.get(name, ())
    bits = snapshot.facets
    if name in query.all_of and chosen:
        # with "all", each further value narrows: the counts say what would be left
        base &= _mask(snapshot, name, [value for value in chosen if value in known.values[name]] or [NOT_STATED], True)
    for value, (label, depth) in known.values[name].items():
        count = (base & bits.get(f"{name}={value}", 0)).bit_count()
        if count or value in chosen:
            yield FacetValue(value, label, count, value in chosen, depth)
