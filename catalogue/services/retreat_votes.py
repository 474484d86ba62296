"""Taking part in a Klausur: joining with the code, voting, changing one's mind until the voting is locked. No accounts: the token is the proof.

What a vote says replaces what it said before, so the same vote sent twice counts once.
"""

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import (
    Importance,
    Recommendation,
    Retreat,
    RetreatItem,
    RetreatParticipant,
    RetreatState,
    RetreatVote,
    Voting,
    VotingWay,
)
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.findings import one_line
from catalogue.services.retreats import normal_code, people_there
from catalogue.services.secrets import hash_token, make_token
from catalogue.texts import N_

__all__ = ["MOST_PARTICIPANTS", "Ballot", "Signal", "VoteInput", "ballot", "join", "signal", "vote"]

MOST_PARTICIPANTS = 300
Thing = TypeVar("Thing", bound=Any)
LABEL_LENGTH = 40
NOT_THERE = N_("Sie nehmen an dieser Klausur nicht (mehr) teil.")
CLOSED_DOORS = {
    RetreatState.PREPARING: N_("Die Klausur hat noch nicht begonnen. Versuchen Sie es gleich noch einmal."),
    RetreatState.LOCKED: N_("Die Abstimmung ist beendet."),
    RetreatState.CLOSED: N_("Diese Klausur ist abgeschlossen."),
}


@dataclass(frozen=True)
class VoteInput:
    """All that one person says about one module; what is None is not said (any more)."""

    importance: Importance | None = None
    points: int | None = None
    recommendation: Recommendation | None = None


@dataclass(frozen=True)
class Signal:
    """What a phone asks for every two seconds: where the Klausur stands. ``item``: the module on the slide."""

    state: RetreatState
    item: uuid.UUID | None
    voting: Voting | None


@dataclass(frozen=True)
class Ballot:
    """What one phone shows: a module (None: nothing to vote on yet), the own vote, points left, and all modules that were open so far."""

    retreat: Retreat
    item: RetreatItem | None
    own: dict[uuid.UUID, RetreatVote]
    agenda: list[RetreatItem]
    left: int  # points that may still be given, beside those of the module shown
    label: str

    @property
    def vote(self) -> RetreatVote | None:
        """The own vote about the module shown."""
        return self.own.get(self.item.id) if self.item else None

    @property
    def can_vote(self) -> bool:
        """Whether a vote about the module shown would count now."""
        running = self.retreat.state == RetreatState.OPEN
        return running and self.item is not None and self.item.voting == Voting.OPEN

    @property
    def signal(self) -> Signal:
        """What the phone compares with later answers."""
        shown = next((item for item in self.agenda if item.id == self.retreat.current_id), None)
        return Signal(self.retreat.state, shown.id if shown else None, shown.voting if shown else None)


def join(session: Session, code: str, label: str = "", token: str = "") -> str:
    """Return the token of a new participant; whoever shows a *token* of the same Klausur stays the same participant.

    NotFound for an unknown code (callers count those), Conflict if nobody can join now.
    """
    wanted = select(Retreat).where(Retreat.code == normal_code(code)).with_for_update()
    retreat = session.scalar(wanted.execution_options(populate_existing=True))
    if retreat is None:
        raise NotFound(N_("Diesen Code gibt es nicht. Prüfen Sie ihn an der Wand."))
    known = _participant(session, token) if token else None
    if known is not None and known.retreat_id == retreat.id:
        return token
    if retreat.state in CLOSED_DOORS:
        raise Conflict(CLOSED_DOORS[retreat.state])
    if people_there(session, retreat.id) >= MOST_PARTICIPANTS:
        raise Conflict(N_("Es nehmen schon %(most)s Telefone teil, mehr sind nicht möglich."), most=MOST_PARTICIPANTS)
    fresh = make_token()
    name = one_line(label)[:LABEL_LENGTH]
    session.add(RetreatParticipant(retreat_id=retreat.id, token_hash=hash_token(fresh), label=name))
    session.flush()
    return fresh


def _participant(session: Session, token: str, *, lock: bool = False) -> RetreatParticipant | None:
    live = (RetreatParticipant.token_hash == hash_token(token)) & RetreatParticipant.removed_at.is_(None)
    wanted = select(RetreatParticipant).where(live)
    return session.scalar(wanted.with_for_update() if lock else wanted)


