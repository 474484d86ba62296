"""What companies read of decisions: Gemeldet → Entschieden → Umgesetzt, for those that said something about the module.

Concerned is a company with live demand about the module now or at the moment of the decision, or with a wish that became the module.
Nothing here tells of other companies, of the reason, or of the people who decided.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import (
    Company,
    Decision,
    DecisionKind,
    DecisionState,
    Demand,
    DemandEvent,
    Module,
    Relevance,
    Run,
    RunState,
    Wish,
    WishSupport,
)
from catalogue.services.decisions import LOADED
from catalogue.services.permissions import Actor, can, require
from catalogue.services.report_records import BERLIN, end_of_day
from catalogue.services.reports import today

__all__ = ["DecisionOutcome", "ModuleDecision", "about_module", "considered", "for_company", "readers"]

ACTED_ON = (DecisionKind.CARRY_OUT, DecisionKind.ADAPT)
COMING = (RunState.PLANNED, RunState.CONFIRMED, RunState.FULL)
TOOK_PLACE = (RunState.CONFIRMED, RunState.FULL, RunState.HELD)


class _Said(NamedTuple):
    at: datetime
    people: int | None
    wish: bool


@dataclass(frozen=True)
class DecisionOutcome:
    """One decision as a company concerned reads it. ``at``: when there was last something new to read."""

    id: uuid.UUID
    module_id: uuid.UUID
    slug: str
    title: str
    in_catalogue: bool
    kind: DecisionKind
    answer: str
    decided_on: date
    reported_at: datetime
    by_wish: bool
    people: int | None
    at: datetime
    done_on: date | None = None
    done_note: str = ""
    run_on: date | None = None  # the run by which it came about, or will
    expected_on: date | None = None

    @property
    def decided_before(self) -> bool:
        """Whether the company spoke only after the decision."""
        return self.reported_at.astimezone(BERLIN).date() > self.decided_on

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.kind == DecisionKind.DROP


@dataclass(frozen=True)
class ModuleDecision:
    """What the page of a module says about the decision. ``decision``: for staff only, ``outcome``: for companies concerned."""

    kind: DecisionKind
    answer: str
    decided_on: date
    decision: Decision | None = None
    outcome: DecisionOutcome | None = None


def for_company(session: Session, actor: Actor, modules: Collection[uuid.UUID] | None = None) -> list[DecisionOutcome]:
    """Return the decisions that concern the actor's company, what is newest to read first; of these *modules*, if given."""
    require(actor, "company.home")
    company = actor.company_id
    spoken = select(Demand.module_id).where(Demand.company_id == company).union(*_wished(company))
    published = select(Decision).where(Decision.published_at.is_not(None), Decision.ended_at.is_(None))
    published = published.where(Decision.module_id.in_(spoken))
    if modules is not None:
        published = published.where(Decision.module_id.in_(modules))
    order = (Decision.decided_on, Decision.created_at, Decision.id)
    latest = {one.module_id: one for one in session.scalars(published.options(*LOADED).order_by(*order))}
    said = {module: words for (module, _), words in _said(session, latest, company).items()}
    runs = _runs(session, said)
    found = [_outcome(latest[module], words, runs[module]) for module, words in said.items()]
    return sorted(found, key=lambda one: (one.at, one.title), reverse=True)


