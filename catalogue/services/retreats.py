"""Klausuren: rounds in which a small circle goes through modules one by one. Who may moderate, and what follows what.

The code that phones join with is made of letters and digits that nobody mixes up when they are read aloud or from a wall, without
vowels, so that no word comes out: 19 signs, 6 places, 47 million codes; guessing is limited in web/participation.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import joinedload, selectinload

from catalogue.db import Session, utcnow
from catalogue.models import (
    Retreat,
    RetreatItem,
    RetreatParticipant,
    RetreatState,
    RetreatVote,
    Voting,
    VotingWay,
)
from catalogue.services import audit
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.findings import Findings, one_line
from catalogue.services.locking import claim
from catalogue.services.permissions import SYSTEM, Actor, require
from catalogue.services.reports import today
from catalogue.texts import N_

__all__ = [
    "MOST_BUDGET", "NEXT", "RetreatInput", "create", "delete_retreat", "get", "has_votes", "hold", "input_of", "item_of", "listed",
    "normal_code", "participants", "people_there", "prune", "remove_participant", "rotate_code", "set_state", "set_voting", "show", "update_retreat",
]  # fmt: skip

ALPHABET = "CDFHJKMNPRTVWXY3479"
LENGTH = 6
MOST_BUDGET = 100
FORGOTTEN = timedelta(days=14)
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
NEXT: dict[RetreatState, tuple[RetreatState, ...]] = {
    RetreatState.PREPARING: (RetreatState.OPEN,),
    RetreatState.OPEN: (RetreatState.PAUSED, RetreatState.LOCKED),
    RetreatState.PAUSED: (RetreatState.OPEN, RetreatState.LOCKED),
    RetreatState.LOCKED: (RetreatState.OPEN, RetreatState.CLOSED),
    RetreatState.CLOSED: (),
}
OVER = N_("Diese Klausur ist abgeschlossen.")
GONE = N_("Diese Klausur gibt es nicht.")


@dataclass(frozen=True)
class RetreatInput:
    """What staff decide about a Klausur. ``as_of``: the day that the demand on the slides speaks of; ``budget``: points per person."""

    title: str
    day: date | None
    as_of: date | None
    way: VotingWay = VotingWay.IMPORTANCE
    budget: int | None = 10
    asks_recommendation: bool = True
    version: int | None = None


def listed(session: Session, actor: Actor) -> list[tuple[Retreat, int, int]]:
    """Return all Klausuren, the newest day first, each with the number of its modules and of those who took part."""
    require(actor, "retreat.moderate")
    of_retreat = RetreatItem.retreat_id == Retreat.id
    items = select(func.count()).select_from(RetreatItem).where(of_retreat).correlate(Retreat).scalar_subquery()
    there = (RetreatParticipant.retreat_id == Retreat.id) & RetreatParticipant.removed_at.is_(None)
    people = select(func.count()).select_from(RetreatParticipant).where(there).correlate(Retreat).scalar_subquery()
    rows = session.execute(select(Retreat, items, people).order_by(Retreat.day.desc(), Retreat.created_at.desc()))
    return [(retreat, modules, joined) for retreat, modules, joined in rows]


def get(session: Session, actor: Actor, retreat_id: uuid.UUID) -> Retreat:
    """Return one Klausur with its agenda and the modules on it; NotFound if there is none."""
    require(actor, "retreat.moderate")
    agenda = selectinload(Retreat.items).options(joinedload(RetreatItem.module))
    found = session.scalar(
        select(Retreat).where(Retreat.id == retreat_id).options(agenda).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(GONE)
    return found


def hold(session: Session, actor: Actor, retreat_id: uuid.UUID, *, closed: bool = False) -> Retreat:
    """Return a Klausur and keep others from changing it until the commit; Conflict if it is closed, unless *closed* is welcome.

    Votes wait for this, too: they read its row with a shared lock. So none slips in after "gesperrt".
    """
    require(actor, "retreat.moderate")
    locked = select(Retreat).where(Retreat.id == retreat_id).with_for_update()
    found = session.scalar(locked.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(GONE)
    if found.state == RetreatState.CLOSED and not closed:
        raise Conflict(OVER)
    return found


def create(session: Session, actor: Actor, given: RetreatInput) -> Retreat:
    """Prepare a Klausur with an empty agenda."""
    require(actor, "retreat.moderate")
    given = _checked(given)
    retreat = Retreat(code=_new_code(session), state=RetreatState.PREPARING, items=[])
    _write(retreat, given)
    session.add(retreat)
    session.flush()
    audit.record(session, actor, "retreat.created", retreat)
    return retreat


def update_retreat(session: Session, actor: Actor, retreat: Retreat, given: RetreatInput) -> Retreat:
    """Change what staff decide; how the room votes stays once somebody has. Raises Stale or Invalid."""
    require(actor, "retreat.moderate")
    given = _checked(given)
    claim(session, retreat, given.version, given)
    if retreat.state == RetreatState.CLOSED:
        raise Conflict(OVER)
    changes = (given.way, given.budget, given.asks_recommendation)
    if changes != (retreat.way, retreat.budget, retreat.asks_recommendation) and has_votes(session, retreat):
        findings = Findings()
        findings.add("way", N_("Es wurde schon abgestimmt. Die Art der Abstimmung bleibt, wie sie ist."))
        findings.raise_any()
    _write(retreat, given)
    session.flush()
    audit.record(session, actor, "retreat.changed", retreat)
    return retreat


def input_of(retreat: Retreat) -> RetreatInput:
    """Return what is saved, to fill a form."""
    return RetreatInput(
        retreat.title, retreat.day, retreat.as_of, retreat.way, retreat.budget, retreat.asks_recommendation,
        retreat.version,
    )  # fmt: skip


def has_votes(session: Session, retreat: Retreat) -> bool:
    """Return whether anybody has voted yet."""
    mine = select(RetreatItem.id).where(RetreatItem.retreat_id == retreat.id)
    return session.scalar(select(RetreatVote.item_id).where(RetreatVote.item_id.in_(mine)).limit(1)) is not None


def set_state(session: Session, actor: Actor, retreat_id: uuid.UUID, state: RetreatState) -> Retreat:
    """Open, pause, lock or close a Klausur. The same state again changes nothing; closing deletes the phones' tokens and names."""
    retreat = hold(session, actor, retreat_id, closed=True)
    if retreat.state == state:
        return retreat
    if state not in NEXT[retreat.state]:
        raise Conflict(OVER if retreat.state == RetreatState.CLOSED else N_("Das geht in diesem Zustand nicht."))
    agenda = select(RetreatItem.id).where(RetreatItem.retreat_id == retreat.id).limit(1)
    if state == RetreatState.OPEN and session.scalar(agenda) is None:
        raise Conflict(N_("Setzen Sie zuerst Module auf die Tagesordnung."))
    before, retreat.state = retreat.state, state
    if state == RetreatState.CLOSED:
        _forget(session, retreat)
    session.flush()
    audit.record(session, actor, "retreat.state", retreat, before=before.value, after=state.value)
    return retreat


