"""Finding modules: the one question that page, API, feeds and mails ask. Only published modules are ever found."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Session, local_day
from catalogue.models import Module, WorkflowState
from catalogue.search import completion, facets, likeness, spelling, sync, synonyms
from catalogue.search.highlight import Marker
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.search.lookup import Lookup, look_up
from catalogue.search.results import Completion, Hit, Page, Query, Suggestion
from catalogue.search.snapshot import Snapshot
from catalogue.search.thesaurus import Rule, rules_of, thesaurus
from catalogue.services.figures import timed_search
from catalogue.services.permissions import Actor, require

__all__ = ["Outcome", "count", "current", "find", "ids", "outcome", "similar", "suggest"]

LONGEST_TYPED = 100  # characters that suggestions look at

log = structlog.get_logger(__name__)

_LOADED = (
    selectinload(Module.terms),
    selectinload(Module.runs),
    joinedload(Module.provider),
    joinedload(Module.programme),
)


@timed_search("find")
def find(session: Session, actor: Actor, index: SearchIndex, query: Query) -> Page:
    """Return one page of published modules for *query*, with facets. A page beyond the end is the last one.

    Without a usable index the database answers, more plainly, and ``degraded`` says so.
    """
    require(actor, "catalogue.search")
    try:
        return _find(session, index, index.snapshot(), query)
    except IndexUnusable as error:
        log.warning("search without index", reason=str(error))
        index.mark_broken()
        sync.heal(session.info["database"], index)
    except SQLAlchemyError:
        raise  # the database would not answer the plain way, either
    except Exception:
        log.exception("search failed")  # a fault of ours, which a new index would not mend
    return _plain(session, query)


def _find(session: Session, index: SearchIndex, snapshot: Snapshot, query: Query) -> Page:
    known = facets.labels(session, query.language)
    query = replace(query, filters=facets.resolved(query.filters, known))
    choice = facets.choose(snapshot, query, known)
    own = synonyms.current(session)
    found = look_up(snapshot, query, own=own)
    base = found.matched & _limits(snapshot, query)
    kept = choice.all_but("", base)
    total = kept.bit_count()
    query = replace(query, page=max(1, min(query.page, -(-total // query.per_page))))
    numbers = found.page(kept, query, local_day())
    hits = _hits(session, [snapshot.ids[number] for number in numbers], Marker(found.units))
    return Page(
        query,
        hits,
        total,
        facets.build(snapshot, query, choice, base, known),
        suggestion=_suggestion(snapshot, query, found, hits, own) or _nearest(session, snapshot, query, found, own),
        relaxed=found.relaxed if total else "",
        ignored=choice.ignored,
    )


def _limits(snapshot: Snapshot, query: Query) -> int:
    bits = snapshot.alive if query.only is None else snapshot.bits_for(query.only)
    return bits & ~snapshot.bits_for(query.without)


def _hits(session: Session, ids: Sequence[uuid.UUID], marker: Marker) -> tuple[Hit, ...]:
    """Load the shown modules, in order. What was unpublished a moment ago and is still in the index is left out."""
    modules = _public(session, ids)
    return tuple(marker.hit(modules[identity]) for identity in ids if identity in modules)


def _public(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Module]:
    """Load those of *ids* that are published. The state is looked at here: in the query it misleads SQLite's planner."""
    found = session.scalars(select(Module).where(Module.id.in_(ids)).options(*_LOADED)).unique() if ids else ()
    return {module.id: module for module in found if module.is_public}


def _suggestion(
    snapshot: Snapshot, query: Query, found: Lookup, hits: Sequence[Hit], own: tuple[Rule, ...]
) -> Suggestion | None:
    """Return "Meinten Sie": the query with slips corrected, if that finds anything."""
    text = found.corrected(hits)
    if not text or text == query.text:
        return None
    total = look_up(snapshot, Query(text=text), own=own).matched.bit_count()
    return Suggestion(text, total) if total else None


def _nearest(
    session: Session, snapshot: Snapshot, query: Query, found: Lookup, own: tuple[Rule, ...]
) -> Suggestion | None:
    """Return "Meinten Sie" where no word is known: the query with the nearest words that modules hold."""
    if found.matched or query.typing or found.parsed is None:
        return None
    near = spelling.nearest(snapshot, found, thesaurus(own=own).words)
    text = " ".join(found.parsed.text.split())
    for asked, word in near.items():
        text = text.replace(asked, word, 1)
    other = look_up(snapshot, Query(text=text), own=own) if near else found
    if not other.matched:
        return None
    best = [snapshot.ids[number] for number in other.ranked(other.matched)[:3]]
    texts = [
        text
        for module in _public(session, best).values()
        for text in (module.title, module.summary, module.description)
    ]
    texts += [term for rule in rules_of("synonyms.txt") for term in (*rule.terms, *rule.targets)]
    for word in near.values():
        text = text.replace(word, spelling.surface(word, texts), 1)
    return Suggestion(text, other.matched.bit_count())


# --- similar modules


