"""Aufgaben: who of the network does what until when, for a decision, for a wish, or for nothing else."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Action, ActionState, Decision, Wish
from catalogue.services import audit, responsibles, thing_history
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.reports import today
from catalogue.texts import N_

__all__ = [
    "RUNNING", "ActionInput", "ActionPage", "ActionQuery", "count_late", "create", "get", "input_of", "is_late", "listing", "of_decision",
    "table", "update",
]  # fmt: skip

TITLE_LENGTH, TEXT_LENGTH, PER_PAGE = 300, 4000, 50
RUNNING = (ActionState.OPEN, ActionState.STARTED)
LOADED = (
    joinedload(Action.decision).joinedload(Decision.module),
    joinedload(Action.wish),
)


@dataclass(frozen=True)
class ActionInput:
    """What is to be done. ``decision_id`` or ``wish_id`` says why, at most one of both."""

    title: str
    responsible_id: uuid.UUID | None = None
    responsible: str = ""
    due_on: date | None = None
    state: ActionState = ActionState.OPEN
    note: str = ""
    decision_id: uuid.UUID | None = None
    wish_id: uuid.UUID | None = None


@dataclass(frozen=True)
class ActionQuery:
    """Which actions to list; ``states`` empty: what is to be done yet; ``responsible``: the id of a person, or a name."""

    states: tuple[ActionState, ...] = RUNNING
    late: bool = False
    responsible: str = ""
    decision_id: uuid.UUID | None = None
    page: int = 1


@dataclass(frozen=True)
class ActionPage:
    """One page of actions: what is due first comes first, what has no day last."""

    actions: tuple[Action, ...]
    total: int
    page: int
    pages: int


def is_late(action: Action, on: date | None = None) -> bool:
    """Whether the day has passed and it is not done."""
    return action.state in RUNNING and action.due_on is not None and action.due_on < (on or today())


def create(session: Session, actor: Actor, given: ActionInput) -> Action:
    """Add something to do. Raises Invalid."""
    require(actor, "action.edit")
    action = Action(id=uuid.uuid4(), created_by_id=actor.user_id)
    _write(session, action, given)
    session.add(action)
    session.flush()
    audit.record(session, actor, "action.added", action)
    return action


def update(session: Session, actor: Actor, action: Action, given: ActionInput, version: int | None) -> Action:
    """Change it or say where it stands. Raises Stale or Invalid."""
    require(actor, "action.edit")
    claim(session, action, version, given, *LOADED)
    before = input_of(action)
    _write(session, action, given)
    session.flush()
    changes = thing_history.between(before, input_of(action))
    audit.record(session, actor, "action.changed", action, changes=changes)
    return action


def get(session: Session, actor: Actor, action_id: uuid.UUID) -> Action:
    """Return one action with what it is for; NotFound if there is none."""
    require(actor, "action.see")
    action = session.scalar(select(Action).where(Action.id == action_id).options(*LOADED))
    if action is None:
        raise NotFound(N_("Diese Aufgabe gibt es nicht."))
    return action


def input_of(action: Action) -> ActionInput:
    """Return what *action* says."""
    return ActionInput(**{name: getattr(action, name) for name in ActionInput.__dataclass_fields__})


def listing(session: Session, actor: Actor, query: ActionQuery, *, everything: bool = False) -> ActionPage:
    """Return the actions that *query* asks for, one page of them or all."""
    require(actor, "action.see")
    condition = _condition(query)
    total = session.scalar(select(func.count()).select_from(Action).where(condition)) or 0
    page, pages = within(query.page, total, PER_PAGE)
    wanted = select(Action).where(condition).options(*LOADED)
    wanted = wanted.order_by(Action.due_on.is_(None), Action.due_on, Action.created_at, Action.id)
    if not everything:
        wanted = wanted.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return ActionPage(tuple(session.scalars(wanted)), total, page, pages)


def of_decision(session: Session, actor: Actor, decision: Decision) -> list[Action]:
    """Return what is done and to be done for *decision*, oldest first."""
    require(actor, "action.see")
    wanted = select(Action).where(Action.decision_id == decision.id).options(*LOADED)
    return list(session.scalars(wanted.order_by(Action.created_at, Action.id)))


def count_late(session: Session, actor: Actor) -> int:
    """Return how many actions are late."""
    require(actor, "action.see")
    return session.scalar(select(func.count()).select_from(Action).where(_condition(ActionQuery(late=True)))) or 0


def _condition(query: ActionQuery) -> ColumnElement[bool]:
    states = RUNNING if query.late else query.states or tuple(ActionState)
    condition: ColumnElement[bool] = Action.state.in_(states)
    if query.late:
        condition &= Action.due_on < today()
    if query.decision_id:
        condition &= Action.decision_id == query.decision_id
    if query.responsible:
        condition &= responsibles.is_given_to(Action, query.responsible)
    return condition


def _write(session: Session, action: Action, given: ActionInput) -> None:
    findings = Findings()
    title, note = one_line(given.title), plain_text(given.note)
    findings.required("title", title, N_("Schreiben Sie, was zu tun ist."))
    findings.length("title", title, TITLE_LENGTH)
    findings.length("note", note, TEXT_LENGTH)
    findings.day("due_on", given.due_on)
    if given.state == ActionState.DROPPED:
        findings.required("note", note, N_("Schreiben Sie einen Satz dazu, warum das nicht mehr getan wird."))
    _check_cause(session, given)
    person, name = responsibles.checked(
        session, findings, given.responsible_id, given.responsible, action.responsible_id
    )
    findings.raise_any()
    ended = action.ended_at if action.state == given.state and action.ended_at else utcnow()
    action.title, action.note, action.due_on, action.state = title, note, given.due_on, given.state
    action.responsible_id, action.responsible = person, name
    action.decision_id, action.wish_id = given.decision_id, given.wish_id
    action.ended_at = None if given.state in RUNNING else ended


def _check_cause(session: Session, given: ActionInput) -> None:
    if given.decision_id and given.wish_id:
        raise Invalid("", N_("Eine Aufgabe gehört zu einer Entscheidung oder zu einem Wunsch, nicht zu beiden."))
    if given.decision_id and session.get(Decision, given.decision_id) is None:
        raise NotFound(N_("Diese Entscheidung gibt es nicht."))
    if given.wish_id and session.get(Wish, given.wish_id) is None:
        raise NotFound(N_("Diesen Wunsch gibt es nicht."))


COLUMNS = (
    Column("title", "Aufgabe"),
    Column("responsible", "Verantwortlich"),
    Column("due", "Bis", Kind.DATE),
    Column("state", "Stand"),
    Column("late", "Überfällig"),
    Column("about", "Gehört zu"),
    Column("note", "Ergebnis"),
    Column("ended", "Abgeschlossen", Kind.MOMENT),
)


def table(found: ActionPage) -> Table:
    """Return the actions of a list as a table to take away."""
    rows = [
        {
            "title": one.title,
            "responsible": one.responsible,
            "due": one.due_on,
            "state": one.state,
            "late": "ja" if is_late(one) else "",
            "about": one.decision.module.title if one.decision else one.wish.title if one.wish else "",
            "note": one.note,
            "ended": one.ended_at,
        }
        for one in found.actions
    ]
    return Table("Aufgaben", COLUMNS, rows)