def _forget(session: Session, retreat: Retreat) -> None:
    """Delete the tokens and names of a Klausur that is closed."""
    retreat.closed_at, retreat.current_id = utcnow(), None
    phones = update(RetreatParticipant).where(RetreatParticipant.retreat_id == retreat.id)
    session.execute(phones.values(token_hash=None, label=""))


def prune(session: Session) -> int:
    """Close the Klausuren that nobody closed: two weeks after their day and after the last phone joined. Return how many."""
    since = utcnow() - FORGOTTEN
    lately = select(RetreatParticipant.retreat_id).where(RetreatParticipant.joined_at >= since)
    late = select(Retreat).where(Retreat.day < since.date(), Retreat.id.not_in(lately))
    found = session.scalars(late.where(Retreat.state.not_in((RetreatState.PREPARING, RetreatState.CLOSED)))).all()
    for retreat in found:
        before, retreat.state = retreat.state, RetreatState.CLOSED
        _forget(session, retreat)
        audit.record(session, SYSTEM, "retreat.state", retreat, before=before.value, after=retreat.state.value)
    session.flush()
    return len(found)


def show(session: Session, actor: Actor, retreat_id: uuid.UUID, item_id: uuid.UUID | None) -> Retreat:
    """Put a module on the slide and on the phones (None: the slide with the code); its voting opens when it is shown first."""
    retreat = hold(session, actor, retreat_id)
    item = item_of(session, retreat, item_id) if item_id else None
    retreat.current_id = item.id if item else None
    if item and item.voting == Voting.WAITING and retreat.state == RetreatState.OPEN:
        item.voting = Voting.OPEN
    session.flush()
    return retreat


def set_voting(session: Session, actor: Actor, retreat_id: uuid.UUID, item_id: uuid.UUID, voting: Voting) -> None:
    """Open or lock the voting about one module."""
    retreat = hold(session, actor, retreat_id)
    item = item_of(session, retreat, item_id)
    if item.voting == voting:
        return
    item.voting = voting
    session.flush()
    audit.record(session, actor, "retreat.voting", retreat, module=item.module.title, after=voting.value)