def considered(session: Session, actor: Actor, modules: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of these modules the network has decided about without telling companies yet: it says no more than that."""
    require(actor, "company.home")
    silent = select(Decision.module_id).where(Decision.published_at.is_(None), Decision.ended_at.is_(None))
    return set(session.scalars(silent.where(Decision.module_id.in_(modules))))


def readers(session: Session, actor: Actor, decision: Decision) -> int:
    """Return how many companies read *decision*, or will as soon as there is a sentence for them."""
    require(actor, "decision.see")
    active = set(session.scalars(select(Company.id).where(Company.active)))
    return len({company for _, company in _said(session, {decision.module_id: decision})} & active)


def about_module(session: Session, actor: Actor, module: Module) -> ModuleDecision | None:
    """Return what *actor* may read about the decision on *module*: staff all, companies concerned their part, others what is public."""
    held = select(Decision).where(Decision.module_id == module.id, Decision.ended_at.is_(None)).options(*LOADED)
    order = (Decision.decided_on.desc(), Decision.created_at.desc(), Decision.id)
    decision = session.scalars(held.order_by(*order).limit(1)).first()
    if decision is None:
        return None
    shown = ModuleDecision(decision.kind, decision.answer, decision.decided_on)
    if can(actor, "decision.see"):
        return ModuleDecision(decision.kind, decision.answer, decision.decided_on, decision=decision)
    if decision.published_at is None:
        return None
    outcome = next(iter(for_company(session, actor, [module.id])), None) if actor.is_member else None
    if outcome is not None:
        return ModuleDecision(decision.kind, decision.answer, decision.decided_on, outcome=outcome)
    return shown if decision.public else None


def _wished(company: uuid.UUID | None) -> tuple[Any, Any]:
    """The modules that the company's wishes became, and those of the wishes it joined."""
    became = select(Wish.module_id).where(Wish.module_id.is_not(None))
    joined = select(WishSupport.wish_id).where(WishSupport.company_id == company)
    return became.where(Wish.company_id == company), became.where(Wish.id.in_(joined))


def _said(
    session: Session, decisions: Mapping[uuid.UUID, Decision], company: uuid.UUID | None = None
) -> dict[tuple[uuid.UUID, uuid.UUID], _Said]:
    """Return for module and company what a company concerned said first; of one *company*, if given."""
    found = _wishes(session, decisions, company)
    columns = (
        Demand.id, Demand.module_id, Demand.company_id, Demand.created_at, Demand.people, Demand.relevance, Demand.withdrawn_at,
    )  # fmt: skip
    spoken = select(*columns).where(Demand.module_id.in_(decisions))
    spoken = spoken.where(Demand.company_id == company) if company else spoken
    rows = session.execute(spoken).all()
    over = {row.id for row in rows if not _live(row.relevance, row.withdrawn_at is not None)}
    past = _past(session, over)
    for row in rows:
        if row.id not in over:
            found[row.module_id, row.company_id] = _Said(row.created_at, row.people, wish=False)
        elif (then := _at(past[row.id], _moment(decisions[row.module_id]))) is not None:
            found.setdefault((row.module_id, row.company_id), _Said(row.created_at, then["people"], wish=False))
    return found


def _live(relevance: str, withdrawn: bool) -> bool:
    return not withdrawn and relevance != Relevance.NONE


def _moment(decision: Decision) -> datetime:
    """When it was decided: the end of that day, or when it was written down if that was earlier."""
    return min(decision.created_at, end_of_day(decision.decided_on))


def _past(session: Session, demands: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tuple[datetime, dict[str, Any]]]]:
    events: dict[uuid.UUID, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    if demands:
        columns = (DemandEvent.demand_id, DemandEvent.at, DemandEvent.snapshot)
        written = select(*columns).where(DemandEvent.demand_id.in_(demands)).order_by(DemandEvent.id)
        for demand, at, snapshot in session.execute(written):
            events[demand].append((at, snapshot))
    return events


def _at(events: Iterable[tuple[datetime, dict[str, Any]]], moment: datetime) -> dict[str, Any] | None:
    """Return what was said at *moment*, None if that was nothing that counts."""
    last = next((said for at, said in reversed(list(events)) if at <= moment), None)
    return last if last is not None and _live(last["relevance"], last["withdrawn"]) else None


def _wishes(
    session: Session, decisions: Collection[uuid.UUID], company: uuid.UUID | None
) -> dict[tuple[uuid.UUID, uuid.UUID], _Said]:
    own = select(Wish.module_id, Wish.company_id, Wish.created_at, Wish.people).where(Wish.module_id.in_(decisions))
    joined = select(Wish.module_id, WishSupport.company_id, WishSupport.at).join(Wish, Wish.id == WishSupport.wish_id)
    joined = joined.where(Wish.module_id.in_(decisions))
    if company:
        own, joined = own.where(Wish.company_id == company), joined.where(WishSupport.company_id == company)
    found = {(module, who): _Said(at, None, wish=True) for module, who, at in session.execute(joined) if module}
    return found | {
        (module, who): _Said(at, people, wish=True)
        for module, who, at, people in session.execute(own)
        if module and who
    }


def _runs(session: Session, modules: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Run]]:
    runs: dict[uuid.UUID, list[Run]] = defaultdict(list)
    if modules:
        planned = select(Run).where(Run.module_id.in_(modules), Run.state != RunState.CANCELLED)
        for run in session.scalars(planned.order_by(Run.starts_on, Run.id)):
            runs[run.module_id].append(run)
    return runs


def _outcome(decision: Decision, said: _Said, runs: Iterable[Run]) -> DecisionOutcome:
    on, module = today(), decision.module
    since = [run for run in runs if run.starts_on >= decision.decided_on and decision.kind in ACTED_ON]
    held = next((run for run in since if run.state in TOOK_PLACE and run.last_day < on), None)
    coming = next((run for run in since if run.state in COMING and run.starts_on >= on), None)
    at = decision.published_at or decision.created_at
    values: dict[str, Any] = {}
    if decision.state == DecisionState.DONE and decision.done_at:
        at = max(at, decision.done_at)
        values = {"done_on": decision.done_at.astimezone(BERLIN).date(), "done_note": decision.done_note}
    elif held is not None:
        at = max(at, end_of_day(held.last_day))
        values = {"done_on": held.last_day, "run_on": held.starts_on}
    elif coming is not None:
        values = {"expected_on": coming.starts_on, "run_on": coming.starts_on}
    elif decision.due_on and decision.due_on >= on and decision.kind in ACTED_ON:
        values = {"expected_on": decision.due_on}
    return DecisionOutcome(
        decision.id, module.id, module.slug, module.title, module.is_public, decision.kind, decision.answer,
        decision.decided_on, said.at, said.wish, said.people, at, **values,
    )  # fmt: skip
