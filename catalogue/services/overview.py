"""What planning reads first: how demand moved, what is missing, what is decided and due. Everything is short and opens its list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Action, Decision, DecisionState, FrozenReport, Wish, WishState, WishSupport
from catalogue.services import actions, decisions, reports
from catalogue.services.decision_listing import Standing, Wanted, standings, wanted
from catalogue.services.permissions import Actor, require
from catalogue.services.report_query import By, Report, ReportQuery, ReportRow
from catalogue.services.report_records import records
from catalogue.services.statements import Statements

__all__ = ["Decided", "Due", "Missed", "Movement", "decided", "due", "missed", "moved"]

SHORT = 5
FIGURES = ("companies", "people")
QUARTER = timedelta(days=91)
SOON = timedelta(days=30)
UNANSWERED = (WishState.OPEN, WishState.REVIEW, WishState.QUESTION)


@dataclass(frozen=True)
class Movement:
    """Companies and people of an earlier day, in all and by the keys of the rows, to compare a report with."""

    since: date
    total: tuple[int, int]
    rows: dict[str, tuple[int, int]]

    def of(self, row: ReportRow, figure: str) -> int:
        """How much more a row counts than on the earlier day; one that was not there counted nothing."""
        return int(getattr(row, figure)) - self.rows.get(row.key, (0, 0))[FIGURES.index(figure)]

    def of_total(self, row: ReportRow, figure: str) -> int:
        """How much more the total counts than on the earlier day."""
        return int(getattr(row, figure)) - self.total[FIGURES.index(figure)]


@dataclass(frozen=True)
class Decided:
    """What is decided about the modules of a report, and which of those that many want wait for a decision."""

    standing: dict[str, Standing]
    wanted: tuple[Wanted, ...]

    @cached_property
    def open(self) -> tuple[Wanted, ...]:
        """Wanted by many, decided by nobody."""
        return tuple(one for one in self.wanted if one.standing is None)

    @cached_property
    def open_slugs(self) -> frozenset[str]:
        """The slugs of these."""
        return frozenset(one.slug for one in self.open)


@dataclass(frozen=True)
class Due:
    """A decision or an action with its day; one of both is set."""

    on: date
    late: bool
    decision: Decision | None = None
    action: Action | None = None


@dataclass(frozen=True)
class Missed:
    """A wish that nobody answered for good yet, and how many other companies joined it."""

    wish: Wish
    supporters: int


def moved(session: Session, actor: Actor, query: ReportQuery) -> Movement:
    """Return the figures of the same question on the day of the last report, or a quarter of a year earlier without one."""
    require(actor, "report.see")
    day = query.as_of or reports.today()
    last = select(func.max(FrozenReport.as_of)).where(FrozenReport.as_of < day, FrozenReport.archived_at.is_(None))
    since = session.scalar(last) or day - QUARTER
    found = records(session, replace(query, as_of=since, at=None))
    total = reports.counted_once(found)
    return Movement(since, total, reports.counted(found, query.by))


def decided(session: Session, actor: Actor, query: ReportQuery, report: Report, found: Statements) -> Decided:
    """Return what was decided by the day of *query*; *report* and *found* are what it counts."""
    by_module = (
        report if query.by == By.MODULE else reports.interest(session, actor, replace(query, by=By.MODULE), found)
    )
    standing = standings(session, actor, query.as_of)
    return Decided(standing, tuple(wanted(by_module.rows, standing)))


def missed(session: Session, actor: Actor) -> tuple[list[Missed], int]:
    """Return the unanswered wishes that most companies share, and how many there are in all."""
    require(actor, "wish.answer")
    supporters = select(func.count()).where(WishSupport.wish_id == Wish.id).scalar_subquery()
    waiting = Wish.state.in_(UNANSWERED)
    wishes = select(Wish, supporters).where(waiting).options(joinedload(Wish.topic))
    rows = session.execute(wishes.order_by(supporters.desc(), Wish.created_at, Wish.id).limit(SHORT))
    total = session.scalar(select(func.count()).select_from(Wish).where(waiting)) or 0
    return [Missed(wish, number) for wish, number in rows], total


def due(session: Session, actor: Actor) -> Sequence[Due]:
    """Return the decisions and actions that are late or due within a month, the oldest day first."""
    require(actor, "decision.see")
    require(actor, "action.see")
    on = reports.today()
    told = select(Decision).where(Decision.state == DecisionState.OPEN, Decision.due_on <= on + SOON)
    todo = select(Action).where(Action.state.in_(actions.RUNNING), Action.due_on <= on + SOON)
    first = session.scalars(told.options(*decisions.LOADED).order_by(Decision.due_on, Decision.id).limit(SHORT))
    then = session.scalars(todo.options(*actions.LOADED).order_by(Action.due_on, Action.id).limit(SHORT))
    found = [Due(one.due_on, one.due_on < on, decision=one) for one in first if one.due_on]
    found += [Due(one.due_on, one.due_on < on, action=one) for one in then if one.due_on]
    return sorted(found, key=lambda one: one.on)[:SHORT]
