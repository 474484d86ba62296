"""Was fehlt: wishes with those who joined them, and searches without a good answer, as one list by topic.

What has the same telling words (``search/gist.py``) is one entry, and so are wishes that staff merged. A company counts once
for an entry. Searches belong to nobody; their topic is guessed from names of topics and from modules with the same words.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Term, Vocabulary, Wish, WishState
from catalogue.search.gist import TopicGuess, gist
from catalogue.search.index import IndexUnusable, SearchIndex
from catalogue.services import search_gaps
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact
from catalogue.services.report_query import NOT_STATED
from catalogue.services.search_gaps import Gap
from catalogue.services.sorting import sort_key
from catalogue.services.wishes import LOADED, OVER
from catalogue.texts import N_

__all__ = ["KINDS", "PERIODS", "SORTS", "Entry", "Group", "Missing", "MissingQuery", "find", "table"]

WITHOUT_TOPIC = Fact(NOT_STATED, N_("ohne Thema"), "no topic", 9999)
PERIODS = (30, 90, 180)
KINDS = ("wish", "search", "ready")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MissingQuery:
    """What to show: searches of the last *days*, one topic, wishes or searches only or what can be told now, an order, words."""

    days: int = 90
    topic: str = ""
    kind: str = ""
    sort: str = "companies"
    text: str = ""


@dataclass(frozen=True)
class Entry:
    """One thing that is missing. ``people``: as the wishes say; ``asked``: searches that are not settled yet."""

    key: tuple[str, ...]
    title: str
    topic: Fact
    wishes: tuple[Wish, ...]
    merged: tuple[Wish, ...]  # for which one of the wishes stands
    searches: tuple[Gap, ...]
    companies: int
    people: int
    asked: int
    last: date

    @property
    def ready(self) -> tuple[Wish, ...]:
        """The wishes whose module is in the catalogue by now, so that those who wanted it can be told."""
        return tuple(wish for wish in self.wishes if wish.module is not None and wish.module.is_public)


@dataclass(frozen=True)
class Group:
    """The entries of one topic, in the order asked for. A company that misses two things counts once."""

    topic: Fact
    entries: tuple[Entry, ...]
    companies: int
    asked: int


@dataclass(frozen=True)
class Missing:
    """All groups, those that most companies miss first; how many entries there are of each kind."""

    query: MissingQuery
    groups: tuple[Group, ...]
    totals: Mapping[str, int]
    topics: tuple[Fact, ...]  # that can be chosen


_alphabet = lru_cache(maxsize=20_000)(sort_key)
SORTS: dict[str, Callable[[Entry], tuple[Any, ...]]] = {
    "companies": lambda one: (-one.companies, -one.asked, -one.people, _alphabet(one.title)),
    "people": lambda one: (-one.people, -one.companies, -one.asked, _alphabet(one.title)),
    "asked": lambda one: (-one.asked, -one.companies, -one.people, _alphabet(one.title)),
    "last": lambda one: (-one.last.toordinal(), -one.companies, -one.asked, _alphabet(one.title)),
    "title": lambda one: (_alphabet(one.title),),
}


@dataclass
class _Parts:
    wishes: list[Wish] = field(default_factory=list)
    merged: list[Wish] = field(default_factory=list)
    searches: list[Gap] = field(default_factory=list)


def find(session: Session, actor: Actor, index: SearchIndex, query: MissingQuery) -> Missing:
    """Return what is missing, grouped by topic."""
    require(actor, "wish.answer")
    require(actor, "search.gaps")
    terms = _topics(session)
    facts = {term.code: Fact(term.code, term.label_de, term.label_en, term.position) for term in terms}
    guess = _guess(index, terms)
    entries = [_entry(key, parts, facts, guess) for key, parts in _parts(session, actor, query.days).items()]
    entries = [one for one in entries if _wanted(one, query, topic=False)]
    kinds = {kind: [one for one in entries if _is(one, kind)] for kind in ("", *KINDS)}
    shown = [one for one in kinds.get(query.kind, entries) if _wanted(one, query)]
    topics = {one.topic.code: one.topic for one in entries}
    return Missing(
        query,
        tuple(_grouped(shown, query.sort)),
        {kind: len(found) for kind, found in kinds.items()},
        tuple(sorted(topics.values(), key=lambda fact: (fact.position, fact.code))),
    )


def _is(entry: Entry, kind: str) -> bool:
    return bool({"wish": entry.wishes, "search": entry.searches, "ready": entry.ready}.get(kind, True))


def _wanted(entry: Entry, query: MissingQuery, *, topic: bool = True) -> bool:
    if topic and query.topic and entry.topic.code != query.topic:
        return False
    return not query.text or set(gist(query.text)) <= set(entry.key) or sort_key(query.text) in sort_key(entry.title)


def _parts(session: Session, actor: Actor, days: int) -> dict[tuple[str, ...], _Parts]:
    found: dict[tuple[str, ...], _Parts] = defaultdict(_Parts)
    wishes = session.scalars(
        select(Wish).where(Wish.state.not_in(OVER)).options(*LOADED).order_by(Wish.created_at, Wish.id)
    ).all()
    titles = {wish.id: wish.title for wish in wishes}
    for wish in wishes:
        kept = titles.get(wish.merged_into_id, "") if wish.merged_into_id else ""
        parts = found[gist(kept or wish.title)]
        (parts.merged if kept else parts.wishes).append(wish)
    for gap in search_gaps.listing(session, actor, days, everything=True).gaps:
        found[gist(gap.query)].searches.append(gap)
    return found


def _entry(key: tuple[str, ...], parts: _Parts, facts: Mapping[str, Fact], guess: TopicGuess) -> Entry:
    wishes = (*parts.wishes, *parts.merged)
    title = parts.wishes[0].title if parts.wishes else parts.searches[0].query
    said = next((wish.topic.code for wish in wishes if wish.topic), "") or guess.of(title)
    days = [wish.created_at.date() for wish in wishes] + [gap.last_day for gap in parts.searches]
    return Entry(
        key, title, facts.get(said, WITHOUT_TOPIC), tuple(parts.wishes), tuple(parts.merged), tuple(parts.searches),
        len(_companies(wishes)), sum(wish.people or 0 for wish in wishes), sum(gap.count for gap in parts.searches), max(days),
    )  # fmt: skip


def _companies(of: Iterable[Wish]) -> set[uuid.UUID | None]:
    wishes = tuple(of)
    made = {wish.company_id for wish in wishes}
    return (made | {support.company_id for wish in wishes for support in wish.supports}) - {None}


def _grouped(entries: Sequence[Entry], sort: str) -> list[Group]:
    by_topic: dict[Fact, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=SORTS.get(sort, SORTS["companies"])):
        by_topic[entry.topic].append(entry)
    groups = [
        Group(
            topic,
            tuple(found),
            len(_companies(wish for one in found for wish in (*one.wishes, *one.merged))),
            sum(one.asked for one in found),
        )
        for topic, found in by_topic.items()
    ]
    return sorted(
        groups, key=lambda one: (one.topic.code == NOT_STATED, -one.companies, -one.asked, one.topic.position)
    )


def _topics(session: Session) -> list[Term]:
    wanted = (Term.vocabulary == Vocabulary.TOPIC) & Term.merged_into_id.is_(None)
    return list(session.scalars(select(Term).where(wanted).order_by(Term.position, Term.code)))


def _guess(index: SearchIndex, terms: Iterable[Term]) -> TopicGuess:
    names = {term.code: (term.label_de, *term.synonyms, *term.old_names) for term in terms}
    try:
        snapshot = index.snapshot()
        key = ("topics", tuple(names.items()))
        kept: TopicGuess = snapshot.memory.setdefault(key, TopicGuess(names, snapshot))
        return kept
    except IndexUnusable as error:
        log.warning("topics guessed by name only", reason=str(error))
        return TopicGuess(names, None)


COLUMNS = (
    Column("topic", "Thema"),
    Column("title", "Was fehlt"),
    Column("companies", "Unternehmen", Kind.NUMBER),
    Column("people", "Personen", Kind.NUMBER),
    Column("asked", "So oft gesucht", Kind.NUMBER),
    Column("last", "Zuletzt", Kind.DATE),
    Column("wishes", "Wünsche"),
    Column("names", "Wer das wünscht"),
    Column("searches", "Gesucht als"),
    Column("state", "Stand"),
)


def table(found: Missing) -> Table:
    """Return all entries as a table, with the names of the companies."""
    rows = [_row(entry) for group in found.groups for entry in group.entries]
    notes = [("Suchen", f"letzte {found.query.days} Tage, ohne die erledigten"), ("Thema", "bei Suchen geraten")]
    return Table("Was fehlt", COLUMNS, rows, notes)


def _row(entry: Entry) -> dict[str, object]:
    wishes = (*entry.wishes, *entry.merged)
    return {
        "topic": entry.topic.label, "title": entry.title, "companies": entry.companies, "people": entry.people,
        "asked": entry.asked, "last": entry.last, "wishes": "; ".join(wish.title for wish in wishes),
        "names": ", ".join(sorted({wish.company.name for wish in wishes if wish.company})),
        "searches": "; ".join(f"{gap.query} ({gap.count})" for gap in entry.searches),
        "state": "; ".join(dict.fromkeys(str(WishState(wish.state).label) for wish in wishes)),
    }  # fmt: skip