def signal(session: Session, token: str) -> Signal:
    """Return where the Klausur of *token* stands, with one small query; NotFound for a token that is worth nothing."""
    shown = (RetreatItem.id == Retreat.current_id) & (RetreatItem.retreat_id == Retreat.id)
    row = session.execute(
        select(Retreat.state, RetreatItem.id, RetreatItem.voting)
        .select_from(RetreatParticipant)
        .join(Retreat, Retreat.id == RetreatParticipant.retreat_id)
        .outerjoin(RetreatItem, shown)
        .where(RetreatParticipant.token_hash == hash_token(token), RetreatParticipant.removed_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFound(NOT_THERE)
    return Signal(row[0], row[1], row[2])


def ballot(session: Session, token: str, item_id: uuid.UUID | None = None) -> Ballot:
    """Return what the phone with *token* shows: the module on the slide, or another one that was open already.

    NotFound for a token that is worth nothing, and for a module that was not shown yet.
    """
    participant = _participant(session, token)
    retreat = session.get(Retreat, participant.retreat_id) if participant else None
    if participant is None or retreat is None:
        raise NotFound(NOT_THERE)
    agenda = _shown_so_far(session, retreat)
    wanted = item_id or retreat.current_id
    item = next((one for one in agenda if one.id == wanted), None)
    if item_id and item is None:
        raise NotFound(N_("Dieses Modul ist noch nicht dran."))
    votes = session.scalars(select(RetreatVote).where(RetreatVote.participant_id == participant.id))
    own = {vote.item_id: vote for vote in votes}
    spent = sum(vote.points or 0 for vote in own.values() if item is None or vote.item_id != item.id)
    return Ballot(retreat, item, own, agenda, retreat.budget - spent, participant.label)


def _shown_so_far(session: Session, retreat: Retreat) -> list[RetreatItem]:
    """What the room has seen: the rest of the agenda stays with the moderation until it is its turn."""
    seen = (RetreatItem.voting != Voting.WAITING) | (RetreatItem.id == retreat.current_id)
    wanted = select(RetreatItem).where(RetreatItem.retreat_id == retreat.id, seen)
    wanted = wanted.options(joinedload(RetreatItem.module)).order_by(RetreatItem.position)
    return list(session.scalars(wanted))


def vote(session: Session, token: str, item_id: uuid.UUID, given: VoteInput) -> int:
    """Let the phone with *token* say *given* about one module, instead of whatever it said before; return the points there are for it.

    Conflict if votes are not taken now, Invalid for what this Klausur does not ask or for more points than are left.
    Shared locks on the Klausur and the module let no vote slip in after the moderation locked them; the lock on the
    participant lets two votes of one phone at once not spend the same points.
    """
    participant = _participant(session, token)
    if participant is None:
        raise NotFound(NOT_THERE)
    retreat = session.scalar(_shared(select(Retreat).where(Retreat.id == participant.retreat_id)))
    mine = (RetreatItem.id == item_id) & (RetreatItem.retreat_id == participant.retreat_id)
    item = session.scalar(_shared(select(RetreatItem).where(mine)))
    if retreat is None or item is None:
        raise NotFound(N_("Dieses Modul steht nicht auf der Tagesordnung."))
    _refuse_unless_open(retreat, item)
    _refuse_unasked(retreat, given)
    if _participant(session, token, lock=True) is None:
        raise NotFound(NOT_THERE)
    left = _left(session, retreat, participant, item)
    if (given.points or 0) > left:
        raise Invalid("points", N_("Für dieses Modul sind höchstens %(left)s Punkte übrig."), left=left)
    _write(session, participant, item, given)
    return left


def _shared(statement: Select[Thing]) -> Select[Thing]:
    return statement.with_for_update(read=True).execution_options(populate_existing=True)


def _refuse_unless_open(retreat: Retreat, item: RetreatItem) -> None:
    if retreat.state == RetreatState.PAUSED:
        raise Conflict(N_("Gerade ist Pause. Stimmen werden danach wieder gezählt."))
    if retreat.state != RetreatState.OPEN or item.voting == Voting.LOCKED:
        raise Conflict(N_("Die Abstimmung ist gesperrt. Was Sie vorher gesagt haben, zählt."))
    if item.voting != Voting.OPEN:
        raise Conflict(N_("Dieses Modul ist noch nicht dran."))


def _refuse_unasked(retreat: Retreat, given: VoteInput) -> None:
    by_points = retreat.way == VotingWay.POINTS
    if (given.importance and by_points) or (given.points is not None and not by_points):
        raise Invalid("", N_("Danach fragt diese Klausur nicht."))
    if given.points is not None and given.points < 0:
        raise Invalid("points", N_("Geben Sie eine Zahl ab 0 ein."))
    if given.recommendation and not retreat.asks_recommendation:
        raise Invalid("recommendation", N_("Danach fragt diese Klausur nicht."))


def _left(session: Session, retreat: Retreat, participant: RetreatParticipant, item: RetreatItem) -> int:
    """The points that may be given to *item*: the budget without what the others have."""
    if retreat.way != VotingWay.POINTS:
        return 0
    others = (RetreatVote.participant_id == participant.id) & (RetreatVote.item_id != item.id)
    return retreat.budget - (session.scalar(select(func.sum(RetreatVote.points)).where(others)) or 0)


def _write(session: Session, participant: RetreatParticipant, item: RetreatItem, given: VoteInput) -> None:
    said = {"importance": given.importance, "points": given.points or None, "recommendation": given.recommendation}
    if not any(said.values()):
        own = (RetreatVote.item_id == item.id) & (RetreatVote.participant_id == participant.id)
        session.execute(delete(RetreatVote).where(own))
        return
    found = session.get(RetreatVote, (item.id, participant.id), populate_existing=True)
    if found is None:
        session.add(RetreatVote(item_id=item.id, participant_id=participant.id, at=utcnow(), **said))
    else:
        found.importance, found.points, found.recommendation = (
            given.importance,
            given.points or None,
            given.recommendation,
        )
    session.flush()
