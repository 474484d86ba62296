"""Who wants a module as training, in few statements: sums for many runs, rows for those that a page shows.

Counted is what somebody could come for: relevant in some way, not withdrawn, of an active company, with the purpose
"Weiterbildung" or without any purpose.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from catalogue.db import Session
from catalogue.models import Company, Demand, Module, Relevance, Run, RunState, Term, WorkflowState

__all__ = ["COMING", "WANTED", "Said", "by_period", "of_modules", "unserved"]

COMING = (RunState.PLANNED, RunState.CONFIRMED, RunState.FULL)

_PURPOSES = cast(Demand.purposes, String)
WANTED: ColumnElement[bool] = and_(
    Demand.withdrawn_at.is_(None),
    Demand.relevance != Relevance.NONE,
    or_(_PURPOSES == "[]", _PURPOSES.contains('"training"', autoescape=True)),
    Company.active,
)


@dataclass(frozen=True)
class Said:
    """What one company wants; ``region`` and ``region_label`` are those of the company."""

    module_id: uuid.UUID
    company_id: uuid.UUID
    slug: str
    name: str
    region: str
    region_label: str
    town: str  # of the company
    people: int | None
    period: str
    place: str  # that it named
    format_code: str


def by_period(session: Session, modules: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, tuple[int, int]]]:
    """Return for each of *modules* people and companies by wanted period."""
    rows = session.execute(
        select(Demand.module_id, Demand.period, func.coalesce(func.sum(Demand.people), 0), func.count())
        .join(Demand.company)
        .where(WANTED, Demand.module_id.in_(modules))
        .group_by(Demand.module_id, Demand.period)
    )
    found: dict[uuid.UUID, dict[str, tuple[int, int]]] = defaultdict(dict)
    for module, period, people, companies in rows:
        found[module][period] = (int(people or 0), companies)
    return found


def of_modules(session: Session, modules: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Said]]:
    """Return for each of *modules* what companies want, by the companies' names."""
    rows = session.execute(
        select(
            Demand.module_id, Company.id, Company.slug, Company.name, func.coalesce(Term.code, ""),
            func.coalesce(Term.label_de, ""), Company.place, Demand.people, Demand.period, Demand.place, Demand.format_code,
        )
        .join(Demand.company)
        .outerjoin(Term, Term.id == Company.region_id)
        .where(WANTED, Demand.module_id.in_(modules))
        .order_by(Company.sort_name, Company.id)
    )  # fmt: skip
    found: dict[uuid.UUID, list[Said]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(Said(*row))
    return found


def unserved(session: Session, after: date, limit: int | None, offset: int = 0) -> tuple[list[uuid.UUID], int]:
    """Return published modules that are wanted and have no run after a day that may take place, and how many there are.

    Those that most people want come first.
    """
    people = func.coalesce(func.sum(Demand.people), 0)
    served = select(Run.module_id).where(Run.starts_on > after, Run.state.in_(COMING))
    published = select(Module.id).where(Module.state == WorkflowState.PUBLISHED, Module.id.not_in(served))
    sums = (
        select(Demand.module_id, people.label("people"), func.count().label("companies"))
        .join(Demand.company)
        .where(WANTED)
        .group_by(Demand.module_id)
        .subquery()
    )
    statement = select(sums.c.module_id, func.count().over()).join(Module, Module.id == sums.c.module_id)
    statement = statement.where(sums.c.module_id.in_(published))
    ordered = statement.order_by(sums.c.people.desc(), sums.c.companies.desc(), Module.sort_title, Module.id)
    rows = session.execute(ordered.offset(offset).limit(limit)).all()
    return [row[0] for row in rows], rows[0][1] if rows else 0
