"""Runs of all modules: the public calendar and the table of staff, from the database, by the same conditions."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session
from catalogue.models import (
    Measure,
    MeasureModule,
    Module,
    Provider,
    Run,
    RunState,
    Term,
    Vocabulary,
    WorkflowState,
    module_term,
)
from catalogue.services.errors import NotFound
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = [
    "SEATS",
    "SORTS",
    "Offered",
    "RunPage",
    "RunQuery",
    "listing",
    "of_modules",
    "offered",
    "one_published",
    "published",
]

PER_PAGE = 50
ONLINE = "online"  # code of the region, and what runs without a region may be, too
STANDING = sa.func.coalesce(Term.merged_into_id, Term.id)  # what a code stands for, also after a merge
_last_day = sa.func.coalesce(Run.ends_on, Run.starts_on)
STATES = {state.value: rank for rank, state in enumerate(RunState)}
FREE = Run.max_participants - Run.booked
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "date": Run.starts_on.expression,
    "module": Module.sort_title.expression,
    "provider": sa.func.coalesce(Provider.sort_name, "zzz"),
    "state": sa.case(STATES, value=sa.cast(Run.state, sa.String), else_=99),
    "free": sa.func.coalesce(FREE, 99_999),
}
SEATS: dict[str, sa.ColumnElement[bool]] = {
    "free": sa.and_(FREE > 0, Run.state.not_in((RunState.FULL, RunState.CANCELLED))),
    "full": sa.or_(FREE <= 0, Run.state == RunState.FULL),
    "unknown": sa.and_(FREE.is_(None), Run.state != RunState.FULL),
}
LOADED: tuple[ORMOption, ...] = (
    joinedload(Run.region),
    contains_eager(Run.module).options(contains_eager(Module.provider), selectinload(Module.terms)),
)


@dataclass(frozen=True)
class RunQuery:
    """Which runs, and how sorted. Codes and slugs that do not exist find nothing; other unknown values are ignored.

    ``since`` and ``until`` are days, both included: a run counts if any of its days lies between them. ``sort`` is a key of
    ``SORTS``, with "-" for descending.
    """

    text: str = ""
    topic: str = ""
    region: str = ""
    provider: str = ""
    measure: str = ""
    module: str = ""
    state: str = ""
    seats: str = ""  # "free", "full" or "unknown"
    since: date | None = None
    until: date | None = None
    sort: str = "date"
    page: int = 1


@dataclass(frozen=True)
class RunPage:
    """One page of the list; each run has its region, its module and the module's terms and provider loaded."""

    query: RunQuery
    runs: list[Run]
    total: int
    pages: int


@dataclass(frozen=True)
class Offered:
    """What runs can be filtered by: only what some run has, in German order."""

    topics: list[Term]
    regions: list[Term]
    providers: list[Provider]


def listing(session: Session, actor: Actor, query: RunQuery, *, everything: bool = False) -> RunPage:
    """Return one page of the runs of all modules, drafts and archived ones too; with *everything* all of them (exports)."""
    require(actor, "run.edit")
    return _page(session, query, sa.true(), everything)


def published(session: Session, actor: Actor, query: RunQuery, *, everything: bool = False) -> RunPage:
    """Return one page of the runs of published modules, cancelled ones too; with *everything* all of them."""
    require(actor, "catalogue.search")
    return _page(session, query, Module.state == WorkflowState.PUBLISHED, everything)


def of_modules(session: Session, actor: Actor, modules: Collection[uuid.UUID], since: date) -> list[Run]:
    """Return the runs from *since* on of those of the modules that are published, loaded like those of :func:`published`."""
    found = published(session, actor, RunQuery(since=since), everything=True)
    return [run for run in found.runs if run.module_id in modules]


def one_published(session: Session, actor: Actor, run_id: uuid.UUID) -> Run:
    """Return one run of a published module, loaded like those of :func:`published`; raises NotFound."""
    require(actor, "catalogue.search")
    statement = _chosen(Run.id == run_id, Module.state == WorkflowState.PUBLISHED).options(*LOADED)
    if (found := session.scalar(statement)) is None:
        raise NotFound(N_("Diesen Termin gibt es nicht."))
    return found


