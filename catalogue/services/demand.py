"""Bedarf: what a company says about a module. Colleagues share one record; every change is kept as an event.

One click says no more than "relevant"; details may follow. Network staff enter it on behalf of a company, which is then asked
to confirm. A withdrawn record stays with its events, so that a report as of an earlier date still counts it.
"""

import uuid
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import IntegrityError, Session, utcnow
from catalogue.models import Company, Demand, DemandEvent, Module, Relevance, WorkflowState
from catalogue.services import demand_events as events
from catalogue.services import demand_rules as rules
from catalogue.services import modules, redirects
from catalogue.services.demand_rules import DemandInput, OnBehalf, input_of, is_outdated, needs_confirmation, said_on
from catalogue.services.errors import Conflict, Invalid, NotFound, Stale
from catalogue.services.interest import Interest, interest_of_others
from catalogue.services.permissions import Actor, Own, require
from catalogue.texts import N_

__all__ = [
    "DemandInput", "Interest", "OnBehalf", "confirm", "confirm_entered", "confirm_outdated", "find", "find_any", "history", "input_of",
    "interest_of_others", "is_outdated", "mark", "mark_relevant", "needs_confirmation", "own", "own_list", "refuse", "said_on", "set_people", "subject",
    "undo", "withdraw",
]  # fmt: skip

NOTHING_SAID = N_("Ihr Unternehmen hat zu diesem Modul nichts angegeben.")


def subject(session: Session, actor: Actor, slug: str) -> Module:
    """Return the module that *actor* may say something about: a visible one, or one about which their company already did."""
    try:
        return modules.get(session, actor, slug)
    except NotFound:
        module = session.scalar(select(Module).where(Module.slug == slug).options(*modules.LOADED))
        if module is None or actor.company_id is None or _record(session, actor.company_id, module) is None:
            raise
        return module


def mark(
    session: Session, actor: Actor, module: Module, input: DemandInput, on_behalf: OnBehalf | None = None
) -> Demand:
    """Save what a company says about *module* and return its record; the same words again change nothing.

    Raises Invalid for values, Conflict for a stale version or a module that is not published any more.
    """
    company_id = _company_id(session, actor, on_behalf)
    rules.check(session, input)
    demand = _locked(session, company_id, module)
    if demand is None:
        _check_version(None, input)
        demand = _first(session, actor, company_id, module, input, on_behalf)
        if demand is not None:
            return demand
        demand = _existing(session, company_id, module)
    return _change(session, actor, module, demand, input, on_behalf)


def mark_relevant(session: Session, actor: Actor, module: Module) -> Demand:
    """The one click: say "relevant" and nothing more; what is already said stays, "nicht relevant" becomes "relevant"."""
    company_id = _company_id(session, actor, None)
    demand = _locked(session, company_id, module)
    if demand is None:
        demand = _first(session, actor, company_id, module, DemandInput(), None)
        if demand is not None:
            return demand
        demand = _existing(session, company_id, module)
    if demand.withdrawn_at is not None:
        return mark(session, actor, module, DemandInput())
    if demand.relevance != Relevance.NONE:
        return demand
    return mark(session, actor, module, replace(input_of(demand), relevance=Relevance.OPEN))


def withdraw(
    session: Session, actor: Actor, module: Module, on_behalf: OnBehalf | None = None, version: int | None = None
) -> Demand:
    """Take back what the company said about *module*; a second time changes nothing. NotFound if it never said anything."""
    company_id = _company_id(session, actor, on_behalf)
    demand = _existing(session, company_id, module)
    if demand.withdrawn_at is not None:
        return demand
    _check_unchanged(demand, version)
    if on_behalf:
        demand.source, demand.source_date, demand.confirmed_at = on_behalf.source, on_behalf.source_date, None
    return _withdraw(session, actor, demand)


def undo(
    session: Session, actor: Actor, module: Module, version: int | None = None, company: str | None = None
) -> Demand:
    """Go back to what the company (staff: *company*, a slug) said before its last change; undoing the first one withdraws.

    Undoing twice does it again.
    """
    if company is None:
        company_id = _company_id(session, actor, None)
    else:
        require(actor, "demand.on_behalf")
        company_id = _company(session, company).id
    demand = _existing(session, company_id, module)
    if version is not None and version != demand.version:
        raise Conflict(N_("Inzwischen hat jemand anderes diese Angaben geändert. Es wurde nichts zurückgenommen."))
    said = events.of(session, demand)
    if len(said) < 2:
        return _withdraw(session, actor, demand)
    events.apply(demand, said[1].snapshot)
    events.add(session, actor, demand, events.RESTORED)
    return demand