def similar(session: Session, actor: Actor, index: SearchIndex, module: Module, limit: int = 5) -> list[Module]:
    """Return up to *limit* other published modules that share the most telling words with *module*, best first."""
    require(actor, "catalogue.search")
    try:
        snapshot = index.snapshot()
        ids = [snapshot.ids[number] for number in likeness.alike(snapshot, module, limit)]
        found = _public(session, ids)
    except Exception as error:
        log.warning("no similar modules without index", reason=str(error))
        return []
    return [found[identity] for identity in ids if identity in found]


# --- while typing


@timed_search("suggest")
def suggest(
    session: Session, actor: Actor, index: SearchIndex, text: str, *, limit: int = 8, language: str = "de"
) -> list[Completion]:
    """Return what may be meant by the unfinished *text*, at most *limit* lines, at most half of them modules."""
    require(actor, "catalogue.search")
    text = text.strip()[:LONGEST_TYPED]
    if not text:
        return []
    try:
        snapshot = index.snapshot()
        found = list(completion.of_abbreviations(text))[:2]
        found += list(completion.of_terms(text, snapshot, facets.labels(session, language)))[:3]
        answer = look_up(snapshot, Query(text=text, typing=True), own=synonyms.current(session))
        ids = [snapshot.ids[number] for number in answer.ranked(answer.matched)[: max(limit // 2, limit - len(found))]]
        titles = _public(session, ids)
    except Exception as error:
        log.warning("no suggestions without index", reason=str(error))
        return []
    modules = [titles[identity] for identity in ids if identity in titles]
    found += [Completion("module", module.title, module.slug, module.provider_text) for module in modules]
    return found[:limit]


def current(session: Session, query: Query) -> Query:
    """Return *query* with the terms that stand for merged ones now."""
    return replace(query, filters=facets.resolved(query.filters, facets.labels(session, query.language)))


# --- for programs


def count(session: Session, actor: Actor, index: SearchIndex, query: Query) -> int:
    """Return how many modules *query* finds, without loading any."""
    require(actor, "catalogue.search")
    try:
        snapshot = index.snapshot()
        choice = facets.choose(snapshot, current(session, query), facets.labels(session, query.language))
        found = look_up(snapshot, query, own=synonyms.current(session))
        return choice.all_but("", found.matched & _limits(snapshot, query)).bit_count()
    except Exception:
        return find(session, actor, index, replace(query, page=1, per_page=1)).total


def ids(session: Session, actor: Actor, index: SearchIndex, query: Query) -> frozenset[uuid.UUID]:
    """Return the ids of all modules that *query* finds, without loading any; none if there is no index to ask."""
    require(actor, "catalogue.search")
    try:
        snapshot = index.snapshot()
        choice = facets.choose(snapshot, current(session, query), facets.labels(session, query.language))
        found = look_up(snapshot, query, own=synonyms.current(session))
        kept = choice.all_but("", found.matched & _limits(snapshot, query))
        return frozenset(snapshot.ids[number] for number in found.ranked(kept))
    except IndexUnusable as error:
        log.warning("no ids without index", reason=str(error))
        return frozenset()


@dataclass(frozen=True)
class Outcome:
    """How many modules words alone find; ``relaxed`` as in :class:`Page`."""

    total: int
    relaxed: str

    @property
    def exact(self) -> int:
        """How many modules hold all the words."""
        return 0 if self.relaxed else self.total


def outcome(session: Session, actor: Actor, index: SearchIndex, text: str) -> Outcome:
    """Return what *text* finds without filters, without loading any module."""
    require(actor, "catalogue.search")
    try:
        snapshot = index.snapshot()
        found = look_up(snapshot, Query(text=text), own=synonyms.current(session))
        total = (found.matched & snapshot.alive).bit_count()
        return Outcome(total, found.relaxed if total else "")
    except Exception:
        page = find(session, actor, index, Query(text=text, per_page=1))
        return Outcome(page.total, page.relaxed)


# --- without an index


def _plain(session: Session, query: Query) -> Page:
    """Answer from the database: every word somewhere in the texts, in the order of the catalogue, without facets."""
    condition = Module.state == WorkflowState.PUBLISHED
    columns = (Module.title, Module.summary, Module.description, Module.audience_text, Module.provider_text)
    for word in query.text.replace("\0", "").split()[:8]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        condition &= or_(*(column.ilike(pattern, escape="\\") for column in columns))
    if query.only is not None:
        condition &= Module.id.in_(query.only)
    if query.without:
        condition &= Module.id.not_in(query.without)
    total = session.scalar(select(func.count()).select_from(Module).where(condition)) or 0
    query = replace(query, page=max(1, min(query.page, -(-total // query.per_page))))
    rows = session.scalars(
        select(Module)
        .where(condition)
        .options(*_LOADED)
        .order_by(Module.sort_title if query.sort == "title" else Module.position, Module.sort_title, Module.id)
        .offset((query.page - 1) * query.per_page)
        .limit(query.per_page)
    ).unique()
    marker = Marker([])
    return Page(query, tuple(marker.hit(module) for module in rows), total, (), degraded=True)
