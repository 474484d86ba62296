"""What one company said, as network staff see it: all its records, many marks after one visit, and what the company refused."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import flag_modified

from catalogue.db import Session, utcnow
from catalogue.models import Company, Demand, DemandSource, Module, Relevance
from catalogue.services import audit, demand
from catalogue.services.demand_rules import DemandInput, OnBehalf, input_of
from catalogue.services.errors import NotFound
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_, Labelled

__all__ = [
    "PER_PAGE", "Records", "Show", "Summary", "about", "count_refused", "enter", "mark_read", "records", "refused", "seen", "summaries",
]  # fmt: skip

PER_PAGE = 100
UNCONFIRMED = Demand.withdrawn_at.is_(None) & Demand.confirmed_at.is_(None) & (Demand.source != DemandSource.SELF)
REFUSED = Demand.refused_at.is_not(None) & Demand.refusal_read_at.is_(None)


class Show(Labelled):
    """Which records a list shows."""

    CURRENT = "current", N_("aktuelle")
    UNCONFIRMED = "unconfirmed", N_("nicht bestätigt")
    WITHDRAWN = "withdrawn", N_("zurückgezogen")


CONDITIONS: dict[Show, ColumnElement[bool]] = {
    Show.CURRENT: Demand.withdrawn_at.is_(None),
    Show.UNCONFIRMED: UNCONFIRMED,
    Show.WITHDRAWN: Demand.withdrawn_at.is_not(None),
}


@dataclass(frozen=True)
class Summary:
    """How much a company said: current records, people in them (without what is not relevant), records it has not confirmed, withdrawn ones."""

    current: int = 0
    people: int = 0
    unconfirmed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True)
class Records:
    """One page of a company's records by title, with module and who changed them."""

    rows: tuple[Demand, ...]
    page: int
    pages: int


def seen(session: Session, actor: Actor, company: Company) -> None:
    """Record that staff looked at what a company said."""
    require(actor, "demand.see_others")
    audit.record(session, actor, "demand.viewed", company)


def records(session: Session, actor: Actor, company: Company, show: Show, page: int = 1) -> Records:
    """Return the company's records that *show* asks for."""
    require(actor, "demand.see_others")
    wanted = (Demand.company_id == company.id) & CONDITIONS[show]
    total = session.scalar(select(func.count()).select_from(Demand).where(wanted)) or 0
    page, pages = within(page, total, PER_PAGE)
    rows = session.scalars(
        select(Demand)
        .join(Demand.module)
        .where(wanted)
        .options(joinedload(Demand.module), joinedload(Demand.updated_by))
        .order_by(Module.sort_title, Demand.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    return Records(tuple(rows), page, pages)


def summaries(session: Session, actor: Actor, companies: Collection[uuid.UUID]) -> dict[uuid.UUID, Summary]:
    """Return for each of the companies how much it said; those that never said anything are left out."""
    require(actor, "demand.see_others")
    live = Demand.withdrawn_at.is_(None)
    counted = live & (Demand.relevance != Relevance.NONE)
    columns = (
        Demand.company_id, _sum(live), func.coalesce(func.sum(case((counted, Demand.people), else_=0)), 0), _sum(UNCONFIRMED),
        _sum(~live),
    )  # fmt: skip
    grouped = select(*columns).where(Demand.company_id.in_(companies)).group_by(Demand.company_id)
    return {row[0]: Summary(*(int(number) for number in row[1:])) for row in session.execute(grouped)}


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def about(session: Session, actor: Actor, company: Company, modules: Iterable[uuid.UUID]) -> dict[uuid.UUID, Demand]:
    """Return what the company says now about these modules, by module id."""
    require(actor, "demand.see_others")
    rows = session.scalars(
        select(Demand)
        .where(Demand.company_id == company.id, Demand.module_id.in_(list(modules)), Demand.withdrawn_at.is_(None))
        .options(joinedload(Demand.updated_by))
    )
    return {one.module_id: one for one in rows}


def enter(
    session: Session, actor: Actor, company: Company, on_behalf: OnBehalf, said: Sequence[tuple[Module, DemandInput]]
) -> list[Demand]:
    """Save many marks on behalf of *company* and return those that changed; rows that say what is said already change nothing.

    A row keeps format, place and note of the record: the short form does not ask for them. Raises Invalid and Stale as
    :func:`demand.mark` does; then nothing of it should be committed.
    """
    require(actor, "demand.on_behalf")
    known = about(session, actor, company, [module.id for module, _ in said])
    saved = []
    for module, given in said:
        before = known.get(module.id)
        if before is not None:
            now = input_of(before)
            given = replace(given, format_code=now.format_code, place=now.place, note=now.note)
            if replace(given, version=None) == replace(now, version=None):
                continue
        one = demand.mark(session, actor, module, given, on_behalf)
        audit.record(session, actor, "demand.on_behalf", one, label=module.title, source=one.source.value)
        saved.append(one)
    return saved


def refused(session: Session, actor: Actor) -> list[Demand]:
    """Return what companies refused and nobody of the staff has read yet, oldest first, with company and module."""
    require(actor, "demand.see_others")
    rows = select(Demand).where(REFUSED).options(joinedload(Demand.company), joinedload(Demand.module))
    return list(session.scalars(rows.order_by(Demand.refused_at, Demand.id)))


def count_refused(session: Session) -> int:
    """Return how long :func:`refused` is."""
    return session.scalar(select(func.count()).select_from(Demand).where(REFUSED)) or 0


def mark_read(session: Session, actor: Actor, demand_id: uuid.UUID) -> Demand:
    """Note that staff read why a company refused; twice changes nothing."""
    require(actor, "demand.on_behalf")
    one = session.get(Demand, demand_id, with_for_update=True)
    if one is None or one.refused_at is None:
        raise NotFound
    if one.refusal_read_at is None:
        one.refusal_read_at = utcnow()
        flag_modified(one, "updated_at")  # nobody said anything new
        session.flush()
    return one
