"""The start page of a company: what waits for it, what is new for it, what became of what it said."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import (
    Demand,
    Feedback,
    Membership,
    Module,
    Relevance,
    RunCommitment,
    Term,
    User,
    Vocabulary,
    Wish,
    WorkflowState,
    module_term,
)
from catalogue.services import commitments, decision_outcomes, demand, feedback, introductions, wishes
from catalogue.services.decision_outcomes import DecisionOutcome
from catalogue.services.permissions import Actor, require
from catalogue.services.reports import today
from catalogue.services.wishes import WishView

__all__ = ["News", "Outcome", "Waiting", "colleagues", "news", "outcomes", "since", "waiting"]

NEWS, OUTCOMES = 6, 4


@dataclass(frozen=True)
class Waiting:
    """What somebody of the company should do: say whether people come, confirm, answer a question, look through old records."""

    runs: tuple[RunCommitment, ...]
    unconfirmed: tuple[Demand, ...]
    questions: tuple[WishView, ...]
    outdated: int
    introductions: int = 0  # whether the company may be named to another one

    @property
    def points(self) -> int:
        """How many things wait."""
        return len(self.runs) + len(self.unconfirmed) + len(self.questions) + bool(self.outdated) + self.introductions


@dataclass(frozen=True)
class News:
    """A module that is new or changed since the last visit; ``topic``: the topic of the company that it belongs to."""

    module: Module
    new: bool
    topic: Term | None


@dataclass(frozen=True)
class Outcome:
    """What became of a wish, a remark, or demand about a module; one of the three is set. ``at``: when there was news last."""

    at: datetime
    wish: WishView | None = None
    feedback: Feedback | None = None
    decision: DecisionOutcome | None = None

    @property
    def title(self) -> str:
        """What the company said something about; "" for the offer as a whole."""
        if self.wish:
            return self.wish.wish.title
        if self.decision:
            return self.decision.title
        return self.feedback.module.title if self.feedback and self.feedback.module else ""

    @property
    def text(self) -> str:
        """The sentence of the network office, as it was written."""
        if self.wish:
            return self.wish.wish.answer
        if self.decision:
            return self.decision.done_note or self.decision.answer
        return self.feedback.answer if self.feedback else ""


def waiting(session: Session, actor: Actor, k: int) -> Waiting:
    """Return what waits for the actor's company."""
    said = demand.own_list(session, actor)
    unconfirmed = tuple(one for one in said if demand.needs_confirmation(one))
    outdated = sum(demand.is_outdated(one) for one in said if one not in unconfirmed)
    questions = tuple(view for view in wishes.own_list(session, actor, k) if view.wish.state == "question")
    asked = tuple(commitments.open_for(session, actor, today()))
    return Waiting(asked, unconfirmed, questions, outdated, len(introductions.questions(session, actor)))


def since(session: Session, actor: Actor) -> datetime | None:
    """Return when the person was here before this visit (at first: when the account was made)."""
    user = session.get(User, actor.user_id) if actor.user_id else None
    return (user.previous_login_at or user.created_at) if user else None


def news(session: Session, actor: Actor, after: datetime | None) -> list[News]:
    """Return modules published or changed *after* a moment that belong to topics of the company; all, if it has none yet."""
    require(actor, "company.home")
    if after is None:
        return []
    topics = _topics(session, actor)
    query = (
        select(Module)
        .where(Module.state == WorkflowState.PUBLISHED, or_(Module.published_at > after, Module.updated_at > after))
        .options(joinedload(Module.provider), joinedload(Module.programme))
        .order_by(func.coalesce(Module.published_at, Module.updated_at).desc(), Module.position)
        .limit(NEWS)
    )
    if topics:
        query = query.where(Module.id.in_(select(module_term.c.module_id).where(module_term.c.term_id.in_(topics))))
    found = list(session.scalars(query))
    matching = _matching(session, [module.id for module in found], topics)
    return [
        News(module, module.published_at is not None and module.published_at > after, matching.get(module.id))
        for module in found
    ]


def _topics(session: Session, actor: Actor) -> set[uuid.UUID]:
    """The topics of what the company finds relevant or wishes."""
    marked = (
        select(Term.id)
        .join(module_term, module_term.c.term_id == Term.id)
        .join(Demand, Demand.module_id == module_term.c.module_id)
        .where(Term.vocabulary == Vocabulary.TOPIC, Demand.company_id == actor.company_id)
        .where(Demand.withdrawn_at.is_(None), Demand.relevance != Relevance.NONE)
    )
    wished = select(Wish.topic_id).where(Wish.company_id == actor.company_id, Wish.topic_id.is_not(None))
    return set(session.scalars(marked)) | {topic for topic in session.scalars(wished) if topic is not None}


def _matching(session: Session, modules: list[uuid.UUID], topics: set[uuid.UUID]) -> dict[uuid.UUID, Term]:
    rows = session.execute(
        select(module_term.c.module_id, Term)
        .join(Term, Term.id == module_term.c.term_id)
        .where(module_term.c.module_id.in_(modules), Term.id.in_(topics))
        .order_by(Term.position.desc())
    )
    return {row[0]: row[1] for row in rows}


def outcomes(session: Session, actor: Actor, k: int) -> list[Outcome]:
    """Return what the network office decided or answered to the company, newest first; names and figures of others are in none."""
    views = [*wishes.own_list(session, actor, k), *wishes.joined(session, actor, k)]
    found = [Outcome(view.wish.decided_at, wish=view) for view in views if view.wish.decided_at]
    found += [Outcome(one.answered_at, feedback=one) for one in feedback.own_list(session, actor) if one.answered_at]
    found += [Outcome(one.at, decision=one) for one in decision_outcomes.for_company(session, actor)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def colleagues(session: Session, actor: Actor) -> int:
    """Return how many people have an account of the company."""
    require(actor, "company.home")
    members = select(func.count()).select_from(Membership).where(Membership.company_id == actor.company_id)
    return session.scalar(members) or 0
