"""The right to be forgotten (Art. 17 DSGVO): what goes and what stays when an account is deleted, and doing it."""

import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from catalogue.db import Session
from catalogue.models import (
    Action,
    ActionState,
    ApiToken,
    Decision,
    DecisionState,
    ErasedAccount,
    User,
)
from catalogue.services import audit, departures, people, scrubbing, users
from catalogue.services.departures import Departure, Reviews
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["Farewell", "Successor", "erase", "id_hash", "preview", "pseudonym"]


@dataclass(frozen=True)
class Successor:
    """Somebody who can take over what is open."""

    user_id: uuid.UUID
    name: str


@dataclass(frozen=True)
class Farewell:
    """What the deletion of one account means, in numbers, before it happens."""

    departure: Departure | None  # of a company
    reviews: Reviews
    actions: int  # open tasks of the network office
    decisions: int  # that hold and name the person as responsible
    tokens: int
    is_last_network_admin: bool  # then it is refused
    candidates: tuple[Successor, ...]

    @property
    def open_tasks(self) -> int:
        """What a successor takes over."""
        return (self.departure.tasks if self.departure else 0) + self.reviews.total + self.actions + self.decisions

    @property
    def needs_successor(self) -> bool:
        """Whether the person is the last admin of a company with other people: somebody has to look after the accounts."""
        return self.departure is not None and self.departure.is_last_admin and bool(self.departure.candidates)


def preview(session: Session, actor: Actor, user: User) -> Farewell:
    """Return what would go, stay and move. *user* has the membership loaded."""
    _may(actor, user)
    departure = departures.reckon(session, user.membership) if user.membership else None
    return Farewell(
        departure=departure,
        reviews=departures.reckon_reviews(session, user),
        actions=_count(session, _open_actions(user)),
        decisions=_count(session, _open_decisions(user)),
        tokens=_count(session, ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None)),
        is_last_network_admin=_is_last_network_admin(session, user),
        candidates=_candidates(session, user, departure),
    )


def _may(actor: Actor, user: User) -> None:
    require(actor, "account.own" if actor.user_id == user.id else "user.administer")


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _open_actions(user: User) -> ColumnElement[bool]:
    return (Action.responsible_id == user.id) & Action.state.in_((ActionState.OPEN, ActionState.STARTED))


def _open_decisions(user: User) -> ColumnElement[bool]:
    return (Decision.responsible_id == user.id) & (Decision.state == DecisionState.OPEN)


def _is_last_network_admin(session: Session, user: User) -> bool:
    try:
        users.keep_an_admin(session, user)
    except Conflict:
        return True
    return False


def _candidates(session: Session, user: User, departure: Departure | None) -> tuple[Successor, ...]:
    """Colleagues of the company; of the network office for those who work there."""
    if departure is not None:
        return tuple(Successor(one.user_id, one.user.name) for one in departure.candidates)
    if user.network_role is None:
        return ()
    staff = session.scalars(
        select(User).where(User.network_role.is_not(None), User.active.is_(True), User.id != user.id)
    )
    return tuple(Successor(one.id, one.name) for one in sorted(staff, key=lambda one: sort_key(one.name)))


def erase(session: Session, actor: Actor, user: User, successor_id: uuid.UUID | None = None) -> str:
    """Delete the account of *user*: what is private goes, what was said for a company stays with it without the name.

    Returns the pseudonym that the record keeps. Raises Conflict for the last network admin, Invalid("successor") if somebody has to
    be named or cannot be it. The re-delete list (:mod:`catalogue.services.erased`) keeps the hash of the id.
    """
    found = preview(session, actor, user)
    if found.is_last_network_admin:
        raise Conflict(users.LAST_ADMIN)
    _hand_over(session, actor, user, found, _chosen(actor, found, successor_id))
    people.end_access(session, user)
    person = _person(session, user)
    by = (
        actor
        if actor.user_id != user.id
        else Actor(user_id=user.id, label=person.pseudonym, company_id=person.company_id)
    )
    scrubbing.scrub(session, person, everywhere=actor.user_id != user.id and not actor.is_system)
    session.execute(delete(User).where(User.id == person.id).execution_options(synchronize_session=False))
    session.expunge(user)
    session.expire_all()
    session.merge(ErasedAccount(id_hash=id_hash(person.id)))
    left = scrubbing.mentions(session, person)
    audit.record(session, by, "user.erased", label=person.pseudonym, mentions=left)
    session.flush()
    return person.pseudonym


def _chosen(actor: Actor, found: Farewell, successor_id: uuid.UUID | None) -> Successor | None:
    chosen = next((one for one in found.candidates if one.user_id == successor_id), None)
    if successor_id is not None and chosen is None:
        raise Invalid("successor", N_("Wählen Sie jemanden aus der Liste."))
    if chosen is None and found.needs_successor and not actor.is_system:
        raise Invalid("successor", N_("Wählen Sie, wer künftig die Konten des Unternehmens verwaltet."))
    return chosen


def _hand_over(session: Session, actor: Actor, user: User, found: Farewell, successor: Successor | None) -> None:
    if successor is None:
        return
    if found.departure is not None and user.membership is not None:
        colleague = next(one for one in found.departure.candidates if one.user_id == successor.user_id)
        set_committed_value(user.membership, "user", user)
        departures.hand_over(session, actor, user.membership, colleague, found.departure)
        return
    other = session.get_one(User, successor.user_id)
    departures.move_reviews(session, actor, user, other)
    for kind, condition in ((Action, _open_actions(user)), (Decision, _open_decisions(user))):
        values = {"responsible_id": other.id, "responsible": other.name[:200]}
        session.execute(update(kind).where(condition).values(values).execution_options(synchronize_session="fetch"))


def _person(session: Session, user: User) -> scrubbing.Person:
    names, unique = scrubbing.names_of(session, user.id, user.name)
    company_id = user.membership.company_id if user.membership else None
    return scrubbing.Person(user.id, user.email.lower(), company_id, names, unique, pseudonym(user.id))


def id_hash(user_id: uuid.UUID) -> str:
    """Return what stands for a deleted account: ids are random, so nobody can guess one from its hash."""
    return hashlib.sha256(user_id.bytes).hexdigest()


def pseudonym(user_id: uuid.UUID) -> str:
    """Return the name that the record keeps, so that what one person did can still be seen as done by one."""
    return f"{scrubbing.FORMER} {id_hash(user_id)[:6]}"
