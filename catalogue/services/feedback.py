"""Rückmeldungen: what companies think of a module or of the offer as a whole, and the network office's answers.

Who may read a remark was chosen before it was written and is never widened. No page for members shows who wrote it.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import Feedback, FeedbackKind, FeedbackState, FeedbackVisibility, Module
from catalogue.services import audit, outbox
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, plain_text
from catalogue.services.locking import claim
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.texts import N_

__all__ = [
    "FeedbackInput", "Inbox", "InboxFilters", "answer", "close", "get", "give", "inbox", "of_module", "own_list", "read",
]  # fmt: skip

TEXT_LENGTH = 4000
PER_PAGE = 30
LOADED: tuple[ORMOption, ...] = (
    joinedload(Feedback.module),
    joinedload(Feedback.company),
    joinedload(Feedback.user),
)


@dataclass(frozen=True)
class FeedbackInput:
    """One remark."""

    kind: FeedbackKind
    text: str
    visibility: FeedbackVisibility = FeedbackVisibility.NETWORK


@dataclass(frozen=True)
class InboxFilters:
    """What the inbox shows; empty means all."""

    states: tuple[FeedbackState, ...] = ()
    kinds: tuple[FeedbackKind, ...] = ()
    page: int = 1


@dataclass(frozen=True)
class Inbox:
    """One page of remarks, newest first, each with module, company and writer; ``counts`` has the number of each state."""

    items: tuple[Feedback, ...]
    total: int
    page: int
    pages: int
    counts: dict[FeedbackState, int]


def give(session: Session, actor: Actor, given: FeedbackInput, module: Module | None = None) -> Feedback:
    """Write down a remark of the own company about *module* (None: about the offer as a whole). A second press adds nothing."""
    require(actor, "feedback.write", Own(actor.company_id))
    text = plain_text(given.text)
    findings = Findings()
    findings.required("text", text, N_("Schreiben Sie Ihre Rückmeldung, ein Satz genügt."))
    findings.length("text", text, TEXT_LENGTH)
    findings.raise_any()
    values = {
        "company_id": actor.company_id, "user_id": actor.user_id, "module_id": module.id if module else None,
        "kind": given.kind, "visibility": given.visibility, "text": text,
    }  # fmt: skip
    again = session.scalar(select(Feedback).filter_by(**values, state=FeedbackState.NEW))
    if again is not None:
        return again
    feedback = Feedback(**values)
    session.add(feedback)
    session.flush()
    return feedback


def get(session: Session, actor: Actor, feedback_id: uuid.UUID) -> Feedback:
    """Return one remark with module, company and writer, if *actor* may see it; NotFound otherwise."""
    feedback = session.scalar(select(Feedback).where(Feedback.id == feedback_id).options(*LOADED))
    if feedback is None or not can(actor, "feedback.see", feedback):
        raise NotFound(N_("Diese Rückmeldung gibt es nicht."))
    return feedback


def own_list(session: Session, actor: Actor) -> list[Feedback]:
    """Return all remarks of the own company, newest first."""
    require(actor, "company.home")
    rows = session.scalars(
        select(Feedback)
        .where(Feedback.company_id == actor.company_id)
        .options(*LOADED)
        .order_by(Feedback.created_at.desc(), Feedback.id)
    )
    return list(rows)


def of_module(session: Session, actor: Actor, module: Module) -> list[Feedback]:
    """Return the remarks about *module* that all members may read, newest first; for visitors none. Names are not loaded."""
    if not can(actor, "interest.see"):
        return []
    rows = session.scalars(
        select(Feedback)
        .where(Feedback.module_id == module.id, Feedback.visibility == FeedbackVisibility.MEMBERS)
        .order_by(Feedback.created_at.desc(), Feedback.id)
    )
    return list(rows)


def inbox(session: Session, actor: Actor, filters: InboxFilters) -> Inbox:
    """Return what the companies wrote, for network staff."""
    require(actor, "feedback.answer")
    wanted_states, wanted_kinds = filters.states or tuple(FeedbackState), filters.kinds or tuple(FeedbackKind)
    condition = Feedback.state.in_(wanted_states) & Feedback.kind.in_(wanted_kinds)
    total = session.scalar(select(func.count()).select_from(Feedback).where(condition)) or 0
    page, pages = within(filters.page, total, PER_PAGE)
    rows = session.scalars(
        select(Feedback)
        .where(condition)
        .options(*LOADED)
        .order_by(Feedback.created_at.desc(), Feedback.id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    counts = dict.fromkeys(FeedbackState, 0)
    for state, number in session.execute(select(Feedback.state, func.count()).group_by(Feedback.state)):
        counts[state] = number
    return Inbox(tuple(rows), total, page, pages, counts)


def read(session: Session, actor: Actor, feedback: Feedback) -> Feedback:
    """Note that somebody at the network office has read it."""
    require(actor, "feedback.answer")
    if feedback.state == FeedbackState.NEW:
        feedback.state = FeedbackState.READ
        session.flush()
    return feedback


def answer(session: Session, actor: Actor, feedback: Feedback, text: str, version: int | None = None) -> Feedback:
    """Answer a remark; its writer gets a mail and sees the answer on the company's page. Raises Stale for an old *version*."""
    require(actor, "feedback.answer")
    text = plain_text(text)
    findings = Findings()
    findings.required("answer", text, N_("Schreiben Sie die Antwort."))
    findings.length("answer", text, TEXT_LENGTH)
    findings.raise_any()
    claim(session, feedback, version, text, *LOADED)
    feedback.answer, feedback.answered_at, feedback.answered_by_id = text, utcnow(), actor.user_id
    feedback.state = FeedbackState.ANSWERED
    session.flush()
    audit.record(session, actor, "feedback.answered", feedback, label=feedback.module.title if feedback.module else "")
    _tell(session, feedback)
    return feedback


def close(session: Session, actor: Actor, feedback: Feedback, version: int | None = None) -> Feedback:
    """Put a remark away as done, with or without an answer."""
    require(actor, "feedback.answer")
    claim(session, feedback, version, None, *LOADED)
    feedback.state = FeedbackState.CLOSED
    session.flush()
    audit.record(session, actor, "feedback.closed", feedback, label=feedback.module.title if feedback.module else "")
    return feedback


def _tell(session: Session, feedback: Feedback) -> None:
    """Mail the writer. The remark itself stays out of the mail: who may read it was chosen for the catalogue."""
    writer = feedback.user
    if writer is None or not writer.active:
        return
    about = f"zum Modul „{feedback.module.title}“" if feedback.module else "zum Angebot"
    outbox.send(
        session, writer.email, f"Antwort auf Ihre Rückmeldung {about}",
        f"Guten Tag {writer.name},\n\ndas Netzwerkbüro hat Ihre Rückmeldung {about} beantwortet:\n\n{feedback.answer}\n\n"
        "Alle Antworten stehen im Modulkatalog unter „Unser Unternehmen“.\n",
        dedupe_key=f"feedback:{feedback.id}:{feedback.version}",
    )  # fmt: skip
