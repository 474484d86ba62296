"""The facet that is never indexed: what the own company said so far, joined from the database at each question."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Demand, Relevance
from catalogue.search.index import SearchIndex
from catalogue.search.results import Facet, FacetValue, Query
from catalogue.services import search
from catalogue.services.permissions import Actor, Own, require
from catalogue.texts import N_, Labelled

__all__ = ["Mark", "facet", "narrow"]


class Mark(Labelled):
    """How a module stands with the own company."""

    OURS = "ours", N_("für uns relevant")
    COLLEAGUES = "colleagues", N_("von Kolleginnen und Kollegen markiert")
    UNSEEN = "unseen", N_("noch nichts angegeben")


@dataclass(frozen=True)
class _Said:
    """The modules about which the own company said anything; relevant ones; those where a colleague had the last word."""

    any: frozenset[uuid.UUID]
    relevant: frozenset[uuid.UUID]
    colleagues: frozenset[uuid.UUID]


def narrow(session: Session, actor: Actor, query: Query, chosen: Collection[str]) -> Query:
    """Return *query* limited to the modules with one of the *chosen* marks; people without a company have no marks."""
    marks = {mark for mark in Mark if mark in chosen}
    if not actor.is_member or not marks:
        return query
    said = _said(session, actor)
    wanted = (said.relevant if Mark.OURS in marks else frozenset()) | (
        said.colleagues if Mark.COLLEAGUES in marks else frozenset()
    )
    if Mark.UNSEEN in marks:
        return replace(query, without=query.without | (said.any - wanted))
    return replace(query, only=wanted if query.only is None else query.only & wanted)


def facet(
    session: Session, actor: Actor, index: SearchIndex, query: Query, chosen: Collection[str], label: str
) -> Facet | None:
    """Return the marks with their counts for *query* (which must not be narrowed yet); None for people without a company."""
    if not actor.is_member:
        return None
    said = _said(session, actor)
    one = replace(query, page=1, per_page=1)
    counts = {
        Mark.OURS: _count(session, actor, index, one, said.relevant),
        Mark.COLLEAGUES: _count(session, actor, index, one, said.colleagues),
        Mark.UNSEEN: search.find(session, actor, index, replace(one, without=said.any)).total,
    }
    values = tuple(FacetValue(mark.value, mark.label, count, mark in chosen) for mark, count in counts.items())
    return Facet("mark", label, values)


def _count(session: Session, actor: Actor, index: SearchIndex, query: Query, ids: frozenset[uuid.UUID]) -> int:
    return search.find(session, actor, index, replace(query, only=ids)).total if ids else 0


def _said(session: Session, actor: Actor) -> _Said:
    require(actor, "demand.see", Own(actor.company_id))
    rows = session.execute(
        select(Demand.module_id, Demand.relevance, Demand.updated_by_id).where(
            Demand.company_id == actor.company_id, Demand.withdrawn_at.is_(None)
        )
    ).all()
    return _Said(
        frozenset(row.module_id for row in rows),
        frozenset(row.module_id for row in rows if row.relevance != Relevance.NONE),
        frozenset(row.module_id for row in rows if row.updated_by_id not in (None, actor.user_id)),
    )
