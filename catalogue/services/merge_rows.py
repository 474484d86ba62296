"""What else is said about a module, table by table: what a merge moves to the module that stays, and how it comes back.

``HANDLED`` names every column that refers to a module; a test holds it complete. Rows move without counting as edited.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catalogue.db import Session
from catalogue.models import (
    Bookmark,
    Confirmation,
    Decision,
    Demand,
    Feedback,
    Measure,
    MeasureModule,
    MeasurePrerequisite,
    Module,
    ModuleLock,
    PendingVersion,
    Run,
    SourceItem,
    Wish,
)

__all__ = ["HANDLED", "Moving", "back", "count", "move"]

WHOLE: dict[str, Any] = {
    "run": Run,
    "feedback": Feedback,
    "wish": Wish,
    "decision": Decision,
    "confirmation": Confirmation,
    "pending_version": PendingVersion,
}
SHARED: dict[str, tuple[Any, str]] = {
    "bookmark": (Bookmark, "user_id"),
    "measure_module": (MeasureModule, "measure_id"),
}  # once per module
HANDLED = {
    **{f"{name}.module_id": "moves" for name in WHOLE},
    "demand.module_id": "moves; where a company spoke about both, the two are combined (merge_demand.py)",
    "bookmark.module_id": "moves; who kept both keeps both, the list shows the one that stays",
    "measure_module.module_id": "moves; where a measure has both, the place of the one that stays is enough",
    "measure_prerequisite.module_id": "follows measure_module",
    "measure_prerequisite.before_id": "follows measure_module",
    "source_item.module_id": "moves: entries of sources stand for the module that stays",
    "module_lock.module_id": "stays, and is added where the value is taken over with it",
    "module_term.module_id": "stays; terms are words of the module",
    "module_version.module_id": "stays: each module keeps its own past",
    "import_row.module_id": "stays: what an import did with this very module",
    "retreat_item.module_id": "stays: the room spoke about this very module",
    "module_merge.kept_id": "stays; addresses lead on from one to the next",
    "module_merge.merged_id": "stays",
    "module_distinct.one_id": "stays",
    "module_distinct.other_id": "stays",
}
Moved = dict[str, Any]


@dataclass(frozen=True)
class Moving:
    """How many things of each kind a merge would move. ``combined``: companies that spoke about both modules."""

    demand: int = 0
    combined: int = 0
    run: int = 0
    feedback: int = 0
    wish: int = 0
    decision: int = 0
    bookmark: int = 0
    measure_module: int = 0
    pending_version: int = 0
    confirmation: int = 0


def count(session: Session, kept: Module, merged: Module) -> Moving:
    """Return what would move from *merged* to *kept*."""
    tables: dict[str, Any] = {**WHOLE, **{name: kind for name, (kind, _) in SHARED.items()}}
    found = {name: _count(session, kind.module_id == merged.id) for name, kind in tables.items()}
    live = Demand.withdrawn_at.is_(None)
    both = sa.select(Demand.company_id).where(Demand.module_id == kept.id, live)
    there = (Demand.module_id == merged.id) & live
    return Moving(demand=_count(session, there), combined=_count(session, there & Demand.company_id.in_(both)), **found)


def _count(session: Session, condition: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).where(condition)) or 0


def move(session: Session, kept: Module, merged: Module, taken: set[str]) -> Moved:
    """Let everything but words and demand belong to *kept*, and return what moved. *taken*: fields whose value moved, too."""
    moved: Moved = {}
    for name, kind in WHOLE.items():
        ids = session.scalars(sa.select(kind.id).where(kind.module_id == merged.id).order_by(kind.id)).all()
        moved[name] = [str(identity) for identity in ids]
        _set(session, kind, kind.id.in_(ids), module_id=kept.id)
    moved["base_number"] = _rebase(session, moved["pending_version"])
    for name, (kind, key) in SHARED.items():
        column = getattr(kind, key)
        doubled = sa.select(column).where(kind.module_id == kept.id)
        wanted = sa.select(column).where(kind.module_id == merged.id, column.not_in(doubled)).order_by(column)
        ids = session.scalars(wanted).all()
        moved[name] = [str(identity) for identity in ids]
        _set(session, kind, (kind.module_id == merged.id) & column.in_(ids), module_id=kept.id)
    items = session.scalars(sa.select(SourceItem).where(SourceItem.module_id == merged.id)).all()
    moved["source_item"] = sorted([str(item.source_id), item.key] for item in items)
    _set(session, SourceItem, SourceItem.module_id == merged.id, module_id=kept.id)
    moved["doubled"] = _drop_doubled(session, merged)
    moved["lock"] = _lock(session, kept, merged, taken)
    _new_versions(session, moved)
    return moved


def _set(session: Session, kind: Any, condition: sa.ColumnElement[bool], **values: Any) -> None:
    table = kind.__table__
    if "updated_at" in table.c:
        values.setdefault("updated_at", table.c.updated_at)  # nobody edited it
    session.execute(sa.update(table).where(condition).values(**values))


def _rebase(session: Session, pending: list[str]) -> int:
    """What waits counts from a version of the other module; here it counts from none. Return that number."""
    if not pending:
        return 0
    condition = PendingVersion.id == uuid.UUID(pending[0])
    number = session.scalar(sa.select(PendingVersion.base_number).where(condition)) or 0
    _set(session, PendingVersion, condition, base_number=0)
    return number


def _drop_doubled(session: Session, merged: Module) -> list[dict[str, Any]]:
    """Take *merged* out of those measures that have the other module as well; there the order of the other one holds."""
    rows = session.scalars(sa.select(MeasureModule).where(MeasureModule.module_id == merged.id)).all()
    found = [
        {
            "measure": str(row.measure_id), "position": row.position, "required": row.required, "choice": row.choice,
            "order": _order(session, row.measure_id, merged),
        }
        for row in sorted(rows, key=lambda row: row.measure_id)
    ]  # fmt: skip
    session.execute(sa.delete(MeasureModule).where(MeasureModule.module_id == merged.id))
    return found


def _order(session: Session, measure: uuid.UUID, module: Module) -> list[list[str]]:
    """Return what comes before what in a measure (before, after), as far as it is about *module*."""
    columns = (MeasurePrerequisite.before_id, MeasurePrerequisite.module_id)
    concerned = sa.or_(*(column == module.id for column in columns))
    rows = session.execute(sa.select(*columns).where(MeasurePrerequisite.measure_id == measure, concerned))
    return sorted([str(before), str(after)] for before, after in rows)


def _lock(session: Session, kept: Module, merged: Module, taken: set[str]) -> list[str]:
    held = set(session.scalars(sa.select(ModuleLock.field).where(ModuleLock.module_id == kept.id)))
    locks = session.scalars(sa.select(ModuleLock).where(ModuleLock.module_id == merged.id)).all()
    added = [lock for lock in locks if lock.field in taken - held]
    session.add_all(
        ModuleLock(module_id=kept.id, field=lock.field, at=lock.at, user_label=lock.user_label) for lock in added
    )
    session.flush()
    return sorted(lock.field for lock in added)


def _new_versions(session: Session, moved: Moved) -> None:
    """A form that was opened before must not put the modules of a measure back."""
    ids = {uuid.UUID(text) for text in moved["measure_module"]}
    ids |= {uuid.UUID(one["measure"]) for one in moved["doubled"]}
    _set(session, Measure, Measure.id.in_(ids), version=Measure.__table__.c.version + 1)


def back(session: Session, kept: Module, merged: Module, moved: Moved) -> None:
    """Give *merged* back what it had, as far as it is still there."""
    for name, kind in WHOLE.items():
        ids = [uuid.UUID(text) for text in moved.get(name, ())]  # a merge of an older version knows fewer tables
        _set(session, kind, kind.id.in_(ids) & (kind.module_id == kept.id), module_id=merged.id)
    if moved["base_number"]:
        pending = uuid.UUID(moved["pending_version"][0])
        here = (PendingVersion.id == pending) & (PendingVersion.base_number == 0)
        _set(session, PendingVersion, here, base_number=moved["base_number"])
    for name, (kind, key) in SHARED.items():
        ids = [uuid.UUID(text) for text in moved[name]]
        _set(session, kind, (kind.module_id == kept.id) & getattr(kind, key).in_(ids), module_id=merged.id)
    for source, key in moved.get("source_item", ()):
        item = (SourceItem.source_id == uuid.UUID(source)) & (SourceItem.key == key)
        _set(session, SourceItem, item & (SourceItem.module_id == kept.id), module_id=merged.id)
    for one in moved["doubled"]:
        _double_again(session, merged, one)
    session.execute(sa.delete(ModuleLock).where(ModuleLock.module_id == kept.id, ModuleLock.field.in_(moved["lock"])))
    session.flush()
    _new_versions(session, moved)


def _put_back(session: Session, merged: Module, measure: uuid.UUID, one: dict[str, Any]) -> None:
    """Give *merged* its place in *measure* again, and its order with the modules that are still there."""
    place = {"position": one["position"], "required": one["required"], "choice": one.get("choice", "")}
    session.add(MeasureModule(measure_id=measure, module_id=merged.id, **place))
    session.flush()
    there = set(session.scalars(sa.select(MeasureModule.module_id).where(MeasureModule.measure_id == measure)))
    for pair in one.get("order", ()):
        module, before = (uuid.UUID(text) for text in pair)
        if {module, before} <= there:
            session.add(MeasurePrerequisite(measure_id=measure, module_id=module, before_id=before))


def _double_again(session: Session, merged: Module, one: dict[str, Any]) -> None:
    """Give *merged* its place in a measure that had both modules, and its order among those that are still there."""
    measure = uuid.UUID(one["measure"])
    if session.scalar(sa.select(Measure.id).where(Measure.id == measure)) is None:
        return
    place = {name: one[name] for name in ("position", "required", "choice")}
    session.execute(sa.insert(MeasureModule).values(measure_id=measure, module_id=merged.id, **place))
    parts = {str(part) for part in session.scalars(
        sa.select(MeasureModule.module_id).where(MeasureModule.measure_id == measure)
    )}  # fmt: skip
    order = [
        {"measure_id": measure, "before_id": uuid.UUID(before), "module_id": uuid.UUID(after)}
        for before, after in one["order"]
        if {before, after} <= parts
    ]
    if order:
        session.execute(sa.insert(MeasurePrerequisite), order)
