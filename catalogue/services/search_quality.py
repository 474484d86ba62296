"""How well the search answers judged queries, and what each of its mechanisms adds."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module
from catalogue.search import synonyms
from catalogue.search.evaluate import Judged, Table, evaluate
from catalogue.search.index import SearchIndex
from catalogue.search.lookup import Lookup, look_up
from catalogue.search.results import Query
from catalogue.search.understand import Mechanisms, Unit

__all__ = ["ablation", "explain", "table"]


def table(session: Session, index: SearchIndex, judged: Sequence[Judged], use: Mechanisms | None = None) -> Table:
    """Return the measures of all *judged* queries; raises IndexUnusable without an index."""
    slugs = _slugs(session)
    snapshot = index.snapshot()
    own = synonyms.current(session)

    def ranked(text: str) -> list[str]:
        found = look_up(snapshot, Query(text=text), use, own=own)
        return [slugs[snapshot.ids[number]] for number in found.ranked(found.matched)]

    return evaluate(judged, ranked)


def ablation(session: Session, index: SearchIndex, judged: Sequence[Judged]) -> dict[str, Table]:
    """Return the measures with each mechanism switched off, by its name."""
    everything = Mechanisms()
    return {
        one.name: table(session, index, judged, replace(everything, **{one.name: False})) for one in fields(Mechanisms)
    }


@dataclass(frozen=True)
class Explained:
    """One query as the search understood it, with its best modules: (score, slug)."""

    units: list[tuple[Unit, float]]
    best: list[tuple[float, str]]
    total: int
    relaxed: str


def explain(session: Session, index: SearchIndex, text: str, limit: int = 10) -> Explained:
    """Return how *text* is understood and what it finds, with the synonyms that staff added."""
    snapshot = index.snapshot()
    slugs = _slugs(session)
    found: Lookup = look_up(snapshot, Query(text=text), own=synonyms.current(session))
    best = [
        (float(found.scores[n]) if found.scores is not None else 0.0, slugs[snapshot.ids[n]])
        for n in found.ranked(found.matched)[:limit]
    ]
    return Explained(list(zip(found.units, found.weights, strict=True)), best, found.matched.bit_count(), found.relaxed)


def _slugs(session: Session) -> dict[uuid.UUID, str]:
    return dict(session.execute(select(Module.id, Module.slug)).all())
