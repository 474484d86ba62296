"""Applying a checked list, and undoing that: worked out first, then written in one short transaction, all or nothing."""

import pickle
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import sqlalchemy as sa

from catalogue.db import Database, Session, utcnow
from catalogue.models import (
    ImportFile,
    ImportRow,
    ImportRun,
    ImportState,
    Module,
    ModuleVersion,
    Provider,
    RowKind,
    WorkflowState,
)
from catalogue.services import audit, module_batches, module_history, providers, source_items
from catalogue.services.errors import Conflict, Invalid
from catalogue.services.import_matching import UNDONE
from catalogue.services.import_plan import IMPORTED, REFERENCES, differs
from catalogue.services.import_progress import Report
from catalogue.services.module_batches import NEW_PROVIDER, Batch, Prepared
from catalogue.services.module_columns import flat, input_of_flat
from catalogue.services.module_input import input_of
from catalogue.services.permissions import Actor
from catalogue.services.providers import ProviderInput
from catalogue.texts import N_

__all__ = ["apply", "undo"]

AT_ONCE = 200
Work = Callable[[Batch, ImportRow, Module | None, ModuleVersion | None], Prepared | None]
Written = tuple[int, Prepared]  # the number of the row and what it leads to


def apply(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    """Write all selected rows of a run in state APPLYING and make it APPLIED.

    Raises :class:`Conflict` if a module changed since the check and :class:`Invalid` if a rule is broken now; nothing is
    written then.
    """
    with (
        _worked_out(database, actor, _selected(run_id), _apply_row, report) as (parts, total),
        database.write() as session,
    ):
        run = session.get_one(ImportRun, run_id, with_for_update=True)
        if run.state != ImportState.APPLYING:
            return
        added: dict[str, Provider] = {}
        done = 0
        for part in parts:
            prepared = [_with_provider(session, actor, one, added) for _, one in part]
            module_batches.write(session, actor, IMPORTED, prepared)
            _note_versions(session, run_id, part)
            done += len(part)
            report(total + done, 2 * total)
        run.state, run.applied_at, run.applied_by = ImportState.APPLIED, utcnow(), actor.label
        run.counts = run.counts | {"applied": done, "providers": len(added)}
        source_items.note(session, run)
        session.execute(sa.delete(ImportFile).where(ImportFile.run_id == run_id))
        audit.record(session, actor, "import.applied", run, run.file_name, rows=done)


def _apply_row(batch: Batch, row: ImportRow, module: Module | None, before: ModuleVersion | None) -> Prepared | None:
    if module is None:
        return batch.create(input_of_flat(row.values), row.slug)
    if module.id in batch.merged:
        raise Conflict(N_("„%(title)s“ wurde seit der Prüfung geändert."), title=module.title)
    if row.kind == RowKind.NEW:  # an import that was undone had made it
        return batch.change(module, input_of_flat(row.values), before, WorkflowState.DRAFT)
    values = flat(input_of(module))
    for change in row.changes:
        if change["selected"]:
            if differs(values[change["field"]], change["old"]):
                raise Conflict(N_("„%(title)s“ wurde seit der Prüfung geändert."), title=module.title)
            values[change["field"]] = change["new"]
    return batch.change(module, input_of_flat(values), before)


def _with_provider(session: Session, actor: Actor, one: Prepared, added: dict[str, Provider]) -> Prepared:
    """Add the provider that the module names, once per import, if it is a new one."""
    if not one.new_provider:
        return one
    if one.new_provider not in added:
        added[one.new_provider] = providers.create(session, actor, ProviderInput(one.new_provider))
    provider = added[one.new_provider]
    return one.with_provider(provider.slug, provider.id)


def _note_versions(session: Session, run_id: uuid.UUID, part: Sequence[Written]) -> None:
    statement = sa.update(ImportRow).where(ImportRow.run_id == run_id, ImportRow.number == sa.bindparam("row"))
    names: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in ("module_id", "slug", "version")}
    values = [
        {"row": number, "new_module_id": one.module_id, "new_slug": one.slug, "new_version": one.number}
        for number, one in part
    ]
    if values:
        session.connection().execute(statement.values(names), values)


