"""Kommt zustande? Coming runs with the people who come or want to, and modules that are wanted but have no run.

Where companies were asked, their answers count; where nobody was asked, what they want at that time. Seats that the provider
says are taken count if they are more.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import (
    CommitmentState,
    Company,
    Module,
    Run,
    RunCommitment,
    RunState,
    Term,
    Vocabulary,
    WorkflowState,
)
from catalogue.services import run_demand, vocabularies
from catalogue.services.paging import within
from catalogue.services.periods import covering, quarters_from
from catalogue.services.permissions import Actor, require
from catalogue.services.recognition import fold
from catalogue.services.run_demand import Said
from catalogue.services.run_suggestions import ONLINE, Suggestion, Want, suggestion

__all__ = [
    "NEEDED",
    "SHOWS",
    "Idea",
    "Ideas",
    "Interested",
    "Prospect",
    "Prospects",
    "coming",
    "ideas",
    "interested_in",
    "listing",
    "one",
    "ready",
]

YEAR = timedelta(days=365)
OPEN = (RunState.PLANNED, RunState.CONFIRMED)
NEEDED = (Module.slug, Module.title, Module.state, Module.min_participants, Module.max_participants)
PER_PAGE, IDEAS_PER_PAGE = 20, 8  # an idea compares every quarter with every region
QUARTERS = 8  # how far ahead runs are suggested
REMOTE = {"online", "webinar", "selbstlern"}  # formats that need no place
EITHER = {"hybrid", "blended"}
SHOWS = ("ready", "missing", "confirmed")


@dataclass(frozen=True)
class Prospect:
    """A coming run. ``asked``: companies; ``committed``: people who come; ``people``, ``companies``: who wants it at that time."""

    run: Run
    asked: int
    committed: int
    people: int
    companies: int

    @property
    def needed(self) -> int | None:
        """How many people it needs; None if nobody said."""
        return self.run.min_participants or self.run.module.min_participants

    @property
    def seats(self) -> int | None:
        """How many people fit; None if nobody said."""
        return self.run.max_participants or self.run.module.max_participants

    @property
    def counted(self) -> int:
        """The people who count towards the minimum."""
        return max(self.committed if self.asked else self.people, self.run.booked or 0)

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return max(0, (self.needed or 0) - self.counted)

    @property
    def is_ready(self) -> bool:
        """Whether staff can promise now that it takes place."""
        return self.run.state == RunState.PLANNED and bool(self.needed) and not self.missing


@dataclass(frozen=True)
class Interested:
    """A company and one run: what it wants (None: nothing any more), and what it answered (None: not asked)."""

    company_id: uuid.UUID
    slug: str
    name: str
    said: Said | None
    fits: bool
    commitment: RunCommitment | None

    @property
    def can_be_asked(self) -> bool:
        """Whether it wants the module at that time and was not asked yet."""
        return self.fits and self.commitment is None


@dataclass(frozen=True)
class Prospects:
    """One page of coming runs, how many there are of each kind, and who is interested in those of the page."""

    shown: tuple[Prospect, ...]
    totals: dict[str, int]
    page: int
    pages: int
    interested: dict[uuid.UUID, list[Interested]]


@dataclass(frozen=True)
class Idea:
    """A module that is wanted and has no run, with what would serve most (None: nobody wants it in the next two years)."""

    module: Module
    suggestion: Suggestion | None
    wanting: int
    companies: int


@dataclass(frozen=True)
class Ideas:
    """One page of modules without a run; ``regions``: the terms that suggestions name, by code."""

    shown: tuple[Idea, ...]
    total: int
    page: int
    pages: int
    regions: dict[str, Term]


def listing(
    session: Session, actor: Actor, today: date, show: str = "", page: int = 1, *, everything: bool = False
) -> Prospects:
    """Return a page of the runs of the next 12 months: by day, those without a minimum last. *show*: one of ``SHOWS``."""
    require(actor, "report.see")
    everyone = coming(session, actor, today)
    kinds = {name: [found for found in everyone if _is(found, name)] for name in ("", *SHOWS)}
    wanted = kinds.get(show, everyone)
    page, pages = within(page, len(wanted), PER_PAGE)
    shown = wanted if everything else wanted[(page - 1) * PER_PAGE : page * PER_PAGE]
    totals = {name: len(found) for name, found in kinds.items()}
    return Prospects(tuple(shown), totals, page, pages, interested_in(session, [found.run for found in shown]))


def _is(found: Prospect, show: str) -> bool:
    if show == "missing":
        return found.run.state == RunState.PLANNED and found.missing > 0
    if show == "confirmed":
        return found.run.state == RunState.CONFIRMED
    return found.is_ready if show == "ready" else True


def coming(session: Session, actor: Actor, today: date) -> list[Prospect]:
    """Return the runs of the next 12 months: by day, those without a minimum last."""
    require(actor, "report.see")
    return _coming(session, today)


def ready(session: Session, today: date) -> list[Prospect]:
    """Return the planned runs of the next 12 months that have reached their minimum."""
    return [found for found in _coming(session, today, (RunState.PLANNED,)) if found.is_ready]


def one(session: Session, run: Run) -> Prospect:
    """Return how one run stands; its module is loaded."""
    return _prospects(session, [run])[0]


def _coming(session: Session, today: date, states: tuple[RunState, ...] = OPEN) -> list[Prospect]:
    statement = (
        select(Run)
        .join(Run.module)
        .where(Run.starts_on > today, Run.starts_on <= today + YEAR, Run.state.in_(states))
        .where(Module.state == WorkflowState.PUBLISHED)
        .options(joinedload(Run.module).load_only(*NEEDED))
        .order_by(Run.starts_on, Run.id)
    )
    return sorted(_prospects(session, list(session.scalars(statement))), key=lambda found: found.needed is None)


def _prospects(session: Session, runs: Sequence[Run]) -> list[Prospect]:
    answers = _answers(session, runs)
    wanted = run_demand.by_period(session, {run.module_id for run in runs}) if runs else {}
    found = []
    for run in runs:
        sums = [wanted.get(run.module_id, {}).get(period, (0, 0)) for period in covering(run.starts_on)]
        people, companies = sum(pair[0] for pair in sums), sum(pair[1] for pair in sums)
        found.append(Prospect(run, *answers.get(run.id, (0, 0)), people, companies))
    return found


def _answers(session: Session, runs: Sequence[Run]) -> dict[uuid.UUID, tuple[int, int]]:
    """Companies that were asked or answered, and people who come, by run."""
    rows = session.execute(
        select(RunCommitment.run_id, func.count(), func.coalesce(func.sum(RunCommitment.people), 0))
        .join(RunCommitment.company)
        .where(RunCommitment.run_id.in_([run.id for run in runs]), Company.active)
        .group_by(RunCommitment.run_id)
    )
    return {run: (asked, int(people or 0)) for run, asked, people in rows}


def interested_in(session: Session, runs: Sequence[Run]) -> dict[uuid.UUID, list[Interested]]:
    """Return for each run who wants its module or was asked: answers first, then who wants it at that time, then the others."""
    said = run_demand.of_modules(session, {run.module_id for run in runs}) if runs else {}
    answers: dict[uuid.UUID, dict[uuid.UUID, RunCommitment]] = {run.id: {} for run in runs}
    given = RunCommitment.run_id.in_(answers) & Company.active
    statement = select(RunCommitment).join(RunCommitment.company).where(given)
    for answer in session.scalars(statement.options(joinedload(RunCommitment.company)).order_by(Company.sort_name)):
        answers[answer.run_id][answer.company_id] = answer
    return {run.id: _interested(run, said.get(run.module_id, []), answers[run.id]) for run in runs}


def _interested(run: Run, said: Iterable[Said], answers: dict[uuid.UUID, RunCommitment]) -> list[Interested]:
    fitting = covering(run.starts_on)
    found = [
        Interested(one.company_id, one.slug, one.name, one, one.period in fitting, answers.get(one.company_id))
        for one in said
    ]
    known = {one.company_id for one in found}
    found += [
        Interested(company_id, answer.company.slug, answer.company.name, None, False, answer)
        for company_id, answer in answers.items()
        if company_id not in known
    ]
    return sorted(found, key=lambda one: _rank(one))


_ORDER = {state: rank for rank, state in enumerate((CommitmentState.COMING, CommitmentState.ASKED))}


def _rank(found: Interested) -> int:
    if found.commitment is not None:
        return _ORDER.get(found.commitment.state, 2)
    return 3 if found.fits else 4


# --- modules without a run


def ideas(session: Session, actor: Actor, today: date, page: int = 1, *, everything: bool = False) -> Ideas:
    """Return a page of modules that are wanted and have no coming run, those for most people first, each with a suggestion."""
    require(actor, "report.see")
    page = max(1, page)
    ids, total = run_demand.unserved(
        session, today, None if everything else IDEAS_PER_PAGE, (page - 1) * IDEAS_PER_PAGE
    )
    if not ids and page > 1:  # behind the last page
        return ideas(session, actor, today)
    said = run_demand.of_modules(session, ids) if ids else {}
    modules = {module.id: module for module in session.scalars(select(Module).where(Module.id.in_(ids)))} if ids else {}
    possible, places = quarters_from(today, QUARTERS), _places(session)
    shown = tuple(_idea(modules[identity], said[identity], possible, places) for identity in ids)
    return Ideas(shown, total, page, -(-total // IDEAS_PER_PAGE), _labels(session))


def _labels(session: Session) -> dict[str, Term]:
    return {term.code: term for term in vocabularies.terms(session, Vocabulary.REGION)}


def _idea(module: Module, said: Sequence[Said], possible: Sequence[str], places: dict[str, str]) -> Idea:
    wants = [
        Want(one.slug, one.people or 0, one.period, _regions(one, places), one.place.strip() or one.town.strip())
        for one in said
    ]
    return Idea(module, suggestion(wants, possible), sum(want.people for want in wants), len(wants))


def _regions(said: Said, places: dict[str, str]) -> frozenset[str]:
    own = places.get(fold(said.place.strip()), "") or said.region
    if said.format_code in REMOTE or own == ONLINE:
        return frozenset({ONLINE})
    return frozenset({code for code in (own, ONLINE if said.format_code in EITHER else "") if code})


def _places(session: Session) -> dict[str, str]:
    """Names of regions and of towns in them → code of the region; a name that two regions share leads nowhere."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    towns = {row["code"]: row["recognised_by"] for row in vocabularies.table(Vocabulary.REGION)}
    for term in session.scalars(select(Term).where(Term.vocabulary == Vocabulary.REGION, Term.retired.is_(False))):
        for name in {term.label_de, *term.synonyms, *towns.get(term.code, "").split("|")} - {""}:
            if found.setdefault(fold(name), term.code) != term.code:
                shared.add(fold(name))
    return {name: code for name, code in found.items() if name not in shared}
