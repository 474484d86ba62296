"""What waits for network staff: each figure is the length of a list that can be opened."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Feedback, FeedbackState, ImportRun, Module, PendingVersion, Wish, WishState, WorkflowState
from catalogue.services import (
    access_requests,
    actions,
    company_demand,
    imports,
    link_check,
    outbox,
    prospects,
    redirects,
    search_gaps,
    sources,
)
from catalogue.services.module_listing import stale_condition
from catalogue.services.permissions import Actor, can, require
from catalogue.services.schedules import today

__all__ = ["Worklist", "counts", "new_feedback", "open_wishes"]


@dataclass(frozen=True)
class Worklist:
    """How many things of each kind wait, and how many did not work; None where the actor may not open the list.

    Each figure has its list in web/curation/worklists.py; a test compares the two.
    """

    modules: int
    published: int
    review: int
    pending: int
    drafts: int
    stale: int
    feedback: int
    wishes: int
    refused: int
    late_actions: int
    imports: int
    sources_failed: int
    sources_waiting: int
    links: int
    gaps: int
    runs_ready: int
    requests: int | None
    failed_imports: int
    failed_mails: int | None


def counts(session: Session, actor: Actor) -> Worklist:
    """Return how much waits for network staff now."""
    require(actor, "module.see_unpublished")
    return Worklist(
        modules=_count(session, Module, Module.id.not_in(redirects.merged_away())),
        published=_count(session, Module, Module.state == WorkflowState.PUBLISHED),
        review=_count(session, Module, Module.state == WorkflowState.REVIEW),
        pending=_count(session, PendingVersion, sa.true()),
        drafts=_count(session, Module, Module.state == WorkflowState.DRAFT),
        stale=_count(session, Module, stale_condition()),
        feedback=_count(session, Feedback, Feedback.state == FeedbackState.NEW),
        wishes=_count(session, Wish, (Wish.state == WishState.OPEN) & Wish.merged_into_id.is_(None)),
        refused=company_demand.count_refused(session),
        late_actions=actions.count_late(session, actor),
        links=len(link_check.broken(session, actor)),
        imports=_count(session, ImportRun, ImportRun.state.in_(imports.OPEN) & ImportRun.source_id.is_(None)),
        sources_failed=sources.failed(session),
        sources_waiting=sources.waiting(session),
        gaps=search_gaps.open_gaps(session),
        runs_ready=len(prospects.ready(session, today())),
        requests=access_requests.count_for_office(session) if can(actor, "user.administer") else None,
        failed_imports=_count(session, ImportRun, imports.failed()),
        failed_mails=outbox.failed(session) if can(actor, "outbox.see") else None,
    )


def _count(session: Session, kind: type, condition: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind).where(condition)) or 0


def new_feedback(session: Session, actor: Actor, limit: int) -> list[Feedback]:
    """Return the oldest remarks that nobody read yet, with module and company."""
    require(actor, "feedback.answer")
    statement = (
        sa.select(Feedback)
        .where(Feedback.state == FeedbackState.NEW)
        .options(joinedload(Feedback.module), joinedload(Feedback.company))
        .order_by(Feedback.created_at, Feedback.id)
    )
    return list(session.scalars(statement.limit(limit)))


def open_wishes(session: Session, actor: Actor, limit: int) -> list[Wish]:
    """Return the oldest wishes without any answer, with company and topic."""
    require(actor, "wish.answer")
    statement = (
        sa.select(Wish)
        .where(Wish.state == WishState.OPEN, Wish.merged_into_id.is_(None))
        .options(joinedload(Wish.company), joinedload(Wish.topic))
        .order_by(Wish.created_at, Wish.id)
    )
    return list(session.scalars(statement.limit(limit)))
