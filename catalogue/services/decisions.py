"""Entscheidungen: the network says what becomes of a module. A new decision takes the place of the one before; nothing is deleted.

Companies concerned read ``answer`` as soon as there is one (services/decision_outcomes.py), never ``reason``.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Decision, DecisionKind, DecisionState, Module
from catalogue.services import audit, responsibles, thing_history
from catalogue.services.errors import Conflict, Invalid, NotFound, Stale
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.reports import today
from catalogue.texts import N_

__all__ = [
    "LOADED", "DecisionInput", "current", "decide", "finish", "get", "input_of", "of_module", "reopen", "update", "withdraw",
]  # fmt: skip

TEXT_LENGTH, SOURCE_LENGTH = 4000, 200
LOADED = (joinedload(Decision.module),)


@dataclass(frozen=True)
class DecisionInput:
    """What is decided. ``answer`` is for the companies, ``reason`` for staff; ``decided_on`` None: today."""

    kind: DecisionKind
    answer: str = ""
    reason: str = ""
    responsible_id: uuid.UUID | None = None
    responsible: str = ""
    due_on: date | None = None
    source: str = ""
    decided_on: date | None = None
    public: bool = False


def decide(
    session: Session, actor: Actor, module: Module, given: DecisionInput, read: uuid.UUID | str | None = None
) -> Decision:
    """Decide about *module*; what was decided before is superseded.

    *read*: id of the decision that held when the form was opened, "" if none did; raises Stale with the one that holds now if
    that is another one (None: whatever it is).
    """
    require(actor, "decision.edit")
    session.execute(select(Module.id).where(Module.id == module.id).with_for_update())  # one decision after the other
    before = _holding(session, module.id)
    latest = before[-1] if before else None
    if read is not None and str(read) != (str(latest.id) if latest else ""):
        raise Stale(latest, given)
    decision = Decision(
        id=uuid.uuid4(), module_id=module.id, decided_by_id=actor.user_id, decided_by=actor.label[:200],
        state=DecisionState.OPEN, published_at=None,
    )  # fmt: skip
    _write(session, decision, given)
    session.add(decision)
    session.flush()
    for one in before:
        one.ended_at, one.superseded_by_id, one.state = utcnow(), decision.id, DecisionState.SUPERSEDED
    session.flush()
    audit.record(session, actor, "decision.made", decision, label=module.title, kind=decision.kind.value)
    return get(session, actor, decision.id)


def update(session: Session, actor: Actor, decision: Decision, given: DecisionInput, version: int | None) -> Decision:
    """Change the words of a decision that holds. Raises Stale, Conflict if it does not hold any more, or Invalid."""
    require(actor, "decision.edit")
    claim(session, decision, version, given, *LOADED)
    _check_holds(decision)
    before = input_of(decision)
    _write(session, decision, given)
    session.flush()
    _note(session, actor, "decision.changed", decision, changes=thing_history.between(before, input_of(decision)))
    return decision


def finish(session: Session, actor: Actor, decision: Decision, note: str, version: int | None = None) -> Decision:
    """Say that it is done; *note* tells the companies what came of it."""
    require(actor, "decision.edit")
    claim(session, decision, version, note, *LOADED)
    _check_holds(decision)
    text = plain_text(note)
    findings = Findings()
    findings.length("done_note", text, TEXT_LENGTH)
    findings.raise_any()
    decision.state, decision.done_at, decision.done_note = DecisionState.DONE, decision.done_at or utcnow(), text
    session.flush()
    _note(session, actor, "decision.done", decision)
    return decision


def reopen(session: Session, actor: Actor, decision: Decision, version: int | None = None) -> Decision:
    """It is not done yet after all."""
    require(actor, "decision.edit")
    claim(session, decision, version, None, *LOADED)
    if decision.state != DecisionState.DONE:
        raise Conflict(N_("Diese Entscheidung ist nicht als umgesetzt eingetragen."))
    decision.state, decision.done_at, decision.done_note = DecisionState.OPEN, None, ""
    session.flush()
    _note(session, actor, "decision.reopened", decision)
    return decision


def withdraw(
    session: Session, actor: Actor, decision: Decision, reason: str, version: int | None = None
) -> Decision | None:
    """Take a decision back; what it superseded holds again and is returned. Raises Invalid("end_reason") without a reason."""
    require(actor, "decision.edit")
    session.execute(select(Module.id).where(Module.id == decision.module_id).with_for_update())
    claim(session, decision, version, reason, *LOADED)
    _check_holds(decision)
    text = plain_text(reason)
    findings = Findings()
    findings.required("end_reason", text, N_("Schreiben Sie, warum die Entscheidung zurückgenommen wird."))
    findings.length("end_reason", text, TEXT_LENGTH)
    findings.raise_any()
    decision.state, decision.ended_at, decision.end_reason = DecisionState.WITHDRAWN, utcnow(), text
    again = _superseded_by(session, decision)
    for one in again:
        one.state = DecisionState.DONE if one.done_at else DecisionState.OPEN
        one.ended_at = one.superseded_by_id = None
    session.flush()
    _note(session, actor, "decision.withdrawn", decision)
    return again[-1] if again else None


def get(session: Session, actor: Actor, decision_id: uuid.UUID) -> Decision:
    """Return one decision with its module; NotFound if there is none."""
    require(actor, "decision.see")
    decision = session.scalar(select(Decision).where(Decision.id == decision_id).options(*LOADED))
    if decision is None:
        raise NotFound(N_("Diese Entscheidung gibt es nicht."))
    return decision


def current(session: Session, actor: Actor, module: Module) -> Decision | None:
    """Return the decision about *module* that holds, None if there is none."""
    require(actor, "decision.see")
    found = _holding(session, module.id)
    return found[-1] if found else None


def of_module(session: Session, actor: Actor, module_id: uuid.UUID) -> list[Decision]:
    """Return all decisions about a module, the newest first, withdrawn ones too."""
    require(actor, "decision.see")
    about = select(Decision).where(Decision.module_id == module_id)
    return list(session.scalars(about.order_by(Decision.decided_on.desc(), Decision.created_at.desc(), Decision.id)))


def input_of(decision: Decision) -> DecisionInput:
    """Return what *decision* says."""
    return DecisionInput(**{name: getattr(decision, name) for name in DecisionInput.__dataclass_fields__})


def _holding(session: Session, module_id: uuid.UUID) -> list[Decision]:
    """The decisions that hold, the latest last: one at most, more only after modules were merged."""
    holds = select(Decision).where(Decision.module_id == module_id, Decision.ended_at.is_(None))
    return list(session.scalars(holds.order_by(Decision.decided_on, Decision.created_at, Decision.id)))


def _superseded_by(session: Session, decision: Decision) -> list[Decision]:
    before = select(Decision).where(
        Decision.superseded_by_id == decision.id, Decision.state == DecisionState.SUPERSEDED
    )
    return list(session.scalars(before.order_by(Decision.decided_on, Decision.created_at, Decision.id)))


def _check_holds(decision: Decision) -> None:
    if not decision.holds:
        raise Conflict(N_("Diese Entscheidung gilt nicht mehr."))


def _note(session: Session, actor: Actor, action: str, decision: Decision, **details: Any) -> None:
    audit.record(session, actor, action, decision, label=decision.module.title, **details)


def _write(session: Session, decision: Decision, given: DecisionInput) -> None:
    """Check and take over what was given; from the first sentence on the companies concerned read it. Raises Invalid."""
    given = replace(
        given, answer=plain_text(given.answer), reason=plain_text(given.reason), source=one_line(given.source),
        decided_on=given.decided_on or decision.decided_on or today(),
    )  # fmt: skip
    findings = _findings(given)
    person, name = responsibles.checked(
        session, findings, given.responsible_id, given.responsible, decision.responsible_id
    )
    findings.raise_any()
    for field in DecisionInput.__dataclass_fields__:
        setattr(decision, field, getattr(given, field))
    decision.responsible_id, decision.responsible = person, name
    decision.published_at = (decision.published_at or utcnow()) if given.answer else None


def _findings(given: DecisionInput) -> Findings:
    findings = Findings()
    if given.kind not in set(DecisionKind):
        raise Invalid("kind", N_("Wählen Sie, was aus dem Modul wird."))
    for field, text in (("answer", given.answer), ("reason", given.reason)):
        findings.length(field, text, TEXT_LENGTH)
    findings.length("source", given.source, SOURCE_LENGTH)
    if given.public:
        findings.required("answer", given.answer, N_("Schreiben Sie den Satz, der im Katalog stehen soll."))
    findings.day("decided_on", given.decided_on)
    if given.decided_on and given.decided_on > today():
        findings.add("decided_on", N_("Entschieden wird heute oder wurde früher: Geben Sie diesen Tag an."))
    elif given.due_on and given.decided_on and given.due_on < given.decided_on:
        findings.add("due_on", N_("Geben Sie einen Tag nach der Entscheidung an."))
    return findings