def undo(database: Database, actor: Actor, run_id: uuid.UUID, report: Report) -> None:
    """Give every field that an applied run changed its old value, archive the modules that it made, and make the run UNDONE.

    What somebody changed since stays as it is; the run names these modules (``conflicts``).
    """
    conflicts: list[str] = []

    def work(batch: Batch, row: ImportRow, module: Module | None, before: ModuleVersion | None) -> Prepared | None:
        if module is None:
            return None
        merged = module.id in batch.merged
        whole, prepared = (False, None) if merged else _undo_row(batch, row, module, before)
        if not whole:
            conflicts.append(module.title)
        return prepared

    with _worked_out(database, actor, _applied(run_id), work, report) as (parts, total), database.write() as session:
        run = session.get_one(ImportRun, run_id, with_for_update=True)
        if run.state != ImportState.UNDOING:
            return
        done = 0
        for part in parts:
            module_batches.write(session, actor, UNDONE, [one for _, one in part])
            done += len(part)
            report(total + done, 2 * total)
        run.state, run.undone_at, run.undone_by, run.conflicts = ImportState.UNDONE, utcnow(), actor.label, conflicts
        audit.record(session, actor, "import.undone", run, run.file_name, rows=done, conflicts=len(conflicts))


def _undo_row(
    batch: Batch, row: ImportRow, module: Module, before: ModuleVersion | None
) -> tuple[bool, Prepared | None]:
    """Return whether everything can be undone because nobody changed the same since, and what to write."""
    current = input_of(module)
    if row.kind == RowKind.NEW:
        if before is None or before.number != row.version:
            return False, None
        return True, batch.change(module, current, before, WorkflowState.ARCHIVED)
    whole, values = True, flat(current)
    for change in row.changes:
        if not change["selected"]:
            continue
        if _same(values[change["field"]], change["new"]):
            values[change["field"]] = change["old"]
        else:
            whole = False
    try:
        return whole, batch.change(module, input_of_flat(values), before)
    except Invalid:  # what it named before is gone, or its code belongs to another module now
        return False, None


def _same(current: Any, imported: Any) -> bool:
    if isinstance(imported, str) and imported.startswith(NEW_PROVIDER):
        return bool(current)
    return not differs(current, imported)


@contextmanager
def _worked_out(
    database: Database, actor: Actor, wanted: sa.Select[ImportRow], work: Work, report: Report
) -> Iterator[tuple[Iterator[list[Written]], int]]:
    """Work all rows out, nobody waiting; give them in parts, and how many rows there are. Kept in a file: memory stays small."""
    with tempfile.TemporaryFile() as kept:
        with database.read() as session:
            batch, done, total = Batch(session, actor), 0, _count(session, wanted)
            for rows in _chunks(session, wanted):
                modules, newest = _modules(session, rows), _newest(session, rows)
                found = [(row.number, work(batch, row, *_of(row, modules, newest))) for row in rows]
                pickle.dump([(number, one) for number, one in found if one is not None], kept)
                done += len(rows)
                _let_go(session)
                report(done, 2 * total)
        kept.seek(0)
        yield _parts(kept), total


def _parts(kept: IO[bytes]) -> Iterator[list[Written]]:
    while True:
        try:
            yield pickle.load(kept)  # noqa: S301 - our own words of a moment ago, in a file without a name
        except EOFError:
            return


Modules = dict[uuid.UUID, Module]
Newest = dict[uuid.UUID, ModuleVersion]


def _of(row: ImportRow, modules: Modules, newest: Newest) -> tuple[Module | None, ModuleVersion | None]:
    return (modules.get(row.module_id), newest.get(row.module_id)) if row.module_id else (None, None)


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
    return {one.id: one for one in session.scalars(sa.select(Module).where(Module.id.in_(ids)).options(*REFERENCES))}


def _newest(session: Session, rows: Sequence[ImportRow]) -> Newest:
    return module_history.newest(session, [row.module_id for row in rows if row.module_id])


def _let_go(session: Session) -> None:
    """Forget what has been worked out, so that memory does not grow with the list."""
    for thing in list(session.identity_map.values()):
        if isinstance(thing, Module | ModuleVersion | ImportRow):
            session.expunge(thing)
