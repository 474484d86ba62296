"""What is decided, what is late, and which modules many want and nobody decided about."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, select

from catalogue.db import Session
from catalogue.models import Decision, DecisionKind, DecisionState, Module, Term, Vocabulary, module_term
from catalogue.services import responsibles
from catalogue.services.decisions import LOADED
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.report_query import ReportRow
from catalogue.services.report_records import end_of_day
from catalogue.services.reports import today

__all__ = [
    "MUCH_COMPANIES", "MUCH_PEOPLE", "DecisionPage", "DecisionQuery", "Standing", "Wanted", "count_late", "is_late", "listing",
    "standings", "table", "wanted",
]  # fmt: skip

MUCH_COMPANIES, MUCH_PEOPLE = 3, 10  # from either of them on a module waits for a decision
PER_PAGE = 50
ALL = "all"


@dataclass(frozen=True)
class DecisionQuery:
    """Which decisions to list. ``state``: one of DecisionState, "all"; ``topic``: a code; ``untold``: companies read nothing yet."""

    state: str = DecisionState.OPEN.value
    kind: str = ""
    late: bool = False
    untold: bool = False
    responsible: str = ""
    topic: str = ""
    page: int = 1


@dataclass(frozen=True)
class DecisionPage:
    """One page of decisions: what is due first comes first, what has no day last."""

    decisions: tuple[Decision, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Standing:
    """What holds about a module on some day."""

    id: uuid.UUID
    kind: DecisionKind
    done: bool
    due_on: date | None
    decided_on: date

    def late(self, on: date) -> bool:
        """Whether the day has passed and it is not done."""
        return not self.done and self.due_on is not None and self.due_on < on


@dataclass(frozen=True)
class Wanted:
    """A module that many want, with what is decided about it."""

    slug: str
    title: str
    companies: int
    people: int
    standing: Standing | None


def is_late(decision: Decision, on: date | None = None) -> bool:
    """Whether the day has passed and it is not done."""
    return decision.state == DecisionState.OPEN and decision.due_on is not None and decision.due_on < (on or today())


def listing(session: Session, actor: Actor, query: DecisionQuery, *, everything: bool = False) -> DecisionPage:
    """Return the decisions that *query* asks for, one page of them or all."""
    require(actor, "decision.see")
    condition = _condition(query)
    total = session.scalar(select(func.count()).select_from(Decision).where(condition)) or 0
    page, pages = within(query.page, total, PER_PAGE)
    found = select(Decision).where(condition).options(*LOADED)
    order = (Decision.due_on.is_(None), Decision.due_on, Decision.decided_on.desc(), Decision.id)
    found = found.order_by(*order) if query.state == DecisionState.OPEN else found.order_by(*order[2:])
    if not everything:
        found = found.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return DecisionPage(tuple(session.scalars(found)), total, page, pages)


def count_late(session: Session, actor: Actor) -> int:
    """Return how many decisions are late."""
    require(actor, "decision.see")
    return session.scalar(select(func.count()).select_from(Decision).where(_condition(DecisionQuery(late=True)))) or 0


def _condition(query: DecisionQuery) -> ColumnElement[bool]:
    state = DecisionState.OPEN.value if query.late else query.state
    condition = Decision.id.is_not(None) if state == ALL else Decision.state == state
    if query.kind:
        condition &= Decision.kind == query.kind
    if query.late:
        condition &= Decision.due_on < today()
    if query.untold:
        condition &= Decision.published_at.is_(None)
    if query.responsible:
        condition &= responsibles.is_given_to(Decision, query.responsible)
    if query.topic:
        condition &= Decision.module_id.in_(_about(query.topic))
    return condition


def _about(topic: str) -> Select[tuple[uuid.UUID]]:
    named = (Term.vocabulary == Vocabulary.TOPIC) & (Term.code == topic)
    return select(module_term.c.module_id).join(Term, Term.id == module_term.c.term_id).where(named)


def standings(session: Session, actor: Actor, as_of: date | None = None) -> dict[str, Standing]:
    """Return what is decided, by the module's slug: at the end of the day *as_of*, or now."""
    require(actor, "decision.see")
    columns = (
        Module.slug, Decision.id, Decision.kind, Decision.done_at, Decision.due_on, Decision.decided_on,
    )  # fmt: skip
    end = end_of_day(as_of) if as_of else None
    held = select(*columns).join(Module, Module.id == Decision.module_id)
    held = held.where(Decision.ended_at.is_(None) if end is None else _held_at(as_of, end))
    rows = session.execute(held.order_by(Decision.decided_on, Decision.created_at, Decision.id))
    return {
        slug: Standing(identity, kind, done_at is not None and (end is None or done_at < end), due, decided)
        for slug, identity, kind, done_at, due, decided in rows
    }


def _held_at(day: date | None, end: datetime) -> ColumnElement[bool]:
    return (Decision.decided_on <= day) & (Decision.ended_at.is_(None) | (Decision.ended_at >= end))


def wanted(rows: Iterable[ReportRow], standing: Mapping[str, Standing]) -> list[Wanted]:
    """Return the modules of a report by module that many want, those that most companies want first."""
    much = [
        Wanted(row.key, row.label, row.companies, row.people, standing.get(row.key))
        for row in rows
        if row.companies >= MUCH_COMPANIES or row.people >= MUCH_PEOPLE
    ]
    return sorted(much, key=lambda one: (-one.companies, -one.people))


COLUMNS = (
    Column("module", "Modul"),
    Column("slug", "Kennung"),
    Column("kind", "Entscheidung"),
    Column("state", "Stand"),
    Column("decided", "Entschieden am", Kind.DATE),
    Column("by", "Eingetragen von"),
    Column("source", "Anlass"),
    Column("answer", "Satz für die Unternehmen"),
    Column("reason", "Begründung (intern)"),
    Column("responsible", "Verantwortlich"),
    Column("due", "Bis", Kind.DATE),
    Column("late", "Überfällig"),
    Column("public", "Im Katalog"),
    Column("done", "Umgesetzt am", Kind.MOMENT),
    Column("result", "Ergebnis"),
    Column("end", "Zurückgenommen, weil"),
)


def table(found: DecisionPage) -> Table:
    """Return the decisions of a list as a table to take away; it holds what only staff may read."""
    rows = [
        {
            "module": one.module.title, "slug": one.module.slug, "kind": one.kind, "state": one.state, "decided": one.decided_on,
            "by": one.decided_by, "source": one.source, "answer": one.answer, "reason": one.reason,
            "responsible": one.responsible, "due": one.due_on, "late": "ja" if is_late(one) else "",
            "public": "ja" if one.public else "", "done": one.done_at, "result": one.done_note, "end": one.end_reason,
        }
        for one in found.decisions
    ]  # fmt: skip
    return Table("Entscheidungen", COLUMNS, rows)
