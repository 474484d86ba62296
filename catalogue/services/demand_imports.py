"""Importing surveys: uploaded, looked at, applied in one transaction, undone. What a company said later is never overwritten unseen."""

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, select

from catalogue.db import IntegrityError, Session, utcnow
from catalogue.models import Demand, DemandImport, DemandSource
from catalogue.services import audit, demand_lists
from catalogue.services import demand_events as events
from catalogue.services import demand_rules as rules
from catalogue.services.demand_lists import AnswerKind, ListRow, Plan
from catalogue.services.demand_rules import OnBehalf
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.permissions import Actor, require
from catalogue.services.spreadsheets import Sheet, as_text
from catalogue.texts import N_

__all__ = ["MOST", "apply", "discard", "get", "listing", "plan_of", "prune", "undo", "upload"]

MOST = 5000  # rows
MOST_ANSWERS = 10_000  # that are written in one transaction: modules in columns give many in a row
KEPT_FOR = timedelta(days=14)
TOGETHER = 500  # records that one query loads


def upload(session: Session, actor: Actor, name: str, sheet: Sheet, day: date) -> DemandImport:
    """Keep a survey of *day* that could be opened; raises Invalid ("file", "day")."""
    require(actor, "demand.on_behalf")
    rules.check_source(OnBehalf("", DemandSource.SURVEY, day))
    demand_lists.keys_of(sheet.headings)
    lines = [[line.number, *(as_text(cell) for cell in line.cells)] for line in sheet.lines()]
    if not lines:
        raise Invalid("file", N_("Unter den Überschriften steht keine Zeile."))
    if len(lines) > MOST:
        raise Invalid("file", N_("Die Liste hat mehr als %(most)s Zeilen. Teilen Sie sie."), most=MOST)
    run = DemandImport(
        id=uuid.uuid4(), user_id=actor.user_id, user_label=actor.label[:200], file_name=name[-200:], about=sheet.about[:300],
        source_date=day, headings=list(sheet.headings), lines=lines,
    )  # fmt: skip
    if demand_lists.number(session, run.headings, lines) > MOST_ANSWERS:  # raises for a list without modules
        raise Invalid("file", N_("Die Liste hat mehr als %(most)s Antworten. Teilen Sie sie."), most=MOST_ANSWERS)
    session.add(run)
    session.flush()
    return run


def listing(session: Session, actor: Actor) -> list[DemandImport]:
    """Return the last fifty surveys, the newest first."""
    require(actor, "demand.on_behalf")
    newest = select(DemandImport).order_by(DemandImport.created_at.desc(), DemandImport.id)
    return list(session.scalars(newest.limit(50)))


def get(session: Session, actor: Actor, import_id: uuid.UUID) -> DemandImport:
    """Return one survey; raises NotFound."""
    require(actor, "demand.on_behalf")
    run = session.get(DemandImport, import_id, with_for_update=True)
    if run is None:
        raise NotFound(N_("Diesen Import gibt es nicht."))
    return run


def plan_of(session: Session, actor: Actor, run: DemandImport, *, lock: bool = False) -> Plan:
    """Return what applying the survey would do now."""
    return demand_lists.plan(session, actor, run.headings, run.lines, run.source_date, lock=lock)


def apply(
    session: Session, actor: Actor, run: DemandImport, fingerprint: str | None, replace: Collection[str] = ()
) -> int:
    """Write all new and changed answers, or nothing; return how many. Wrong rows are left out.

    *replace*: keys of the rows that shall go before a newer statement; all other such rows leave the catalogue as it is.
    Raises Conflict if the demand changed since the *fingerprint* was shown (None: whatever was shown).
    """
    if run.applied_at is not None:
        raise Conflict(N_("Diese Liste ist schon übernommen."))
    plan = plan_of(session, actor, run, lock=True)
    if fingerprint is not None and fingerprint != plan.fingerprint:
        raise Conflict(N_("Inzwischen hat sich am Bedarf etwas geändert. Sehen Sie die Vorschau noch einmal an."))
    rows = [*plan.of(AnswerKind.NEW), *plan.of(AnswerKind.CHANGED)]
    rows += [row for row in plan.of(AnswerKind.CONFLICT) if row.key in replace]
    if not rows:
        raise Conflict(N_("In der Liste steht nichts, was zu übernehmen wäre."))
    run.changes = _write(session, actor, rows)
    run.applied_at, run.applied_by = utcnow(), actor.label[:200]
    session.flush()
    audit.record(session, actor, "demand.imported", run, label=run.file_name, number=len(rows))
    return len(rows)


