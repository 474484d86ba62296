"""Imports of lists: uploading, assigning columns, choosing what to take over, discarding. The work itself is in import_jobs.py."""

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from catalogue.db import Session, utcnow
from catalogue.models import ImportFile, ImportRow, ImportRun, ImportState, Module, RowKind, Source
from catalogue.services import audit, import_mapping, module_locks
from catalogue.services.errors import Conflict, NotFound, TooMany
from catalogue.services.exports import Column, Table
from catalogue.services.findings import one_line
from catalogue.services.import_lines import ENTRY_KEY, REFUSED
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.spreadsheets import Sheet
from catalogue.texts import N_, Text

__all__ = ["BUSY", "KEPT_FOR", "OPEN", "Choice", "RowPage", "assign", "ask_apply", "ask_undo", "choose", "choose_all", "discard", "failed", "forget", "get",
           "interrupted", "listing", "lock_field", "prune", "rows", "selected", "take_in", "upload", "wrong_rows"]  # fmt: skip

BUSY = {
    ImportState.CHECKING: ImportState.UPLOADED,
    ImportState.APPLYING: ImportState.CHECKED,
    ImportState.UNDOING: ImportState.APPLIED,
}
OPEN = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
KEPT_FOR = timedelta(days=14)
MOST_OPEN = 20
PER_PAGE = 50
_UNSAFE = re.compile(r"[^\w .,()+-]|[\u202a-\u202e\u2066-\u2069]")


def get(session: Session, actor: Actor, run_id: uuid.UUID) -> ImportRun:
    """Return one import; raises NotFound."""
    require(actor, "module.import")
    run = session.get(ImportRun, run_id)
    if run is None:
        raise NotFound(N_("Diesen Import gibt es nicht."))
    return run


