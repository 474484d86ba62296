"""What a synonym rule does to the answers, before it is saved: the same search twice, without and with it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, SynonymRule, WorkflowState
from catalogue.search import synonyms
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.search.lookup import look_up
from catalogue.search.results import Query
from catalogue.search.synonyms import rule_of_row
from catalogue.search.thesaurus import Rule
from catalogue.services.permissions import Actor, require

__all__ = ["Effect", "effects"]

SHOWN = 12  # titles per list

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Effect:
    """What searching *term* finds: how many modules before and after, which come and go (the best first, at most 12 each)."""

    term: str
    before: int
    after: int
    added: tuple[Module, ...]
    removed: tuple[Module, ...]
    added_total: int
    removed_total: int
    relaxed: bool  # before, no module held all its words


def effects(
    session: Session, actor: Actor, index: SearchIndex, rule: Rule, row: SynonymRule | None = None, gap: str = ""
) -> list[Effect] | None:
    """Return what *rule* (in place of *row*) does for its terms and for *gap*; None while the index is not usable."""
    require(actor, "synonym.edit")
    try:
        snapshot = index.snapshot()
    except IndexUnusable as error:
        log.warning("no preview without index", reason=str(error))
        return None
    now = synonyms.current(session)
    old = rule_of_row(row) if row is not None and row.active else None
    others = list(now)
    if old in others:
        others.remove(old)
    then = (*others, rule)
    found = []
    for text in dict.fromkeys([*([gap] if gap else []), *rule.terms]):
        without, with_rule = (look_up(snapshot, Query(text=text), own=own) for own in (tuple(others), then))
        before, after = without.matched, with_rule.matched
        come = [snapshot.ids[number] for number in with_rule.ranked(after & ~before)]
        go = [snapshot.ids[number] for number in without.ranked(before & ~after)]
        titles = _titles(session, [*come[:SHOWN], *go[:SHOWN]])
        found.append(
            Effect(
                text,
                before.bit_count(),
                after.bit_count(),
                tuple(titles[one] for one in come[:SHOWN] if one in titles),
                tuple(titles[one] for one in go[:SHOWN] if one in titles),
                len(come),
                len(go),
                bool(without.relaxed and before),
            )
        )
    return found


def _titles(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Module]:
    public = select(Module).where(Module.id.in_(ids), Module.state == WorkflowState.PUBLISHED)
    return {module.id: module for module in session.scalars(public)} if ids else {}
