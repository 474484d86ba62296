"""What points at a term: counted for all, listed for one. A merge moves exactly this, and only what nothing uses can be deleted."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from catalogue.db import Base, Session
from catalogue.models import (
    Company,
    CooperationEntry,
    Demand,
    Module,
    PendingVersion,
    Provider,
    Run,
    SavedSearch,
    Term,
    Vocabulary,
    Wish,
    module_term,
)
from catalogue.search.results import FACETS
from catalogue.services import questions
from catalogue.services.permissions import Actor, require

__all__ = ["COLUMNS", "Uses", "counts", "pending_with", "searches_with", "uses"]

# the columns that hold the id of a term, besides the list of a module
COLUMNS: dict[str, tuple[type[Base], Any]] = {
    "company_sector": (Company, Company.sector_id),
    "company_region": (Company, Company.region_id),
    "provider_region": (Provider, Provider.region_id),
    "run_region": (Run, Run.region_id),
    "wish_topic": (Wish, Wish.topic_id),
    "cooperation_topic": (CooperationEntry, CooperationEntry.topic_id),
    "cooperation_region": (CooperationEntry, CooperationEntry.region_id),
}


@dataclass(frozen=True)
class Uses:
    """Everything that points at one term. ``demand``, ``searches`` and ``pending`` only count: searches are private."""

    modules: int
    companies: Sequence[Company]
    providers: Sequence[Provider]
    runs: Sequence[Run]  # with their modules
    wishes: Sequence[Wish]
    below: Sequence[Term]
    demand: int = 0
    searches: int = 0
    pending: int = 0
    cooperation: int = 0

    @property
    def others(self) -> int:
        """How many things besides modules point at it."""
        listed = (self.companies, self.providers, self.runs, self.wishes, self.below)
        return sum(map(len, listed)) + self.demand + self.searches + self.pending + self.cooperation


def counts(session: Session) -> dict[uuid.UUID, tuple[int, int]]:
    """Return for each used term how many modules and how many companies, providers, runs, wishes and marks point at it."""
    modules: dict[uuid.UUID, int] = {}
    for identity, number in session.execute(
        sa.select(module_term.c.term_id, sa.func.count()).group_by(module_term.c.term_id)
    ):
        modules[identity] = number
    others: dict[uuid.UUID, int] = {}
    statements = [sa.select(column, sa.func.count()).group_by(column) for _, column in COLUMNS.values()]
    format_term = sa.and_(Term.code == Demand.format_code, Term.vocabulary == Vocabulary.FORMAT)
    statements.append(sa.select(Term.id, sa.func.count()).join(Demand, format_term).group_by(Term.id))
    for statement in statements:
        for identity, number in session.execute(statement):
            if identity is not None:
                others[identity] = others.get(identity, 0) + number
    return {key: (modules.get(key, 0), others.get(key, 0)) for key in modules.keys() | others.keys()}


def uses(session: Session, actor: Actor, term: Term) -> Uses:
    """Return what points at *term*."""
    require(actor, "vocabulary.edit")
    by_region = (Company.region_id == term.id) | (Company.sector_id == term.id)
    runs = sa.select(Run).where(Run.region_id == term.id).options(joinedload(Run.module)).order_by(Run.starts_on)
    below = sa.select(Term).where(Term.parent_id == term.id, Term.merged_into_id.is_(None)).order_by(Term.position)
    modules = sa.select(sa.func.count()).where(module_term.c.term_id == term.id)
    demand = sa.select(sa.func.count()).select_from(Demand).where(Demand.format_code == term.code)
    either = (CooperationEntry.topic_id == term.id) | (CooperationEntry.region_id == term.id)
    return Uses(
        modules=session.scalar(modules) or 0,
        companies=session.scalars(sa.select(Company).where(by_region).order_by(Company.sort_name)).all(),
        providers=session.scalars(
            sa.select(Provider).where(Provider.region_id == term.id).order_by(Provider.sort_name)
        ).all(),
        runs=session.scalars(runs).all(),
        wishes=session.scalars(sa.select(Wish).where(Wish.topic_id == term.id).order_by(Wish.created_at)).all(),
        below=session.scalars(below).all(),
        demand=(session.scalar(demand) or 0) if term.vocabulary == Vocabulary.FORMAT else 0,
        searches=len(searches_with(session, term)),
        pending=len(pending_with(session, term)),
        cooperation=session.scalar(sa.select(sa.func.count()).where(either)) or 0,
    )


def searches_with(session: Session, term: Term) -> list[tuple[uuid.UUID, str]]:
    """Return the saved searches that choose *term*: id and question."""
    if term.vocabulary not in FACETS:
        return []
    likely = sa.select(SavedSearch.id, SavedSearch.question).where(
        SavedSearch.question.contains(f"{term.vocabulary}={term.code}", autoescape=True)
    )
    rows = session.execute(likely.order_by(SavedSearch.id))
    return [
        (row.id, row.question)
        for row in rows
        if term.code in questions.query_of(row.question).filters.get(term.vocabulary, ())
    ]


def pending_with(session: Session, term: Term) -> list[PendingVersion]:
    """Return the waiting versions that name *term*, before or after what they propose."""
    waiting = session.scalars(
        sa.select(PendingVersion).options(joinedload(PendingVersion.module).load_only(Module.title))
    )
    return [one for one in waiting if any(term.code in codes(said, term) for said in (one.base, one.snapshot))]


def codes(said: dict[str, Any], term: Term) -> list[str]:
    """Return the codes that a snapshot names of the vocabulary of *term*."""
    return list(said.get("terms", {}).get(term.vocabulary, ()))
