"""Which of the coming runs will come about: how many people want their module at that time."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, Module, Run, RunState, WorkflowState
from catalogue.services import reports
from catalogue.services.periods import covering
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import ModuleFacts, modules_in
from catalogue.services.report_query import ReportQuery
from catalogue.services.report_records import Record, records

__all__ = ["Prospect", "companies_total", "covers", "prospects"]

OPEN_STATES = (RunState.PLANNED, RunState.CONFIRMED)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Prospect:
    """A coming run, how many people it needs (None: no minimum is stated), and how many want its module at that time."""

    run: Run
    needed: int | None
    seats: int | None
    people: int
    companies: int

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return max(0, (self.needed or 0) - self.people)


def companies_total(session: Session, actor: Actor) -> int:
    """Return how many member companies there are."""
    require(actor, "report.see")
    return session.scalar(select(func.count()).select_from(Company).where(Company.active)) or 0


def prospects(
    session: Session, actor: Actor, query: ReportQuery, found: Sequence[Record] | None = None
) -> list[Prospect]:
    """Return the runs of the 12 months after the query's day, those with a minimum first, each with the people who want it.

    Counted are statements without a period or with one that the run begins in; people count for every run of their module.
    """
    require(actor, "report.see")
    wanting: dict[uuid.UUID, list[Record]] = defaultdict(list)
    for record in records(session, query) if found is None else found:
        wanting[record.module.id].append(record)
    coming = [_prospect(run, wanting[run.module_id]) for run, _ in _runs(session, query)]
    return sorted(coming, key=lambda one: one.needed is None)


def _prospect(run: Run, wanting: Iterable[Record]) -> Prospect:
    fitting = [record for record in wanting if covers(record.period, run.starts_on)]
    people = sum(record.people or 0 for record in fitting)
    companies = len({record.company.slug for record in fitting})
    needed = run.min_participants or run.module.min_participants
    return Prospect(run, needed, run.max_participants or run.module.max_participants, people, companies)


def covers(period: str, day: date) -> bool:
    """Whether *day* lies in *period*; an open period covers every day."""
    return period in covering(day)


def _runs(session: Session, query: ReportQuery) -> list[tuple[Run, ModuleFacts]]:
    """Runs of published modules that may take place in the 12 months after the query's day, within its filters of modules."""
    after = query.as_of or reports.today()
    statement = (
        select(Run)
        .join(Run.module)
        .where(Run.starts_on > after, Run.starts_on <= after + YEAR, Run.state.in_(OPEN_STATES))
        .where(Module.state == WorkflowState.PUBLISHED)
        .options(joinedload(Run.module))
        .order_by(Run.starts_on, Run.id)
    )
    runs = list(session.scalars(statement))
    modules = modules_in(session, query, {run.module_id for run in runs})
    return [(run, modules[run.module_id]) for run in runs if run.module_id in modules]