def _write(session: Session, actor: Actor, rows: list[ListRow]) -> list[dict[str, Any]]:
    before = [events.snapshot(row.demand) if row.demand is not None else None for row in rows]
    said = [_say(session, actor, row) for row in rows]
    try:
        with session.begin_nested():
            events.write_all(session, actor, said)
    except IntegrityError as error:
        raise Conflict(
            N_("Inzwischen hat sich am Bedarf etwas geändert. Sehen Sie die Vorschau noch einmal an.")
        ) from error
    return [_change(row, demand, was) for row, (demand, _), was in zip(rows, said, before, strict=True)]


def _say(session: Session, actor: Actor, row: ListRow) -> tuple[Demand, str]:
    assert row.company is not None and row.module is not None and row.wanted is not None  # noqa: S101, PT018 - not wrong
    demand, action = row.demand, events.CHANGED
    if demand is None or demand.withdrawn_at is not None:
        action = events.MARKED
    if demand is None:
        demand = Demand(id=uuid.uuid4(), company_id=row.company.id, module_id=row.module.id)
        session.add(demand)
    rules.write(demand, row.wanted, OnBehalf(row.company.slug, DemandSource.SURVEY, row.day))
    demand.updated_by_id = actor.user_id
    return demand, action


def _change(row: ListRow, demand: Demand, before: dict[str, Any] | None) -> dict[str, Any]:
    assert row.company is not None and row.module is not None  # noqa: S101, PT018 - not wrong
    return {
        "id": str(demand.id), "version": demand.version, "before": before, "company": row.company.slug, "company_name": row.company.name,
        "module": row.module.slug, "title": row.module.title,
    }  # fmt: skip


def discard(session: Session, actor: Actor, run: DemandImport) -> None:
    """Forget a survey that was not applied."""
    require(actor, "demand.on_behalf")
    if run.applied_at is not None:
        raise Conflict(N_("Diese Liste ist schon übernommen."))
    session.delete(run)
    session.flush()


def undo(session: Session, actor: Actor, run: DemandImport) -> list[str]:
    """Take a survey back and return the records that somebody changed or confirmed since: what was done there stays.

    Nothing is rewritten: reports as of a day in between still count the survey.
    """
    require(actor, "demand.on_behalf")
    if run.applied_at is None or run.undone_at is not None:
        raise Conflict(N_("In diesem Zustand ist das nicht möglich. Laden Sie die Seite neu."))
    known = _by_id(session, [uuid.UUID(change["id"]) for change in run.changes])
    back: list[tuple[Demand, str]] = []
    kept = []
    for change in run.changes:
        demand = known.get(uuid.UUID(change["id"]))
        if demand is not None and demand.version == change["version"]:
            back.append(_take_back(actor, demand, change["before"]))
        elif demand is not None:
            kept.append(f"{change['company_name']}: {change['title']}")
    events.write_all(session, actor, back)
    run.kept, run.undone_at, run.undone_by = kept, utcnow(), actor.label[:200]
    session.flush()
    audit.record(session, actor, "demand.import_undone", run, label=run.file_name, number=len(back), kept=len(kept))
    return kept


def _by_id(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, Demand]:
    found: dict[uuid.UUID, Demand] = {}
    for start in range(0, len(ids), TOGETHER):
        some = select(Demand).where(Demand.id.in_(ids[start : start + TOGETHER])).with_for_update()
        found |= {one.id: one for one in session.scalars(some.execution_options(populate_existing=True))}
    return found


def _take_back(actor: Actor, demand: Demand, before: dict[str, Any] | None) -> tuple[Demand, str]:
    demand.updated_by_id = actor.user_id
    if before is None:
        demand.withdrawn_at = utcnow()
        return demand, events.WITHDRAWN
    events.apply(demand, before)
    return demand, events.WITHDRAWN if before["withdrawn"] else events.RESTORED


def prune(session: Session) -> int:
    """Forget surveys that nobody applied in two weeks; return how many."""
    old = DemandImport.applied_at.is_(None) & (DemandImport.created_at < utcnow() - KEPT_FOR)
    return session.execute(delete(DemandImport).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]
