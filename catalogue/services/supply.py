"""What is on offer: runs of published modules that may still take place after a day, with their seats."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Module, Run, RunState, Term, Vocabulary, WorkflowState
from catalogue.services.report_facts import Fact, ModuleFacts, modules_in
from catalogue.services.report_query import NOT_STATED, ReportQuery
from catalogue.services.report_records import before

__all__ = ["NO_REGION", "ONLINE", "YEAR", "Offer", "offers"]

YEAR = timedelta(days=365)
ONLINE = "online"  # code of the region of what can be attended from anywhere
NO_REGION = Fact(NOT_STATED, "ohne Region", "no region", 999)
# a run that was held since the day of the report was a planned one then
COUNTED = (RunState.PLANNED, RunState.CONFIRMED, RunState.HELD)


@dataclass(frozen=True, slots=True)
class Offer:
    """One run; ``seats`` is None where neither the run nor its module says how many."""

    id: uuid.UUID
    module: ModuleFacts
    starts_on: date
    seats: int | None
    region: Fact
    place: str
    online: bool
    state: RunState


def offers(session: Session, query: ReportQuery, after: date, until: date) -> list[Offer]:
    """Return the runs that begin after *after* and not after *until*, within the query's filters of modules, by day.

    For a past day only runs count that were entered by then; what they say is what they say today (runs keep no versions).
    """
    seats = func.coalesce(Run.max_participants, Module.max_participants).label("seats")
    columns = (Run.id, Run.module_id, Run.starts_on, seats, Run.region_id, Run.place, Run.online, Run.state)
    statement = (
        select(*columns)
        .join(Module, Module.id == Run.module_id)
        .where(Run.starts_on > after, Run.starts_on <= until, Run.state.in_(COUNTED))
        .where(Module.state == WorkflowState.PUBLISHED)
        .order_by(Run.starts_on, Run.id)
    )
    if end := before(query):
        statement = statement.where(Run.created_at < end)
    rows = session.execute(statement).all()
    if not rows:
        return []
    modules, regions = modules_in(session, query, {row.module_id for row in rows}), _regions(session)
    online = next((fact for fact in regions.values() if fact.code == ONLINE), Fact(ONLINE, "online", "online", 998))
    return [
        Offer(
            row.id, modules[row.module_id], row.starts_on, row.seats,
            regions.get(row.region_id) or (online if row.online else NO_REGION), row.place, row.online, row.state,
        )
        for row in rows
        if row.module_id in modules
    ]  # fmt: skip


def _regions(session: Session) -> dict[uuid.UUID | None, Fact]:
    found = session.execute(
        select(Term.id, Term.code, Term.label_de, Term.label_en, Term.position).where(
            Term.vocabulary == Vocabulary.REGION
        )
    )
    return {row.id: Fact(row.code, row.label_de, row.label_en, row.position) for row in found}
