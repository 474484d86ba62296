"""Applying a checked list, and undoing that: one transaction each, so that all or nothing happens."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    ImportFile,
    ImportRow,
    ImportRun,
    ImportState,
    Module,
    ModuleVersion,
    RowKind,
    WorkflowState,
)
from catalogue.services import audit, providers
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.import_lines import NEW_PROVIDER
from catalogue.services.import_matching import UNDONE
from catalogue.services.import_plan import IMPORTED, REFERENCES, differs
from catalogue.services.import_progress import Report
from catalogue.services.module_batches import Batch
from catalogue.services.module_columns import flat, input_of_flat
from catalogue.services.module_input import input_of
from catalogue.services.permissions import Actor
from catalogue.services.providers import ProviderInput
from catalogue.texts import N_

__all__ = ["apply", "undo"]

AT_ONCE = 200
Modules = dict[uuid.UUID, Module]


def apply(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    """Write all selected rows of a run in state APPLYING and make it APPLIED.

    Raises :class:`Conflict` if a module changed since the check and :class:`Invalid` if a rule is broken now; nothing is
    written then.
    """
    with database.write() as session:
        run = session.get_one(ImportRun, run_id, with_for_update=True)
        if run.state != ImportState.APPLYING:
            return
        batch, added = Batch(session, actor, IMPORTED), dict[str, str]()
        done, total = 0, _count(session, _selected(run_id))
        for rows in _chunks(session, _selected(run_id)):
            modules = _modules(session, rows)
            written = [_apply_row(batch, row, modules, added) for row in rows]
            numbers = batch.flush()
            for row, module in zip(rows, written, strict=True):
                row.module_id, row.slug, row.version = module.id, module.slug, numbers.get(module.id)
            done += len(rows)
            _let_go(session)
            report(done, total)
        run.state, run.applied_at, run.applied_by = ImportState.APPLIED, utcnow(), actor.label
        run.counts = run.counts | {"applied": done, "providers": len(added)}
        session.execute(sa.delete(ImportFile).where(ImportFile.run_id == run_id))
        audit.record(session, actor, "import.applied", run, run.file_name, rows=done)


def _apply_row(batch: Batch, row: ImportRow, modules: Modules, added: dict[str, str]) -> Module:
    module = modules.get(row.module_id) if row.module_id else None
    if module is None:
        return batch.create(input_of_flat(_with_provider(batch, row.values, added)), row.slug)
    if row.kind == RowKind.NEW:  # an import that was undone had made it
        batch.change(module, input_of_flat(_with_provider(batch, row.values, added)), WorkflowState.DRAFT)
        return module
    values = flat(input_of(module))
    for change in row.changes:
        if change["selected"]:
            if differs(values[change["field"]], change["old"]):
                raise Conflict(N_("„%(title)s“ wurde seit der Prüfung geändert."), title=module.title)
            values[change["field"]] = change["new"]
    batch.change(module, input_of_flat(_with_provider(batch, values, added)))
    return module


def _with_provider(batch: Batch, values: dict[str, Any], added: dict[str, str]) -> dict[str, Any]:
    """Add the provider that the row names, once per import, if it is a new one."""
    provider = values.get("provider") or ""
    if not provider.startswith(NEW_PROVIDER):
        return values
    if provider not in added:
        made = providers.create(batch.session, batch.actor, ProviderInput(provider.removeprefix(NEW_PROVIDER)))
        batch.known.providers[made.slug], added[provider] = made, made.slug
    return values | {"provider": added[provider]}


def undo(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    """Give every field that an applied run changed its old value, archive the modules that it made, and make the run UNDONE.

    What somebody changed since stays as it is; the run names these modules (``conflicts``).
    """
    with database.write() as session:
        run = session.get_one(ImportRun, run_id, with_for_update=True)
        if run.state != ImportState.UNDOING:
            return
        batch, conflicts = Batch(session, actor, UNDONE), list[str]()
        done, total = 0, _count(session, _applied(run_id))
        for rows in _chunks(session, _applied(run_id)):
            modules, newest = _modules(session, rows), _newest(session, rows)
            for row in rows:
                module = modules.get(row.module_id) if row.module_id else None
                if module is not None and not _undo_row(batch, row, module, newest[module.id]):
                    conflicts.append(module.title)
            batch.flush()
            done += len(rows)
            _let_go(session)
            report(done, total)
        run.state, run.undone_at, run.undone_by, run.conflicts = ImportState.UNDONE, utcnow(), actor.label, conflicts
        audit.record(session, actor, "import.undone", run, run.file_name, rows=done, conflicts=len(conflicts))


def _undo_row(batch: Batch, row: ImportRow, module: Module, newest: int) -> bool:
    """Undo one row as far as nobody changed the same since; return whether everything could be undone."""
    values = flat(input_of(module))
    if row.kind == RowKind.NEW:
        if newest != row.version:
            return False
        batch.change(module, input_of(module), WorkflowState.ARCHIVED)
        return True
    whole = True
    for change in row.changes:
        if not change["selected"]:
            continue
        if _same(values[change["field"]], change["new"]):
            values[change["field"]] = change["old"]
        else:
            whole = False
    try:
        batch.change(module, input_of_flat(values))
    except Invalid:  # what it named before is gone, or its code belongs to another module now
        return False
    return whole


def _same(current: Any, imported: Any) -> bool:
    if isinstance(imported, str) and imported.startswith(NEW_PROVIDER):
        return bool(current)
    return not differs(current, imported)


def _selected(run_id: uuid.UUID) -> sa.Select[ImportRow]:
    kinds = (RowKind.NEW, RowKind.CHANGED)
    return sa.select(ImportRow).where(ImportRow.run_id == run_id, ImportRow.selected, ImportRow.kind.in_(kinds))


def _applied(run_id: uuid.UUID) -> sa.Select[ImportRow]:
    return sa.select(ImportRow).where(ImportRow.run_id == run_id, ImportRow.version.is_not(None))


def _count(session: Session, wanted: sa.Select[ImportRow]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())) or 0


def _chunks(session: Session, wanted: sa.Select[ImportRow]) -> Iterator[Sequence[ImportRow]]:
    number = -1
    while True:
        following = wanted.where(ImportRow.number > number).order_by(ImportRow.number).limit(AT_ONCE)
        rows = session.scalars(following).all()
        if not rows:
            return
        number = rows[-1].number
        yield rows


def _modules(session: Session, rows: Sequence[ImportRow]) -> Modules:
    ids = [row.module_id for row in rows if row.module_id]
    wanted = sa.select(Module).where(Module.id.in_(ids)).options(*REFERENCES).with_for_update(of=Module)
    return {module.id: module for module in session.scalars(wanted)}


def _newest(session: Session, rows: Sequence[ImportRow]) -> dict[uuid.UUID, int]:
    numbers = sa.select(ModuleVersion.module_id, sa.func.max(ModuleVersion.number))
    ids = [row.module_id for row in rows]
    found = session.execute(numbers.where(ModuleVersion.module_id.in_(ids)).group_by(ModuleVersion.module_id))
    return {row[0]: row[1] for row in found}


def _let_go(session: Session) -> None:
    """Forget what has been written, so that memory does not grow with the list."""
    session.flush()
    for thing in list(session.identity_map.values()):
        if isinstance(thing, Module | ModuleVersion | ImportRow):
            session.expunge(thing)
