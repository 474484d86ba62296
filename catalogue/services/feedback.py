"""Rückmeldungen: what companies think of a module or of the offer as a whole. What the office does with it: feedback_desk.py.

Who may read a remark is chosen by its giver only. No page for members shows who wrote it.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Feedback, FeedbackKind, FeedbackState, FeedbackVisibility, Module
from catalogue.services import audit
from catalogue.services.errors import Conflict, NotAllowed, NotFound
from catalogue.services.findings import Findings, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.texts import N_

__all__ = [
    "LOADED", "TEXT_LENGTH", "FeedbackInput", "get", "give", "may_change", "may_edit", "of_module", "own_list", "update", "withdraw",
]  # fmt: skip

TEXT_LENGTH = 4000
LOADED: tuple[ORMOption, ...] = (
    joinedload(Feedback.module),
    joinedload(Feedback.company),
    joinedload(Feedback.user),
    selectinload(Feedback.steps),
)


@dataclass(frozen=True)
class FeedbackInput:
    """One remark."""

    kind: FeedbackKind
    text: str
    visibility: FeedbackVisibility = FeedbackVisibility.NETWORK


def give(session: Session, actor: Actor, given: FeedbackInput, module: Module | None = None) -> Feedback:
    """Write down a remark of the own company about *module* (None: about the offer as a whole). A second press adds nothing."""
    require(actor, "feedback.write", Own(actor.company_id))
    text = _checked(given.text)
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


def _checked(text: str) -> str:
    text = plain_text(text)
    findings = Findings()
    findings.required("text", text, N_("Schreiben Sie Ihre Rückmeldung, ein Satz genügt."))
    findings.length("text", text, TEXT_LENGTH)
    findings.raise_any()
    return text


def may_change(actor: Actor, feedback: Feedback) -> bool:
    """Return whether *actor* may take the remark back: who wrote it, or an admin of the company."""
    wrote = actor.user_id is not None and feedback.user_id == actor.user_id
    return can(actor, "feedback.write", feedback) and (wrote or actor.company_role == CompanyRole.ADMIN)


def may_edit(actor: Actor, feedback: Feedback) -> bool:
    """Return whether *actor* may still write it differently: nobody at the network office has looked at it."""
    return feedback.state == FeedbackState.NEW and may_change(actor, feedback)


def update(session: Session, actor: Actor, feedback: Feedback, given: FeedbackInput, version: int | None) -> Feedback:
    """Write a new remark differently. Raises Stale, Invalid, and Conflict once the network office has seen it."""
    if not may_change(actor, feedback):
        raise NotAllowed(N_("Ändern kann sie, wer sie geschrieben hat, oder wer Ihr Unternehmen verwaltet."))
    claim(session, feedback, version, given, *LOADED)
    if feedback.state != FeedbackState.NEW:
        raise Conflict(N_("Das Netzwerkbüro hat diese Rückmeldung schon gesichtet. Schreiben Sie eine neue."))
    feedback.text = _checked(given.text)
    feedback.kind, feedback.visibility = given.kind, given.visibility
    session.flush()
    return feedback


def withdraw(session: Session, actor: Actor, feedback: Feedback) -> None:
    """Take a remark back at any time: it is deleted with all answers; the record keeps that there was one, not what it said."""
    if not may_change(actor, feedback):
        raise NotAllowed(N_("Zurückziehen kann sie, wer sie geschrieben hat, oder wer Ihr Unternehmen verwaltet."))
    audit.record(session, actor, "feedback.withdrawn", feedback, label=feedback.module.title if feedback.module else "")
    session.delete(feedback)
    session.flush()


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
        .join(Feedback.company)
        .where(Feedback.module_id == module.id, Feedback.visibility == FeedbackVisibility.MEMBERS, Company.active)
        .order_by(Feedback.created_at.desc(), Feedback.id)
    )
    return list(rows)