def offered(session: Session, actor: Actor, *, since: date | None = None) -> Offered:
    """Return what the published runs (from *since* on) can be filtered by."""
    require(actor, "catalogue.search")
    shown = (Module.state == WorkflowState.PUBLISHED, _last_day >= since if since else sa.true())
    modules = sa.select(Run.module_id).join(Run.module).where(*shown)
    used = sa.select(module_term.c.term_id).where(module_term.c.module_id.in_(modules))
    above = sa.select(Term.parent_id).where(Term.id.in_(used), Term.parent_id.is_not(None))
    regions = sa.select(Run.region_id).join(Run.module).where(*shown, Run.region_id.is_not(None))
    providers = sa.select(Module.provider_id).where(Module.id.in_(modules), Module.provider_id.is_not(None))
    by_name = sa.select(Provider).where(Provider.id.in_(providers)).order_by(Provider.sort_name, Provider.id)
    return Offered(
        _sorted(session, sa.or_(Term.id.in_(used), Term.id.in_(above)), Vocabulary.TOPIC),
        _sorted(session, Term.id.in_(regions), Vocabulary.REGION),
        list(session.scalars(by_name)),
    )


def _sorted(session: Session, condition: sa.ColumnElement[bool], vocabulary: Vocabulary) -> list[Term]:
    found = session.scalars(sa.select(Term).where(Term.vocabulary == vocabulary, condition))
    return sorted(found, key=lambda term: sort_key(term.label_de))


def _page(session: Session, query: RunQuery, shown: sa.ColumnElement[bool], everything: bool) -> RunPage:
    chosen = _chosen(shown, *_conditions(query))
    total = session.scalar(sa.select(sa.func.count()).select_from(chosen.subquery())) or 0
    page, pages = within(query.page, total, PER_PAGE)
    statement = chosen.options(*LOADED).order_by(*_order(query.sort))
    if not everything:
        statement = statement.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return RunPage(query, list(session.scalars(statement)), total, pages)


def _chosen(*conditions: sa.ColumnElement[bool]) -> "sa.Select[Run]":
    return sa.select(Run).join(Run.module).outerjoin(Module.provider).where(*conditions)


def _conditions(query: RunQuery) -> Sequence[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for word in sort_key(query.text).split():
        found.append(Module.sort_title.contains(word, autoescape=True) | Run.place.icontains(word, autoescape=True))
    if query.topic:
        found.append(Module.id.in_(_with_topic(query.topic)))
    if query.region:
        region = sa.select(STANDING).where(Term.vocabulary == Vocabulary.REGION, Term.code == query.region)
        found.append(Run.region_id.in_(region) | (Run.online if query.region == ONLINE else sa.false()))
    if query.provider:
        found.append(Provider.slug == query.provider)
    if query.measure:
        inside = sa.select(MeasureModule.module_id).join(MeasureModule.measure).where(Measure.slug == query.measure)
        found.append(Module.id.in_(inside))
    if query.module:
        found.append(Module.slug == query.module)
    if query.state in STATES:
        found.append(Run.state == query.state)
    if query.seats in SEATS:
        found.append(SEATS[query.seats])
    if query.since:
        found.append(_last_day >= query.since)
    if query.until:
        found.append(Run.starts_on <= query.until)
    return found


def _with_topic(code: str) -> "sa.Select[tuple[Any]]":
    """Modules with the topic or one below it."""
    own = sa.select(STANDING).where(Term.vocabulary == Vocabulary.TOPIC, Term.code == code).scalar_subquery()
    wanted = sa.select(Term.id).where((Term.id == own) | (Term.parent_id == own))
    return sa.select(module_term.c.module_id).where(module_term.c.term_id.in_(wanted))


def _order(sort: str) -> list[sa.ColumnElement[Any]]:
    column = SORTS.get(sort.removeprefix("-"), SORTS["date"])
    first = column.desc() if sort.startswith("-") else column.asc()
    return [first, Run.starts_on.asc(), Module.sort_title.asc(), Run.id.asc()]
