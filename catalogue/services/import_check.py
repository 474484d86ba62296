"""The dry run: reads the whole list, compares it with the catalogue and keeps what it would change. Changes no module."""

import itertools
import uuid
from collections import Counter

import sqlalchemy as sa

from catalogue.db import Database, Session
from catalogue.models import ImportFile, ImportRow, ImportRun, ImportState, Module, RowKind, WorkflowState
from catalogue.services import source_items
from catalogue.services.import_plan import Planner
from catalogue.services.import_progress import Report
from catalogue.services.spreadsheets import open_sheet

__all__ = ["check"]

AT_ONCE = 250
COMPARED = (RowKind.NEW, RowKind.CHANGED, RowKind.UNCHANGED)


def check(database: Database, run_id: uuid.UUID, report: Report) -> None:
    """Fill the rows of a run in state CHECKING and make it CHECKED; raises Invalid if the file cannot be read.

    Rows are written some hundred at a time, so that others can write in between; a run that was interrupted begins anew.
    """
    with database.write() as session:
        session.execute(sa.delete(ImportRow).where(ImportRow.run_id == run_id))
    counts: Counter[str] = Counter()
    with database.read() as reading:
        run = reading.get_one(ImportRun, run_id)
        sheet = open_sheet(run.file_name, reading.get_one(ImportFile, run_id).content)
        planner = Planner.of(reading, run)
        lines, done = sheet.lines(), 0
        while chunk := list(itertools.islice(lines, AT_ONCE)):
            rows = planner.rows(chunk)
            _store(database, rows)
            counts.update(row.kind.value for row in rows)
            done += len(chunk)
            report(min(done, sheet.rows), sheet.rows)
            _forget(reading)
    with database.write() as session:
        _finish(session, run_id, counts)
    report(sheet.rows, sheet.rows)


def _forget(reading: Session) -> None:
    """Let go of modules and their past; what all lines need (providers, terms) stays."""
    for thing in list(reading.identity_map.values()):
        if type(thing).__name__ in ("Module", "ModuleVersion"):
            reading.expunge(thing)


def _store(database: Database, rows: list[ImportRow]) -> None:
    with database.write() as session:
        session.add_all(rows)


def _finish(session: Session, run_id: uuid.UUID, counts: Counter[str]) -> None:
    run = session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state != ImportState.CHECKING:
        return
    session.flush()
    source_items.note(session, run)
    vanished = _vanished(session, run)
    session.add_all(vanished)
    run.counts = {kind.value: counts[kind.value] for kind in RowKind} | {RowKind.VANISHED.value: len(vanished)}
    run.state = ImportState.CHECKED


def _vanished(session: Session, run: ImportRun) -> list[ImportRow]:
    """Return rows for modules that were in the last applied list of the same name, or ever at this source, and are in this one not.

    Nothing happens to them.
    """
    if run.source_id is not None:
        return _rows_of_vanished(session, run, source_items.modules_of(run.source_id))
    last = session.scalar(
        sa.select(ImportRun.id)
        .where(
            ImportRun.source == run.source,
            ImportRun.source_id.is_(None),
            ImportRun.state == ImportState.APPLIED,
            ImportRun.id != run.id,
        )
        .order_by(ImportRun.applied_at.desc())
        .limit(1)
    )
    there = sa.select(ImportRow.module_id).where(ImportRow.run_id == last, ImportRow.kind.in_(COMPARED))
    return _rows_of_vanished(session, run, there)


def _rows_of_vanished(
    session: Session, run: ImportRun, there: sa.Select[uuid.UUID] | sa.Select[uuid.UUID | None]
) -> list[ImportRow]:
    here = sa.select(ImportRow.module_id).where(ImportRow.run_id == run.id, ImportRow.module_id.is_not(None))
    gone = session.scalars(
        sa.select(Module)
        .where(Module.id.in_(there), Module.id.not_in(here), Module.state != WorkflowState.ARCHIVED)
        .order_by(Module.sort_title, Module.id)
    )
    start = session.scalar(sa.select(sa.func.max(ImportRow.number)).where(ImportRow.run_id == run.id)) or 0
    return [
        ImportRow(
            run_id=run.id,
            number=number,
            kind=RowKind.VANISHED,
            module_id=module.id,
            label=module.title,
            slug=module.slug,
        )
        for number, module in enumerate(gone, start=start + 1)
    ]
