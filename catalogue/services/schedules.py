"""Publishing and archiving on a day that staff set: planned here, done by the worker, always with the same verbs."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select

from catalogue.db import Database, Session, utcnow
from catalogue.models import Module, WorkflowState
from catalogue.services import audit, modules, workflow
from catalogue.services.errors import Refused
from catalogue.services.findings import Findings
from catalogue.services.permissions import SYSTEM, Actor, require
from catalogue.texts import N_

__all__ = ["plan", "run_due", "today"]

BERLIN = ZoneInfo("Europe/Berlin")
UNPUBLISHED = (WorkflowState.DRAFT, WorkflowState.REVIEW)
log = structlog.get_logger(__name__)


def today(now: datetime | None = None) -> date:
    """Return the day in Berlin: a module that shall be published on a day is so from midnight there."""
    return (now or utcnow()).astimezone(BERLIN).date()


def plan(
    session: Session, actor: Actor, module: Module, publish_on: date | None, archive_on: date | None, version: int | None
) -> Module:  # fmt: skip
    """Set the days on which *module* shall be published and archived; None takes a plan back.

    Raises Stale, and Invalid for days that are over or in the wrong order and for what could not be published as it is now.
    """
    require(actor, "module.publish", module)
    modules.lock(session, module, version)
    findings, day = Findings(), today()
    for name, wanted in (("publish_on", publish_on), ("archive_on", archive_on)):
        if wanted is not None and wanted <= day and wanted != getattr(module, name):
            findings.add(name, N_("Wählen Sie einen Tag nach heute."))
    if publish_on is not None and archive_on is not None and archive_on <= publish_on:
        findings.add("archive_on", N_("Archiviert werden kann erst nach dem Veröffentlichen."))
    if publish_on is not None and module.state not in UNPUBLISHED:
        findings.add("publish_on", N_("Nur ein Entwurf oder ein Modul in Prüfung kann noch veröffentlicht werden."))
    elif publish_on is not None:
        for sentence in workflow.missing(module).values():
            findings.add("publish_on", str(sentence))
    if archive_on is not None and module.state == WorkflowState.ARCHIVED:
        findings.add("archive_on", N_("Das Modul ist schon archiviert."))
    findings.raise_any()
    if (module.publish_on, module.archive_on) != (publish_on, archive_on):
        module.publish_on, module.archive_on = publish_on, archive_on
        audit.record(
            session, actor, "module.planned", module, publish_on=_text(publish_on), archive_on=_text(archive_on)
        )
    session.flush()
    return module


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""


def run_due(database: Database, now: datetime | None = None) -> int:
    """Publish and archive what is due; return how many steps were taken. Each module has a transaction of its own."""
    day = today(now)
    with database.read() as session:
        ids = session.scalars(select(Module.id).where(or_(Module.publish_on <= day, Module.archive_on <= day))).all()
    taken = 0
    for identity in ids:
        with database.write() as session:
            statement = select(Module).where(Module.id == identity).options(*modules.LOADED).with_for_update(of=Module)
            module = session.scalar(statement)
            if module is not None:
                taken += _take_due(session, module, day)
    return taken


def _take_due(session: Session, module: Module, day: date) -> int:
    taken = 0
    for name, column in (("publish", "publish_on"), ("archive", "archive_on")):
        due: date | None = getattr(module, column)
        if due is None or due > day:
            continue
        try:
            workflow.step(session, SYSTEM, module, name)
            taken += 1
        except Refused as refused:  # somebody changed it since: the plan ends, and the record says why
            setattr(module, column, None)
            audit.record(session, SYSTEM, f"module.{name}_refused", module, reason=str(refused))
            session.flush()
            log.warning("planned step refused", module=module.slug, step=name, reason=refused.text.message)
    return taken