def _claimed(session: Session, actor: Actor, run_id: uuid.UUID, *states: ImportState) -> ImportRun:
    """Return the import for changing it; raises Conflict unless it is in one of *states*."""
    require(actor, "module.import")
    run = session.get(ImportRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise NotFound(N_("Diesen Import gibt es nicht."))
    if run.state not in states:
        raise Conflict(N_("In diesem Zustand ist das nicht möglich. Laden Sie die Seite neu."))
    return run


def listing(session: Session, actor: Actor, which: str = "") -> list[ImportRun]:
    """Return the last hundred imports, the newest first; all that are "open" (and not of a source), or all that "failed"."""
    require(actor, "module.import")
    newest = sa.select(ImportRun).order_by(ImportRun.created_at.desc(), ImportRun.id)
    by_hand = ImportRun.state.in_(OPEN) & ImportRun.source_id.is_(None)
    condition = {"open": by_hand, "failed": failed()}.get(which)
    return list(session.scalars(newest.limit(100) if condition is None else newest.where(condition)))


def failed() -> sa.ColumnElement[bool]:
    """Return the condition for imports whose last step did not work and that nobody discarded."""
    return (sa.cast(ImportRun.problem, sa.String) != "{}") & (ImportRun.state != ImportState.DISCARDED)


def upload(session: Session, actor: Actor, name: str, sheet: Sheet, source: str = "") -> ImportRun:
    """Keep a list that could be opened, with the mapping that lists with these headings had, or a guess.

    Raises TooMany if the person has many open imports already.
    """
    require(actor, "module.import")
    open_ones = sa.select(sa.func.count(ImportRun.id)).where(
        ImportRun.user_id == actor.user_id, ImportRun.source_id.is_(None), ImportRun.state.in_(OPEN)
    )
    if (session.scalar(open_ones) or 0) >= MOST_OPEN:
        raise TooMany(N_("Es sind schon viele Importe offen. Verwerfen Sie zuerst einen davon."), 60)
    known = import_mapping.remembered(session, sheet.headings)
    run = ImportRun(
        id=uuid.uuid4(),
        user_id=actor.user_id,
        user_label=actor.label,
        file_name=_harmless(name),
        source=one_line(source)[:200] or (known.source if known else _source(name)),
        about=sheet.about[:300],
        headings=list(sheet.headings),
        headings_key=import_mapping.headings_key(sheet.headings),
        mapping=import_mapping.by_headings(sheet.headings, known) if known else import_mapping.guess(sheet.headings),
        create_providers=known.create_providers if known else False,
        counts={"lines": max(0, sheet.rows - 1)},
    )
    session.add(run)
    session.flush()
    session.add(ImportFile(run_id=run.id, content=sheet.content))
    session.flush()
    return run


def take_in(
    session: Session, actor: Actor, source: Source, sheet: Sheet, mapping: Sequence[str], *, about: str = ""
) -> ImportRun:
    """Keep a list that came from *source*, whose columns are known, and ask for the check. An older open one of it is superseded."""
    require(actor, "module.import")
    session.execute(sa.delete(ImportRun).where(ImportRun.source_id == source.id, ImportRun.state.in_(OPEN)))
    run = ImportRun(
        id=uuid.uuid4(),
        user_id=actor.user_id,
        user_label=actor.label,
        file_name=f"{_harmless(source.name)}.csv",
        source=source.name,
        source_id=source.id,
        about=about[:300],
        headings=list(sheet.headings),
        headings_key=import_mapping.headings_key(sheet.headings),
        mapping=list(mapping),
        create_providers=source.create_providers,
    )
    session.add(run)
    session.flush()
    session.add(ImportFile(run_id=run.id, content=sheet.content))
    return _ask(session, run, ImportState.CHECKING)


def forget(session: Session, run: ImportRun) -> None:
    """Delete a checked list from a source that would change nothing and names nothing wrong."""
    session.delete(run)
    session.flush()


def _harmless(name: str) -> str:
    """Return the last part of a file name, without what could mislead in a header or on a page."""
    plain = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip() or "liste"
    return plain if len(plain) <= 200 else plain[:190] + plain[-10:]


def _source(name: str) -> str:
    """Return a name for where the list comes from: that of the file without dates and numbers."""
    stem = _harmless(name).rpartition(".")[0]
    return " ".join(re.sub(r"[\d_().-]+", " ", stem).split()) or stem or "Liste"


def assign(
    session: Session,
    actor: Actor,
    run_id: uuid.UUID,
    mapping: Sequence[str],
    *,
    create_providers: bool = False,
    source: str = "",
) -> ImportRun:
    """Say which column holds what and ask for the check; raises Invalid."""
    run = _claimed(session, actor, run_id, ImportState.UPLOADED, ImportState.CHECKED)
    if run.source_id is not None:
        raise Conflict(N_("Die Spalten dieser Liste ordnen Sie bei ihrer Quelle zu."))
    run.mapping = import_mapping.checked(run.headings, mapping)
    run.create_providers, run.source = create_providers, one_line(source)[:200] or run.source
    return _ask(session, run, ImportState.CHECKING)


def _ask(session: Session, run: ImportRun, state: ImportState) -> ImportRun:
    run.state, run.asked_at, run.problem = state, utcnow(), {}
    session.flush()
    return run


def ask_apply(session: Session, actor: Actor, run_id: uuid.UUID) -> ImportRun:
    """Ask for all selected rows to be written; raises Conflict if nothing is selected."""
    run = _claimed(session, actor, run_id, ImportState.CHECKED)
    if not any(selected(session, run).values()):
        raise Conflict(N_("Wählen Sie mindestens eine Änderung aus."))
    return _ask(session, run, ImportState.APPLYING)


def ask_undo(session: Session, actor: Actor, run_id: uuid.UUID) -> ImportRun:
    """Ask for an applied import to be undone."""
    return _ask(session, _claimed(session, actor, run_id, ImportState.APPLIED), ImportState.UNDOING)


def interrupted(session: Session, actor: Actor, run_id: uuid.UUID) -> ImportRun:
    """Return a run whose work was asked for, to start the work again."""
    return _claimed(session, actor, run_id, *BUSY)


def discard(session: Session, actor: Actor, run_id: uuid.UUID) -> None:
    """Drop the file and its rows; the entry in the list of imports stays."""
    run = _claimed(session, actor, run_id, *OPEN)
    _drop(session, [run.id])
    session.refresh(run)
    audit.record(session, actor, "import.discarded", run, run.file_name)


def _drop(session: Session, ids: Collection[uuid.UUID]) -> None:
    session.execute(sa.delete(ImportFile).where(ImportFile.run_id.in_(ids)))
    session.execute(sa.delete(ImportRow).where(ImportRow.run_id.in_(ids)))
    session.execute(sa.update(ImportRun).where(ImportRun.id.in_(ids)).values(state=ImportState.DISCARDED, problem={}))


def prune(session: Session) -> int:
    """Discard imports that nobody finished in two weeks; return their number."""
    old = sa.select(ImportRun.id).where(ImportRun.state.in_(OPEN), ImportRun.created_at < utcnow() - KEPT_FOR)
    ids = list(session.scalars(old))
    if ids:
        _drop(session, ids)
    return len(ids)


# --- rows


@dataclass(frozen=True)
class RowPage:
    """One page of the rows of one kind."""

    kind: RowKind
    rows: list[ImportRow]
    page: int
    pages: int


def rows(session: Session, actor: Actor, run: ImportRun, kind: RowKind, page: int = 1) -> RowPage:
    """Return some rows in the order of the list."""
    require(actor, "module.import")
    condition = sa.and_(ImportRow.run_id == run.id, ImportRow.kind == kind)
    total = session.scalar(sa.select(sa.func.count()).select_from(ImportRow).where(condition)) or 0
    page, pages = within(page, total, PER_PAGE)
    wanted = sa.select(ImportRow).where(condition).order_by(ImportRow.number)
    return RowPage(kind, list(session.scalars(wanted.offset((page - 1) * PER_PAGE).limit(PER_PAGE))), page, pages)


def selected(session: Session, run: ImportRun) -> dict[RowKind, int]:
    """Return how many new and how many changed modules applying would write."""
    statement = sa.select(ImportRow.kind, sa.func.count()).where(ImportRow.run_id == run.id, ImportRow.selected)
    found = {row[0]: row[1] for row in session.execute(statement.group_by(ImportRow.kind))}
    return {kind: found.get(kind, 0) for kind in (RowKind.NEW, RowKind.CHANGED)}


@dataclass(frozen=True)
class Choice:
    """What was ticked on a page: all boxes that it showed, and those that are ticked. "14" is a row, "14:title" a field of one."""

    shown: frozenset[str]
    ticked: frozenset[str]


def choose(session: Session, actor: Actor, run_id: uuid.UUID, choice: Choice) -> ImportRun:
    """Remember what was ticked; locked fields are never taken."""
    run = _claimed(session, actor, run_id, ImportState.CHECKED)
    numbers = {int(box.partition(":")[0]) for box in choice.shown if re.fullmatch(r"\d{1,6}(:[a-z_.]+)?", box)}
    wanted = sa.select(ImportRow).where(ImportRow.run_id == run.id, ImportRow.number.in_(numbers))
    for row in session.scalars(wanted):
        if row.kind == RowKind.NEW:
            row.selected = str(row.number) in choice.ticked
        elif row.kind == RowKind.CHANGED:
            _tick(
                row,
                lambda change, number=row.number: _chosen(choice, f"{number}:{change['field']}", change["selected"]),
            )
    session.flush()
    return run


def _chosen(choice: Choice, box: str, before: bool) -> bool:
    return box in choice.ticked if box in choice.shown else before


def choose_all(session: Session, actor: Actor, run_id: uuid.UUID, kind: RowKind, *, ticked: bool) -> ImportRun:
    """Tick all or no rows of one kind, on all pages."""
    run = _claimed(session, actor, run_id, ImportState.CHECKED)
    if kind == RowKind.NEW:
        wanted = sa.update(ImportRow).where(ImportRow.run_id == run.id, ImportRow.kind == kind)
        session.execute(wanted.values(selected=ticked))
    elif kind == RowKind.CHANGED:
        for row in session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id, ImportRow.kind == kind)):
            _tick(row, lambda _: ticked)
    session.flush()
    return run