def set_people(session: Session, actor: Actor, module: Module, people: int | None) -> Demand:
    """Add for how many people, and leave everything else as it is; NotFound if nothing was said yet."""
    demand = _existing(session, _company_id(session, actor, None), module)
    if demand.withdrawn_at is not None:
        raise NotFound(NOTHING_SAID)
    return mark(session, actor, module, replace(input_of(demand), people=people))


def confirm(session: Session, actor: Actor, module: Module, version: int | None = None) -> Demand:
    """The company says that its record (entered by staff, or a year old) still holds."""
    demand = _existing(session, _company_id(session, actor, None), module)
    _check_unchanged(demand, version)
    if demand.withdrawn_at is not None:
        raise Conflict(N_("Diese Angaben wurden zurückgezogen."))
    demand.confirmed_at = utcnow()
    events.add(session, actor, demand, events.CONFIRMED)
    return demand


def refuse(session: Session, actor: Actor, module: Module, reason: str, version: int | None = None) -> Demand:
    """The company does not stand behind what staff entered for it: withdrawn with a *reason* that staff read. Twice changes nothing.

    Raises Invalid("reason") without one, Conflict if there is nothing that staff entered or it changed since *version*.
    """
    reason = reason.strip()
    demand = _existing(session, _company_id(session, actor, None), module)
    if demand.refused_at is not None:
        return demand
    _check_unchanged(demand, version)
    if not needs_confirmation(demand):
        raise Conflict(N_("Diese Angaben hat nicht das Netzwerkbüro eingetragen, oder sie sind schon beantwortet."))
    rules.check_reason(reason)
    demand.withdrawn_at = demand.refused_at = utcnow()
    demand.refusal, demand.refusal_read_at = reason, None
    events.add(session, actor, demand, events.REFUSED)
    return demand


def confirm_entered(session: Session, actor: Actor) -> int:
    """Confirm everything that staff entered for the own company and return how many records there were."""
    entered = [demand for demand in own_list(session, actor) if needs_confirmation(demand)]
    for demand in entered:
        confirm(session, actor, demand.module)
    return len(entered)


def confirm_outdated(session: Session, actor: Actor) -> int:
    """Confirm all records of the own company that are older than a year and return how many there were."""
    outdated = [demand for demand in own_list(session, actor) if is_outdated(demand)]
    for demand in outdated:
        confirm(session, actor, demand.module)
    return len(outdated)


def find(session: Session, actor: Actor, module: Module, company: str = "") -> Demand | None:
    """Return what the own company (staff: *company*, a slug) says about *module*, with who changed it; None if nothing."""
    if company:
        require(actor, "demand.see_others")
        company_id = _company(session, company).id
    elif actor.company_id is None:
        return None
    else:
        company_id = actor.company_id
    return session.scalar(
        select(Demand)
        .where(Demand.company_id == company_id, Demand.module_id == module.id, Demand.withdrawn_at.is_(None))
        .options(joinedload(Demand.updated_by), joinedload(Demand.company))
    )


def find_any(session: Session, actor: Actor, module: Module) -> Demand | None:
    """Return the own company's record, a withdrawn one too: its version is what "Rückgängig" is about."""
    return _record(session, actor.company_id, module) if actor.company_id else None


def own(session: Session, actor: Actor, module_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Demand]:
    """Return what the actor's company says about these modules, by module id, with who changed it; withdrawn records are left out."""
    if actor.company_id is None:
        return {}
    rows = session.scalars(
        select(Demand)
        .where(
            Demand.company_id == actor.company_id,
            Demand.module_id.in_(list(module_ids)),
            Demand.withdrawn_at.is_(None),
        )
        .options(joinedload(Demand.updated_by))
    )
    return {demand.module_id: demand for demand in rows}


