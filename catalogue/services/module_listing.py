"""All modules for staff, drafts included: from the database, never from the index."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from catalogue.db import Session, utcnow
from catalogue.models import Confirmation, Module, OfferStatus, Programme, Provider, Term, WorkflowState, module_term
from catalogue.services import redirects
from catalogue.services.completeness import BY_NAME, missing_condition, stated_count
from catalogue.services.exchange import readiness
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key

__all__ = ["FRESH_FOR", "SORTS", "ListingPage", "ListingQuery", "listing", "stale_condition"]

FRESH_FOR = timedelta(days=365)
ASKED_WITHIN = timedelta(days=30)
PER_PAGE = 25
STATES = {state.value: rank for rank, state in enumerate(WorkflowState)}
STATUSES = {status.value: rank for rank, status in enumerate(OfferStatus)}
SORTS: dict[str, sa.ColumnElement[Any]] = {
    "title": Module.sort_title.expression,
    "state": sa.case(STATES, value=sa.cast(Module.state, sa.String), else_=99),
    "status": sa.case(STATUSES, value=sa.cast(Module.offer_status, sa.String), else_=99),
    "changed": Module.updated_at.expression,
    "complete": stated_count(),
    "as_of": sa.func.coalesce(Module.as_of, sa.literal(date(1900, 1, 1), sa.Date)),
}


@dataclass(frozen=True)
class ListingQuery:
    """Which modules, and how sorted. Unknown values are ignored. ``sort`` is a key of ``SORTS``, with "-" for descending."""

    text: str = ""
    state: str = ""
    status: str = ""
    provider: str = ""
    programme: str = ""
    missing: str = ""
    ready: str = ""  # name of an exchange target that takes the module, with "-" before it: that does not take it yet
    terms: tuple[str, ...] = ()  # each vocabulary and code ("topic:sicherheit"); one of each vocabulary must be there
    stale: bool = False
    asked: str = ""  # the provider, within 30 days: "yes", "no", or "silent" if there is no answer
    slugs: tuple[str, ...] = ()  # only these
    only: frozenset[uuid.UUID] | None = None  # only these: what a search found
    sort: str = "-changed"
    page: int = 1


@dataclass(frozen=True)
class ListingPage:
    """One page of the list; ``modules`` have terms, provider and programme loaded."""

    query: ListingQuery
    modules: list[Module]
    total: int
    pages: int


def listing(session: Session, actor: Actor, query: ListingQuery, *, everything: bool = False) -> ListingPage:
    """Return one page of all modules that *query* finds, or with *everything* all of them (exports)."""
    require(actor, "module.see_unpublished")
    condition = sa.and_(sa.true(), *_conditions(query))
    total = session.scalar(sa.select(sa.func.count()).select_from(Module).where(condition)) or 0
    page, pages = within(query.page, total, PER_PAGE)
    statement = (
        sa.select(Module)
        .where(condition)
        .options(selectinload(Module.terms), selectinload(Module.provider), selectinload(Module.programme))
        .order_by(*_order(query.sort))
    )
    if not everything:
        statement = statement.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    return ListingPage(query, list(session.scalars(statement)), total, pages)


def _conditions(query: ListingQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [Module.id.not_in(redirects.merged_away())]
    for word in sort_key(query.text).split():
        found.append(Module.sort_title.contains(word, autoescape=True) | Module.code.icontains(word, autoescape=True))
    if query.state in STATES:
        found.append(Module.state == query.state)
    if query.status in STATUSES:
        found.append(Module.offer_status == query.status)
    if query.provider:
        found.append(Module.provider_id.in_(sa.select(Provider.id).where(Provider.slug == query.provider)))
    if query.programme:
        found.append(Module.programme_id.in_(sa.select(Programme.id).where(Programme.slug == query.programme)))
    if query.missing in BY_NAME:
        found.append(missing_condition(query.missing))
    if query.ready.removeprefix("-") in readiness.BY_NAME:
        found.append(readiness.condition(query.ready))
    found += _term_conditions(query.terms)
    if query.slugs:
        found.append(Module.slug.in_(query.slugs))
    if query.only is not None:
        found.append(Module.id.in_(query.only))
    if query.stale:
        found.append(stale_condition())
    if query.asked in ("yes", "no", "silent"):
        found.append(_asked_condition(query.asked))
    return found


def _term_conditions(keys: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    wanted: dict[str, list[str]] = {}
    for key in keys:
        vocabulary, _, code = key.partition(":")
        wanted.setdefault(vocabulary, []).append(code)
    conditions: list[sa.ColumnElement[bool]] = []
    for vocabulary, codes in wanted.items():
        named = sa.and_(Term.vocabulary == vocabulary, Term.code.in_(codes))
        ids = sa.select(sa.func.coalesce(Term.merged_into_id, Term.id)).where(named)
        conditions.append(Module.id.in_(sa.select(module_term.c.module_id).where(module_term.c.term_id.in_(ids))))
    return conditions


def _asked_condition(kind: str) -> sa.ColumnElement[bool]:
    asked = sa.select(Confirmation.module_id).where(Confirmation.created_at > utcnow() - ASKED_WITHIN)
    if kind == "no":
        return Module.id.not_in(asked)
    if kind == "silent":
        asked = asked.where(Confirmation.used_at.is_(None), Confirmation.revoked_at.is_(None))
    return Module.id.in_(asked)


def stale_condition(now: datetime | None = None) -> sa.ColumnElement[bool]:
    """Return the condition that finds published modules that nobody confirmed and no source dates within twelve months."""
    since = (now or utcnow()) - FRESH_FOR
    return sa.and_(
        Module.state == WorkflowState.PUBLISHED,
        sa.or_(Module.confirmed_at.is_(None), Module.confirmed_at < since),
        sa.or_(Module.as_of.is_(None), Module.as_of < since.date()),
    )


def _order(sort: str) -> list[sa.ColumnElement[Any]]:
    name = sort.removeprefix("-")
    key = SORTS.get(name, SORTS["changed"])
    return [key.desc() if sort.startswith("-") else key.asc(), Module.sort_title.asc(), Module.id.asc()]