def _tick(row: ImportRow, decide: Any) -> None:
    """Select the changes of a row that *decide* says yes to."""
    row.changes = [change | {"selected": bool(decide(change)) and not change.get("locked")} for change in row.changes]
    row.selected = any(change["selected"] for change in row.changes)


def lock_field(session: Session, actor: Actor, run_id: uuid.UUID, number: int, field: str) -> None:
    """Protect a field that a row would change: this import leaves it alone, and all later ones."""
    run = _claimed(session, actor, run_id, ImportState.CHECKED)
    row = session.get(ImportRow, (run.id, number))
    module = session.get(Module, row.module_id) if row and row.module_id else None
    if row is None or module is None or field not in {change["field"] for change in row.changes}:
        raise NotFound(N_("Diese Änderung gibt es nicht."))
    module_locks.lock(session, actor, module, field)
    row.changes = [change | ({"locked": True} if change["field"] == field else {}) for change in row.changes]
    _tick(row, lambda change: change["selected"])
    session.flush()


def wrong_rows(session: Session, actor: Actor, run: ImportRun) -> Table:
    """Return the rows that cannot be taken over, as they were, with a column that says why; it can be mended and uploaded."""
    require(actor, "module.import")
    found = session.scalars(
        sa.select(ImportRow)
        .where(ImportRow.run_id == run.id, ImportRow.kind == RowKind.WRONG)
        .order_by(ImportRow.number)
    )
    headings = [
        (str(place), heading)
        for place, heading in enumerate(run.headings)
        if heading != import_mapping.ERROR_HEADING and not set(run.mapping[place : place + 1]) & {ENTRY_KEY, REFUSED}
    ]
    columns = [*(Column(key, heading) for key, heading in headings), Column("error", import_mapping.ERROR_HEADING)]
    lines = [
        {str(place): text for place, text in enumerate(row.cells)}
        | {"error": "\n".join(_sentence(error) for error in row.errors)}
        for row in found
    ]
    return Table("Fehlerhafte Zeilen", columns, lines, [("Import", run.file_name)])


def _sentence(error: dict[str, Any]) -> str:
    return f"{error['cell']}: {Text(error['message'], error['params'])}"
