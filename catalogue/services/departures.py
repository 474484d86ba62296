"""When somebody leaves: what they said belongs to the company and stays, open tasks go to a named successor, private things do not move."""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import (
    Bookmark,
    CompanyRole,
    Demand,
    Feedback,
    FeedbackState,
    Membership,
    Module,
    PendingVersion,
    SavedSearch,
    User,
    Wish,
    WishSupport,
    WorkflowState,
)
from catalogue.services import audit, outbox, people
from catalogue.services.errors import Invalid
from catalogue.services.permissions import Actor, can, require
from catalogue.services.sorting import sort_key
from catalogue.services.wishes import OVER
from catalogue.texts import N_

__all__ = [
    "Departure", "Reviews", "hand_over", "hand_over_reviews", "leave", "move_reviews", "preview", "reckon", "reckon_reviews", "reviews",
]  # fmt: skip


@dataclass(frozen=True)
class Departure:
    """What happens when somebody leaves, in numbers, before it happens."""

    demands: int  # stay: last said by this person
    feedback: int  # stay
    wishes: int  # stay
    open_wishes: int  # move: whoever made or joined them hears of the answer
    open_feedback: int  # move
    is_last_admin: bool  # moves
    bookmarks: int  # private
    searches: int  # private
    candidates: tuple[Membership, ...]

    @property
    def tasks(self) -> int:
        """How many open things a successor takes over."""
        return self.open_wishes + self.open_feedback


def preview(session: Session, actor: Actor, member: Membership) -> Departure:
    """Return what would stay, move and end if *member* left now."""
    require(actor, "company.edit_people", member)
    return reckon(session, member)


def reckon(session: Session, member: Membership) -> Departure:
    """Like :func:`preview`, for a caller that knows that it may ask: people who delete their own account."""
    user, company = member.user_id, member.company_id
    return Departure(
        demands=_count(
            session, Demand, Demand.company_id == company, Demand.updated_by_id == user, Demand.withdrawn_at.is_(None)
        ),
        feedback=_count(session, Feedback, Feedback.company_id == company, Feedback.user_id == user),
        wishes=_count(session, Wish, Wish.company_id == company, Wish.user_id == user),
        open_wishes=_count(session, Wish, *_open_wishes(member))
        + _count(session, WishSupport, *_open_supports(member)),
        open_feedback=_count(session, Feedback, *_open_feedback(member)),
        is_last_admin=people.is_last_admin(session, member),
        bookmarks=_count(session, Bookmark, Bookmark.user_id == user),
        searches=_count(session, SavedSearch, SavedSearch.user_id == user),
        candidates=_candidates(session, member),
    )


def _count(session: Session, kind: type, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(kind).where(*conditions)) or 0


def _open_wishes(member: Membership) -> tuple[ColumnElement[bool], ...]:
    return (Wish.company_id == member.company_id, Wish.user_id == member.user_id, Wish.state.not_in(OVER))


def _open_supports(member: Membership) -> tuple[ColumnElement[bool], ...]:
    still_open = select(Wish.id).where(Wish.state.not_in(OVER))
    mine = (WishSupport.company_id == member.company_id, WishSupport.user_id == member.user_id)
    return (*mine, WishSupport.wish_id.in_(still_open))


def _open_feedback(member: Membership) -> tuple[ColumnElement[bool], ...]:
    unanswered = Feedback.state.in_((FeedbackState.NEW, FeedbackState.SEEN, FeedbackState.PLANNED))
    return (Feedback.company_id == member.company_id, Feedback.user_id == member.user_id, unanswered)


def _candidates(session: Session, member: Membership) -> tuple[Membership, ...]:
    rows = session.scalars(
        select(Membership)
        .join(User)
        .where(Membership.company_id == member.company_id, Membership.id != member.id, User.active.is_(True))
        .options(joinedload(Membership.user))
    )
    return tuple(sorted(rows, key=lambda one: sort_key(one.user.name)))


