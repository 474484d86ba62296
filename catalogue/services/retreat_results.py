"""What the room said: the bars on the slide, the ranking at the end, the table to keep. Beside the companies' demand, never mixed into it."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import (
    Importance,
    Recommendation,
    Retreat,
    RetreatItem,
    RetreatState,
    RetreatVote,
    Voting,
    VotingWay,
)
from catalogue.services import audit
from catalogue.services.errors import NotFound
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.permissions import Actor, require
from catalogue.services.retreats import get, people_there
from catalogue.texts import N_

__all__ = ["Live", "Ranked", "Result", "Tally", "last_places", "live", "note_export", "result", "table", "tally"]


@dataclass(frozen=True)
class Tally:
    """The votes about one module: how many persons said what. ``voters``: who said anything at all; ``at``: when the last one did."""

    importance: Counter[str] = field(default_factory=Counter)
    recommendation: Counter[str] = field(default_factory=Counter)
    points: int = 0
    givers: int = 0  # persons who gave points
    voters: int = 0
    at: datetime | None = None


@dataclass(frozen=True)
class Live:
    """All that moves on the slide. ``highest``: the most points that any module has, what the bar of points is full at."""

    state: RetreatState
    item: uuid.UUID | None
    voting: Voting | None
    participants: int
    tally: Tally
    highest: int


@dataclass(frozen=True)
class Ranked:
    """One line of the result; equal votes share a rank, without any vote there is none."""

    rank: int | None
    item: RetreatItem
    tally: Tally


@dataclass(frozen=True)
class Result:
    """The ranking of one Klausur."""

    retreat: Retreat
    rows: tuple[Ranked, ...]
    participants: int


def tally(session: Session, item_id: uuid.UUID) -> Tally:
    """Return the votes about one module."""
    return _tallies(session, RetreatVote.item_id == item_id).get(item_id, Tally())


def _tallies(session: Session, condition: Any) -> dict[uuid.UUID, Tally]:
    """One grouped query: a line for each combination of words, at most 16 for a module."""
    key = (RetreatVote.item_id, RetreatVote.importance, RetreatVote.recommendation)
    counted = select(
        *key, func.count(), func.sum(RetreatVote.points), func.count(RetreatVote.points), func.max(RetreatVote.at)
    )
    found: dict[uuid.UUID, Tally] = {}
    for item, importance, recommendation, persons, points, givers, at in session.execute(
        counted.where(condition).group_by(*key)
    ):
        before = found.get(item, Tally())
        if importance:
            before.importance[importance.value] += persons
        if recommendation:
            before.recommendation[recommendation.value] += persons
        found[item] = Tally(
            before.importance,
            before.recommendation,
            before.points + (points or 0),
            before.givers + givers,
            before.voters + persons,
            max(filter(None, (before.at, at)), default=None),
        )
    return found


def live(session: Session, actor: Actor, retreat_id: uuid.UUID) -> Live:
    """Return what the slide asks for every two seconds."""
    require(actor, "retreat.moderate")
    shown = (RetreatItem.id == Retreat.current_id) & (RetreatItem.retreat_id == Retreat.id)
    found = session.execute(
        select(Retreat.state, Retreat.way, RetreatItem.id, RetreatItem.voting)
        .outerjoin(RetreatItem, shown)
        .where(Retreat.id == retreat_id)
    ).one_or_none()
    if found is None:
        raise NotFound(N_("Diese Klausur gibt es nicht."))
    state, way, item, voting = found
    votes = tally(session, item) if item else Tally()
    highest = _highest(session, retreat_id) if way == VotingWay.POINTS else 0
    return Live(state, item, voting, people_there(session, retreat_id), votes, highest)


def _highest(session: Session, retreat_id: uuid.UUID) -> int:
    mine = select(RetreatItem.id).where(RetreatItem.retreat_id == retreat_id)
    sums = (
        select(func.sum(RetreatVote.points).label("points"))
        .where(RetreatVote.item_id.in_(mine))
        .group_by(RetreatVote.item_id)
        .subquery()
    )
    return session.scalar(select(func.max(sums.c.points))) or 0


def result(session: Session, actor: Actor, retreat_id: uuid.UUID) -> Result:
    """Return the ranking: by points, or by muss, then soll, then kann; modules without votes come last, as on the agenda."""
    retreat = get(session, actor, retreat_id)
    votes = _tallies(session, RetreatVote.item_id.in_([item.id for item in retreat.items]))
    pairs = [(item, votes.get(item.id, Tally())) for item in retreat.items]
    pairs.sort(key=lambda pair: _weight(retreat.way, pair[1]), reverse=True)  # stable: ties stay as on the agenda
    return Result(retreat, tuple(_ranked(retreat.way, pairs)), people_there(session, retreat.id))


def _weight(way: VotingWay, votes: Tally) -> tuple[int, ...]:
    if way == VotingWay.POINTS:
        return (votes.points,)
    return tuple(votes.importance[value] for value in Importance)


def _ranked(way: VotingWay, pairs: Sequence[tuple[RetreatItem, Tally]]) -> list[Ranked]:
    found: list[Ranked] = []
    for number, (item, votes) in enumerate(pairs, start=1):
        weight = _weight(way, votes)
        tied = found and weight == _weight(way, found[-1].tally)
        rank = (found[-1].rank if tied else number) if any(weight) else None
        found.append(Ranked(rank, item, votes))
    return found


def last_places(session: Session, actor: Actor) -> tuple[Retreat | None, dict[str, int]]:
    """Return the latest Klausur whose voting is over, and the rank of each module in it by slug. For the planning."""
    require(actor, "retreat.moderate")
    over = Retreat.state.in_((RetreatState.LOCKED, RetreatState.CLOSED))
    latest = session.scalar(
        select(Retreat.id).where(over).order_by(Retreat.day.desc(), Retreat.created_at.desc()).limit(1)
    )
    if latest is None:
        return None, {}
    found = result(session, actor, latest)
    return found.retreat, {row.item.module.slug: row.rank for row in found.rows if row.rank}


def table(found: Result) -> Table:
    """Return the result as a table to keep."""
    by_points = found.retreat.way == VotingWay.POINTS
    votes = (
        [Column("points", "Punkte", Kind.NUMBER), Column("givers", "Personen mit Punkten", Kind.NUMBER)]
        if by_points
        else [Column(value.value, str(value.label), Kind.NUMBER) for value in Importance]
    )
    advice = [Column(value.value, str(value.label), Kind.NUMBER) for value in Recommendation]
    columns = [
        Column("rank", "Platz", Kind.NUMBER),
        Column("module", "Modul"),
        *votes,
        *(advice if found.retreat.asks_recommendation else []),
        Column("voters", "Personen mit Stimme", Kind.NUMBER),
        Column("companies", "Bedarf: Unternehmen mindestens", Kind.NUMBER),
        Column("people", "Bedarf: Personen mindestens", Kind.NUMBER),
        Column("question", "Frage"),
    ]
    return Table(f"Ergebnis {found.retreat.title}", columns, [_line(row) for row in found.rows], _notes(found))


def _line(row: Ranked) -> dict[str, Any]:
    votes = row.tally
    return {
        "rank": row.rank, "module": row.item.module.title, "points": votes.points, "givers": votes.givers,
        **{value.value: votes.importance[value] for value in Importance},
        **{value.value: votes.recommendation[value] for value in Recommendation},
        "voters": votes.voters, "companies": row.item.companies, "people": row.item.people, "question": row.item.question,
    }  # fmt: skip


def _notes(found: Result) -> list[tuple[str, str]]:
    retreat = found.retreat
    return [
        ("Klausur", f"{retreat.title}, {retreat.day:%d.%m.%Y}"),
        ("Zustand", str(retreat.state.label)),
        ("Teilnehmende", str(found.participants)),
        ("Abstimmung", f"{retreat.budget} Punkte je Person" if retreat.way == VotingWay.POINTS else "muss, soll, kann"),
        ("Bedarf", f"Stand {retreat.as_of:%d.%m.%Y}, wie an der Wand gezeigt: auf Fünfer abgerundet, leer bei zu wenigen Unternehmen"),
        ("Stimmen", "zählen Personen im Raum, nicht Unternehmen, und gehen in keine Zahl zum Bedarf ein"),
    ]  # fmt: skip


def note_export(session: Session, actor: Actor, retreat: Retreat, format: str) -> None:
    """Record that somebody took the result away."""
    require(actor, "retreat.moderate")
    audit.record(session, actor, "retreat.export", retreat, format=format)