def item_of(session: Session, retreat: Retreat, item_id: uuid.UUID) -> RetreatItem:
    """Return one item of *retreat* with its module, kept from changes by others until the commit."""
    wanted = select(RetreatItem).where(RetreatItem.id == item_id, RetreatItem.retreat_id == retreat.id)
    wanted = wanted.options(joinedload(RetreatItem.module)).with_for_update(of=RetreatItem)
    found = session.scalar(wanted.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(N_("Dieses Modul steht nicht auf der Tagesordnung."))
    return found


def rotate_code(session: Session, actor: Actor, retreat_id: uuid.UUID) -> Retreat:
    """Give the Klausur another code: whoever has joined stays, the old code lets nobody in any more."""
    retreat = hold(session, actor, retreat_id)
    retreat.code = _new_code(session)
    session.flush()
    audit.record(session, actor, "retreat.code_rotated", retreat)
    return retreat


def participants(session: Session, actor: Actor, retreat: Retreat) -> list[RetreatParticipant]:
    """Return who is there, in the order of joining. How each one voted is shown to nobody."""
    require(actor, "retreat.moderate")
    there = (RetreatParticipant.retreat_id == retreat.id) & RetreatParticipant.removed_at.is_(None)
    return list(session.scalars(select(RetreatParticipant).where(there).order_by(RetreatParticipant.joined_at)))


def people_there(session: Session, retreat_id: uuid.UUID) -> int:
    """Return how many take part."""
    there = (RetreatParticipant.retreat_id == retreat_id) & RetreatParticipant.removed_at.is_(None)
    return session.scalar(select(func.count()).select_from(RetreatParticipant).where(there)) or 0


def remove_participant(session: Session, actor: Actor, retreat_id: uuid.UUID, participant_id: uuid.UUID) -> None:
    """Send one phone out: its votes no longer count, its token is worth nothing."""
    retreat = hold(session, actor, retreat_id)
    mine = (RetreatParticipant.id == participant_id) & (RetreatParticipant.retreat_id == retreat.id)
    found = session.scalar(select(RetreatParticipant).where(mine).with_for_update())
    if found is None:
        raise NotFound(N_("Dieses Telefon nimmt nicht teil."))
    if found.removed_at is not None:
        return
    found.removed_at, found.token_hash, found.label = utcnow(), None, ""
    session.execute(delete(RetreatVote).where(RetreatVote.participant_id == found.id))
    session.flush()
    audit.record(session, actor, "retreat.participant_removed", retreat)


def delete_retreat(session: Session, actor: Actor, retreat_id: uuid.UUID) -> None:
    """Delete a Klausur that is being prepared or is closed, with its votes."""
    retreat = hold(session, actor, retreat_id, closed=True)
    if retreat.state not in (RetreatState.PREPARING, RetreatState.CLOSED):
        raise Conflict(N_("Schließen Sie die Klausur ab, bevor Sie sie löschen."))
    audit.record(session, actor, "retreat.deleted", retreat, day=retreat.day.isoformat())
    session.execute(delete(Retreat).where(Retreat.id == retreat.id))


def normal_code(text: str) -> str:
    """Return a code as it is stored, from what people type: small letters, spaces, dashes, "k/" in front."""
    found = "".join(sign for sign in text.upper().rsplit("K/", 1)[-1] if sign.isalnum())
    return found[:20]


def _new_code(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        if session.scalar(select(Retreat.id).where(Retreat.code == code)) is None:
            return code


def _checked(given: RetreatInput) -> RetreatInput:
    findings = Findings()
    title = one_line(given.title)
    findings.required("title", title, N_("Geben Sie der Klausur einen Namen, zum Beispiel „Klausur 2026“."))
    findings.length("title", title, 120)
    for name, day in (("day", given.day), ("as_of", given.as_of)):
        if day is None:
            findings.add(name, N_("Wählen Sie einen Tag."))
        elif not EARLIEST <= day <= LATEST:
            findings.add(name, N_("Nennen Sie einen Tag zwischen 2000 und 2200."))
    if given.as_of and given.as_of > today():
        findings.add("as_of", N_("Der Stand kann nicht in der Zukunft liegen."))
    if given.budget is None:
        findings.add("budget", N_("Nennen Sie, wie viele Punkte jede Person vergibt, zum Beispiel 10."))
    findings.within("budget", given.budget, 1, MOST_BUDGET)
    findings.raise_any()
    return RetreatInput(
        title, given.day, given.as_of, given.way, given.budget, given.asks_recommendation, given.version
    )


def _write(retreat: Retreat, given: RetreatInput) -> None:
    if given.day and given.as_of and given.budget:  # they are checked; this tells the type checker
        retreat.day, retreat.as_of, retreat.budget = given.day, given.as_of, given.budget
    retreat.title, retreat.way, retreat.asks_recommendation = given.title, given.way, given.asks_recommendation