def own_list(session: Session, actor: Actor) -> list[Demand]:
    """Return all records of the own company with module and provider, newest first; withdrawn ones are left out."""
    require(actor, "company.home")
    rows = session.scalars(
        select(Demand)
        .where(Demand.company_id == actor.company_id, Demand.withdrawn_at.is_(None))
        .options(joinedload(Demand.updated_by), joinedload(Demand.module).joinedload(Module.provider))
        .order_by(Demand.updated_at.desc(), Demand.id)
    )
    return list(rows)


def history(session: Session, actor: Actor, module: Module) -> list[DemandEvent]:
    """Return all changes that the own company's record has seen, newest first; NotFound if it never said anything.

    What it said about modules that were merged into *module* is part of it.
    """
    company_id = _company_id(session, actor, None)
    found = events.about(session, company_id, [module.id, *redirects.former(session, module)])
    if not found:
        raise NotFound(NOTHING_SAID)
    return found


def _company_id(session: Session, actor: Actor, on_behalf: OnBehalf | None) -> uuid.UUID:
    if on_behalf is not None:
        require(actor, "demand.on_behalf")
        company = _company(session, on_behalf.company)
        rules.check_source(on_behalf)
        return company.id
    require(actor, "demand.edit", Own(actor.company_id))
    if actor.company_id is None:
        raise Invalid("company", N_("Nennen Sie das Unternehmen, für das Sie den Bedarf eintragen."))
    return actor.company_id


def _company(session: Session, slug: str) -> Company:
    company = session.scalar(select(Company).where(Company.slug == slug, Company.active))
    if company is None:
        raise Invalid("company", N_("Dieses Unternehmen gibt es nicht."))
    return company


def _check_open(module: Module) -> None:
    if module.state != WorkflowState.PUBLISHED:
        raise Conflict(N_("Dieses Modul ist nicht mehr im Katalog und kann nicht neu vorgemerkt werden."))


def _check_version(demand: Demand | None, input: DemandInput) -> None:
    current = demand.version if demand is not None and demand.withdrawn_at is None else 0
    if input.version is not None and input.version != current:
        raise Stale(demand, input)


def _check_unchanged(demand: Demand, version: int | None) -> None:
    if version is not None and version != demand.version:
        raise Conflict(N_("Inzwischen hat jemand anderes diese Angaben geändert."))


def _record(session: Session, company_id: uuid.UUID, module: Module) -> Demand | None:
    return session.scalar(select(Demand).where(Demand.company_id == company_id, Demand.module_id == module.id))


def _locked(session: Session, company_id: uuid.UUID, module: Module) -> Demand | None:
    """The record as it is now, held until the end of the transaction (PostgreSQL; SQLite has one writer anyway)."""
    return session.scalar(
        select(Demand)
        .where(Demand.company_id == company_id, Demand.module_id == module.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _withdraw(session: Session, actor: Actor, demand: Demand) -> Demand:
    if demand.withdrawn_at is None:
        demand.withdrawn_at = utcnow()
        events.add(session, actor, demand, events.WITHDRAWN)
    return demand


def _existing(session: Session, company_id: uuid.UUID, module: Module) -> Demand:
    demand = _locked(session, company_id, module)
    if demand is None:
        raise NotFound(NOTHING_SAID)
    return demand


def _first(
    session: Session,
    actor: Actor,
    company_id: uuid.UUID,
    module: Module,
    input: DemandInput,
    on_behalf: OnBehalf | None,
) -> Demand | None:
    """Add the company's first record about *module*, or return None if a colleague's was committed meanwhile."""
    _check_open(module)
    demand = Demand(company_id=company_id, module_id=module.id, updated_by_id=actor.user_id)
    rules.write(demand, input, on_behalf)
    try:
        with session.begin_nested():
            session.add(demand)
    except IntegrityError:
        return None
    events.add(session, actor, demand, events.MARKED)
    return demand


def _change(
    session: Session, actor: Actor, module: Module, demand: Demand, input: DemandInput, on_behalf: OnBehalf | None
) -> Demand:
    if rules.says_the_same(demand, input, on_behalf):
        return confirm(session, actor, module) if not on_behalf and is_outdated(demand) else demand
    _check_version(demand, input)
    was_withdrawn = demand.withdrawn_at is not None
    if was_withdrawn:
        _check_open(module)
    rules.write(demand, input, on_behalf)
    events.add(session, actor, demand, events.MARKED if was_withdrawn else events.CHANGED)
    return demand
