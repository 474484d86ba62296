"""Termine: dated offerings of a module."""

import uuid
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Module, Run, RunState, Term, Vocabulary
from catalogue.services import audit, thing_history, vocabularies
from catalogue.services.errors import NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.periods import first_day, is_period
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["RunInput", "add", "cancel", "copy_of", "get", "input_of", "of_module", "proposal", "update", "weeks_until"]

LENGTHS = {"times_text": 120, "place": 200, "price_text": 200, "cancel_reason": 500, "note": 5000}
FARTHEST = date(2100, 1, 1)
LEAD_WEEKS = 8  # between planning a run and its day
USUAL_WEEKS = 4  # between a run and its copy
WITHOUT_REASON = N_("Geben Sie an, warum der Termin abgesagt ist. Der Grund steht beim Termin.")


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
    booked: int | None = None
    decide_by: date | None = None
    price_text: str = ""
    booking_url: str = ""
    state: RunState = RunState.PLANNED
    cancel_reason: str = ""
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


def weeks_until(run: Run, today: date) -> int:
    """Return after how many weeks a copy of *run* should begin: four, or more if that would not be after *today*."""
    return max(USUAL_WEEKS, (today - run.starts_on).days // 7 + 1)


def copy_of(run: Run, weeks: int) -> RunInput:
    """Return an input like *run*, all days *weeks* later (so on the same days of the week), without what became of it."""
    given = input_of(run)
    later = timedelta(weeks=weeks)
    return replace(
        given,
        starts_on=_later(given.starts_on, later),
        ends_on=_later(given.ends_on, later),
        decide_by=_later(given.decide_by, later),
        state=RunState.PLANNED,
        booked=None,
        cancel_reason="",
    )


def proposal(module: Module, today: date, period: str, region: str, place: str) -> RunInput:
    """Return an input for a run in the quarter *period*: its first Tuesday that leaves eight weeks to find people, decided four weeks before."""
    first = first_day(period) if is_period(period) else None
    online = region == "online"
    given = RunInput(
        None,
        place="" if online else one_line(place)[:200],
        online=online,
        region=region,
        min_participants=module.min_participants,
        max_participants=module.max_participants,
    )
    if first is None:
        return given
    day = max(first, today + timedelta(weeks=LEAD_WEEKS))
    day += timedelta(days=(1 - day.weekday()) % 7)
    return replace(given, starts_on=day, decide_by=day - timedelta(weeks=USUAL_WEEKS))


def _later(day: date | None, later: timedelta) -> date | None:
    try:
        return day + later if day else None
    except OverflowError:
        return None


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
    before = input_of(run)
    given, region = _checked(session, given)
    _write(run, given, region)
    session.flush()
    if changes := thing_history.between(before, input_of(run)):
        audit.record(session, actor, "run.change", run, label=_name(module, run), changes=changes)
    return run


def cancel(session: Session, actor: Actor, module: Module, run: Run, reason: str, version: int | None = None) -> Run:
    """Mark *run* as cancelled, for a *reason* that everybody reads; it stays visible."""
    require(actor, "run.edit", module)
    claim(session, run, version, None, joinedload(Run.region))
    before = input_of(run)
    findings = Findings()
    reason = one_line(reason)
    findings.required("cancel_reason", reason, WITHOUT_REASON)
    findings.length("cancel_reason", reason, LENGTHS["cancel_reason"])
    findings.raise_any()
    run.state, run.cancel_reason = RunState.CANCELLED, reason
    session.flush()
    changes = thing_history.between(before, input_of(run))
    audit.record(session, actor, "run.cancel", run, label=_name(module, run), changes=changes)
    return run


def _name(module: Module, run: Run) -> str:
    return f"{module.title[:250]}, {run.starts_on.isoformat()}"


def _checked(session: Session, given: RunInput) -> tuple[RunInput, Term | None]:
    values = {declared.name: getattr(given, declared.name) for declared in fields(RunInput)}
    for name in ("times_text", "place", "price_text", "booking_url", "cancel_reason"):
        values[name] = one_line(values[name])
    if given.state != RunState.CANCELLED:
        values["cancel_reason"] = ""
    given = RunInput(**values | {"note": plain_text(given.note)})
    findings = Findings()
    findings.required("starts_on", given.starts_on, N_("Geben Sie ein, wann der Termin beginnt."))
    for name, most in LENGTHS.items():
        findings.length(name, getattr(given, name), most)
    _check_days(given, findings)
    findings.participants(given.min_participants, given.max_participants)
    findings.within("booked", given.booked, 0, 10_000)
    if given.booked and given.max_participants and given.booked > given.max_participants:
        findings.add("booked", N_("Es können nicht mehr Plätze belegt sein, als es gibt."))
    if given.state == RunState.CANCELLED:
        findings.required("cancel_reason", given.cancel_reason, WITHOUT_REASON)
    findings.url("booking_url", given.booking_url)
    region = vocabularies.find(session, Vocabulary.REGION, given.region)
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
