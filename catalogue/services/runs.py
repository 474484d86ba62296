"""Termine: dated offerings of a module."""

import uuid
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Module, Run, RunState, Term, Vocabulary
from catalogue.services import audit
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["RunInput", "add", "cancel", "get", "input_of", "of_module", "template_of", "update"]

LENGTHS = {"times_text": 120, "place": 200, "price_text": 200, "note": 5000}
FARTHEST = date(2100, 1, 1)


@dataclass(frozen=True)
class RunInput:
    """Everything about a run that can be edited; ``region`` is a code of the vocabulary "region"."""

    starts_on: date | None
    ends_on: date | None = None
    times_text: str = ""
    place: str = ""
    online: bool = False
    region: str = ""
    min_participants: int | None = None
    max_participants: int | None = None
    decide_by: date | None = None
    price_text: str = ""
    booking_url: str = ""
    state: RunState = RunState.PLANNED
    note: str = ""


def of_module(session: Session, module: Module) -> list[Run]:
    """Return all runs of *module* by date, cancelled ones too, with their region."""
    return list(
        session.scalars(
            select(Run)
            .where(Run.module_id == module.id)
            .options(joinedload(Run.region))
            .order_by(Run.starts_on, Run.created_at, Run.id)
        )
    )


def get(session: Session, module: Module, run_id: uuid.UUID) -> Run:
    """Return one run of *module* with its region; raises NotFound."""
    found = session.scalar(
        select(Run).where(Run.id == run_id, Run.module_id == module.id).options(joinedload(Run.region))
    )
    if found is None:
        raise NotFound(N_("Diesen Termin gibt es nicht."))
    return found


def input_of(run: Run) -> RunInput:
    """Return what *run* says now; its region is loaded."""
    values = {declared.name: getattr(run, declared.name) for declared in fields(RunInput)}
    return RunInput(**values | {"region": run.region.code if run.region else ""})


def template_of(run: Run) -> RunInput:
    """Return an input for another run like *run*: everything but the dates and what became of it."""
    given = input_of(run)
    values = {declared.name: getattr(given, declared.name) for declared in fields(RunInput)}
    return RunInput(**values | {"starts_on": None, "ends_on": None, "decide_by": None, "state": RunState.PLANNED})


def add(session: Session, actor: Actor, module: Module, given: RunInput) -> Run:
    """Add a run to *module*."""
    require(actor, "run.edit", module)
    given, region = _checked(session, given)
    run = Run(module_id=module.id)
    _write(run, given, region)
    session.add(run)
    session.flush()
    audit.record(session, actor, "run.add", run, label=_name(module, run))
    return run


def update(session: Session, actor: Actor, module: Module, run: Run, given: RunInput, version: int | None) -> Run:
    """Change a run that was read at *version*; raises Stale or Invalid."""
    require(actor, "run.edit", module)
    claim(session, run, version, given, joinedload(Run.region))
    given, region = _checked(session, given)
    _write(run, given, region)
    session.flush()
    audit.record(session, actor, "run.change", run, label=_name(module, run))
    return run


def cancel(session: Session, actor: Actor, module: Module, run: Run, version: int | None = None) -> Run:
    """Mark *run* as cancelled; it stays visible."""
    require(actor, "run.edit", module)
    claim(session, run, version, None, joinedload(Run.region))
    run.state = RunState.CANCELLED
    session.flush()
    audit.record(session, actor, "run.cancel", run, label=_name(module, run))
    return run


def _name(module: Module, run: Run) -> str:
    return f"{module.title[:250]}, {run.starts_on.isoformat()}"


def _checked(session: Session, given: RunInput) -> tuple[RunInput, Term | None]:
    values = {declared.name: getattr(given, declared.name) for declared in fields(RunInput)}
    for name in ("times_text", "place", "price_text", "booking_url"):
        values[name] = one_line(values[name])
    given = RunInput(**values | {"note": plain_text(given.note)})
    findings = Findings()
    findings.required("starts_on", given.starts_on, N_("Geben Sie ein, wann der Termin beginnt."))
    for name, most in LENGTHS.items():
        findings.length(name, getattr(given, name), most)
    _check_days(given, findings)
    findings.participants(given.min_participants, given.max_participants)
    findings.url("booking_url", given.booking_url)
    region = session.scalar(select(Term).where(Term.vocabulary == Vocabulary.REGION, Term.code == given.region))
    if given.region and region is None:
        findings.add("region", N_("Wählen Sie eine Region aus der Liste."))
    findings.raise_any()
    return given, region


def _check_days(given: RunInput, findings: Findings) -> None:
    for name in ("starts_on", "ends_on", "decide_by"):
        day = getattr(given, name)
        findings.day(name, day)
        if day is not None and day >= FARTHEST:
            findings.add(name, N_("Geben Sie ein Datum vor 2100 ein."))
    if given.starts_on and given.ends_on and given.ends_on < given.starts_on:
        findings.add("ends_on", N_("Das Ende liegt vor dem Beginn."))
    if given.starts_on and given.decide_by and given.decide_by > given.starts_on:
        findings.add("decide_by", N_("Die Entscheidung muss vor dem Beginn fallen."))


def _write(run: Run, given: RunInput, region: Term | None) -> None:
    for declared in fields(RunInput):
        if declared.name != "region":
            setattr(run, declared.name, getattr(given, declared.name))
    run.region = region
