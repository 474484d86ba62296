"""Invented decisions and actions of the demo, with days that lead up to its start."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from catalogue.db import Session
from catalogue.models import Action, ActionState, Decision, DecisionKind, DecisionState, User

__all__ = ["add"]

Ago = Callable[[int], datetime]


def add(
    session: Session, rows: list[dict[str, Any]], modules: Mapping[str, uuid.UUID], staff: User | None, ago: Ago
) -> None:
    """Add decisions about those modules that are there; *ago*: the moment so many days before the start."""
    for row in rows:
        if row.get("module") in modules:
            decision = _decision(row, modules[row["module"]], staff, ago)
            session.add(decision)
            session.flush()
            session.add_all(_action(one, staff, ago, decision.id) for one in row.get("actions", ()))
        elif "title" in row:
            session.add(_action(row, staff, ago, None))


def _decision(row: dict[str, Any], module_id: uuid.UUID, staff: User | None, ago: Ago) -> Decision:
    at, done = ago(row["days_ago"]), "done_days_ago" in row
    return Decision(
        id=uuid.uuid4(), module_id=module_id, kind=DecisionKind(row["kind"]), answer=row.get("answer", ""), reason=row.get("reason", ""),
        **_given(row, staff, ago), source=row.get("source", ""), decided_on=at.date(), decided_by_id=staff.id if staff else None,
        decided_by=staff.name if staff else "", public=row.get("public", False), published_at=at if row.get("answer") else None,
        state=DecisionState.DONE if done else DecisionState.OPEN, done_at=ago(row["done_days_ago"]) if done else None,
        done_note=row.get("done_note", ""), created_at=at, updated_at=at,
    )  # fmt: skip


def _action(row: dict[str, Any], staff: User | None, ago: Ago, decision_id: uuid.UUID | None) -> Action:
    state = ActionState(row.get("state", "open"))
    ended = ago(1) if state in (ActionState.DONE, ActionState.DROPPED) else None
    return Action(
        title=row["title"], **_given(row, staff, ago), state=state, note=row.get("note", ""), ended_at=ended,
        decision_id=decision_id, created_at=ago(row.get("days_ago", 5)),
    )  # fmt: skip


def _given(row: dict[str, Any], staff: User | None, ago: Ago) -> dict[str, Any]:
    """Who has it, until when: somebody named, else the person of the office."""
    due: date | None = ago(0).date() + timedelta(days=row["due_in_days"]) if "due_in_days" in row else None
    if "responsible" in row or staff is None:
        return {"responsible": row.get("responsible", ""), "due_on": due}
    return {"responsible": staff.name, "responsible_id": staff.id, "due_on": due}