def leave(session: Session, actor: Actor, member: Membership, successor_id: uuid.UUID | None) -> Departure:
    """Take *member* out of the company; the successor takes over open tasks and, if nobody else is left, the role of the admin.

    Raises Invalid("successor") for somebody who cannot be it, or if the last admin of a company with other people names nobody.
    """
    found = preview(session, actor, member)
    successor = next((one for one in found.candidates if one.user_id == successor_id), None)
    if successor_id is not None and successor is None:
        raise Invalid("successor", N_("Wählen Sie jemanden aus der Liste."))
    if successor is None and found.is_last_admin and found.candidates and not can(actor, "user.administer"):
        raise Invalid("successor", N_("Wählen Sie, wer künftig die Konten des Unternehmens verwaltet."))
    if successor is not None:
        hand_over(session, actor, member, successor, found)
    people.remove(session, actor, member)
    return found


def hand_over(session: Session, actor: Actor, member: Membership, successor: Membership, found: Departure) -> None:
    """Give what is open to *successor*, who is told by mail; the role of the admin, too, if *member* is the last one."""
    for kind, conditions in (
        (Wish, _open_wishes(member)),
        (WishSupport, _open_supports(member)),
        (Feedback, _open_feedback(member)),
    ):
        session.execute(
            update(kind)
            .where(*conditions)
            .values(user_id=successor.user_id)
            .execution_options(synchronize_session="fetch")
        )
    if found.is_last_admin:
        people.change_role(session, actor, successor, CompanyRole.ADMIN)
    audit.record(
        session,
        actor,
        "member.handed_over",
        member,
        label=member.user.email,
        to=successor.user.email,
        tasks=found.tasks,
    )
    admin = N_("Sie verwalten jetzt auch die Konten Ihres Unternehmens.") if found.is_last_admin else ""
    values = {"name": successor.user.name, "who": member.user.name, "tasks": found.tasks, "admin": admin}
    outbox.send(
        session,
        successor.user.email,
        N_("Sie haben Aufgaben im Modulkatalog übernommen"),
        (MAIL % values).rstrip() + "\n",
    )


# network staff


@dataclass(frozen=True)
class Reviews:
    """What a person of the network office is named for as reviewer."""

    modules: int
    pending: int

    @property
    def total(self) -> int:
        """How many things wait for the person."""
        return self.modules + self.pending


def reviews(session: Session, actor: Actor, user: User) -> Reviews:
    """Return how much *user* is named for."""
    require(actor, "user.administer")
    return reckon_reviews(session, user)


def reckon_reviews(session: Session, user: User) -> Reviews:
    """Like :func:`reviews`, for a caller that knows that it may ask."""
    return Reviews(
        _count(session, Module, Module.reviewer_id == user.id, Module.state != WorkflowState.ARCHIVED),
        _count(session, PendingVersion, PendingVersion.reviewer_id == user.id),
    )


def hand_over_reviews(session: Session, actor: Actor, user: User, successor: User) -> Reviews:
    """Name *successor* as reviewer wherever *user* is named; raises Invalid("successor") for who cannot review."""
    found = reviews(session, actor, user)
    move_reviews(session, actor, user, successor)
    return found


def move_reviews(session: Session, actor: Actor, user: User, successor: User) -> None:
    """Like :func:`hand_over_reviews`, for a caller that knows that it may."""
    found = reckon_reviews(session, user)
    if successor.network_role is None or not successor.active or successor.id == user.id:
        raise Invalid("successor", N_("Wählen Sie jemanden aus dem Netzwerkbüro."))
    for kind in (Module, PendingVersion):
        # only who reviews changes: neither the index nor the history of the module knows of it
        session.execute(
            update(kind)
            .where(kind.reviewer_id == user.id)
            .values(reviewer_id=successor.id)
            .execution_options(synchronize_session="fetch")
        )
    audit.record(session, actor, "reviews.handed_over", user, label=user.email, to=successor.email, number=found.total)


MAIL = N_("""Guten Tag %(name)s,

%(who)s gehört nicht mehr zu Ihrem Unternehmen. Offene Wünsche und Rückmeldungen, die Sie übernehmen: %(tasks)s. Die Antworten des Netzwerkbüros
bekommen jetzt Sie.

%(admin)s
""")
