"""Which runs come about as a report sees them: of the modules it asks for, from what was said and answered by its day."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import CommitmentState, Company, Module, Purpose, Run, RunCommitment, RunState, WorkflowState
from catalogue.services import reports
from catalogue.services.periods import covering
from catalogue.services.permissions import Actor, require
from catalogue.services.prospects import NEEDED, Prospect
from catalogue.services.report_facts import modules_in
from catalogue.services.report_query import ReportQuery
from catalogue.services.report_records import end_of_day, records
from catalogue.services.statements import Record, Statements

__all__ = ["companies_total", "covers", "prospects"]

OPEN_STATES = (RunState.PLANNED, RunState.CONFIRMED)
YEAR = timedelta(days=365)


def companies_total(session: Session, actor: Actor) -> int:
    """Return how many member companies there are now; when a company joined or left is not known of earlier days."""
    require(actor, "report.see")
    return session.scalar(select(func.count()).select_from(Company).where(Company.active)) or 0


def prospects(session: Session, actor: Actor, query: ReportQuery, found: Statements | None = None) -> list[Prospect]:
    """Return the runs of the 12 months after the query's day, those with a minimum first.

    Counted as on the page „Kommt zustande?“ (:mod:`catalogue.services.prospects`), but only what the query's companies had said
    and answered by its day or moment. Runs, and seats that their providers say are taken, are as they are known now.
    """
    require(actor, "report.see")
    found = records(session, query) if found is None else found
    runs = _runs(session, query)
    wanting: dict[str, list[Record]] = defaultdict(list)
    for record in _for_training(found, {run.module.slug for run in runs}):
        wanting[record.module.slug].append(record)
    answers = _answers(session, query, runs, {company.slug for company in found.facts.companies.values()})
    coming = [_prospect(run, answers.get(run.id, (0, 0)), wanting[run.module.slug]) for run in runs]
    return sorted(coming, key=lambda one: one.needed is None)


def _for_training(found: Statements, slugs: Collection[str]) -> Statements:
    """Those that somebody could come for: about one of these modules, for training or for no purpose in particular."""
    known = found.facts.modules
    numbers = [n for n, key in enumerate(found.log.modules.values) if key in known and known[key].slug in slugs]
    purposes = found.says(Purpose.TRAINING.value) | (found.column("purposes") == 0)
    return found.only(purposes & found.among("module", numbers))


def _prospect(run: Run, answers: tuple[int, int], wanting: Iterable[Record]) -> Prospect:
    periods = covering(run.starts_on)
    fitting = [record for record in wanting if record.period in periods]
    people = sum(record.people or 0 for record in fitting)
    return Prospect(run, *answers, people, len({record.company.slug for record in fitting}))


def _answers(
    session: Session, query: ReportQuery, runs: Sequence[Run], companies: Collection[str]
) -> dict[uuid.UUID, tuple[int, int]]:
    """Of these companies by run: how many had been asked, and how many people they had promised by then."""
    until = query.at or (end_of_day(query.as_of) if query.as_of else None)
    found: dict[uuid.UUID, tuple[int, int]] = {}
    known = select(RunCommitment, Company.slug).join(RunCommitment.company)
    for answer, slug in session.execute(known.where(RunCommitment.run_id.in_([run.id for run in runs]))):
        if slug in companies and (
            until is None or (answer.asked_at or answer.answered_at or answer.created_at) < until
        ):
            asked, people = found.get(answer.run_id, (0, 0))
            coming = answer.state == CommitmentState.COMING and (
                until is None or (answer.answered_at or answer.created_at) < until
            )
            found[answer.run_id] = asked + 1, people + (answer.people or 0 if coming else 0)
    return found


def covers(period: str, day: date) -> bool:
    """Whether *day* lies in *period*; an open period covers every day."""
    return period in covering(day)


def _runs(session: Session, query: ReportQuery) -> list[Run]:
    """Runs of published modules that may take place in the 12 months after the query's day, within its filters of modules."""
    after = query.as_of or reports.today()
    statement = (
        select(Run)
        .join(Run.module)
        .where(Run.starts_on > after, Run.starts_on <= after + YEAR, Run.state.in_(OPEN_STATES))
        .where(Module.state == WorkflowState.PUBLISHED)
        .options(joinedload(Run.module).load_only(*NEEDED))
        .order_by(Run.starts_on, Run.id)
    )
    runs = list(session.scalars(statement))
    modules = modules_in(session, query, {run.module_id for run in runs})
    return [run for run in runs if run.module_id in modules]
