"""Which module an entry of a source stands for: noted when lists of it are checked and applied, read when the next one is matched."""

import uuid

import sqlalchemy as sa

from catalogue.db import Session
from catalogue.models import ImportRow, ImportRun, RowKind, SourceItem

__all__ = ["modules_of", "note"]

MEANT = (RowKind.NEW, RowKind.CHANGED, RowKind.UNCHANGED)


def note(session: Session, run: ImportRun) -> None:
    """Remember the entries of a list from a source that have a module by now; does nothing for other lists."""
    if run.source_id is None:
        return
    known = {
        one.key: one for one in session.scalars(sa.select(SourceItem).where(SourceItem.source_id == run.source_id))
    }
    wanted = sa.select(ImportRow.key, ImportRow.module_id).where(
        ImportRow.run_id == run.id, ImportRow.key != "", ImportRow.module_id.is_not(None), ImportRow.kind.in_(MEANT)
    )
    for key, module_id in session.execute(wanted).all():
        if module_id is None:  # for the type checker; the statement leaves them out
            continue
        if key not in known:
            session.add(SourceItem(source_id=run.source_id, key=key, module_id=module_id))
        elif known[key].module_id != module_id:
            known[key].module_id = module_id
    session.flush()


def modules_of(source_id: uuid.UUID) -> sa.Select[uuid.UUID]:
    """Return a statement for the modules that entries of a source stood for."""
    return sa.select(SourceItem.module_id).where(SourceItem.source_id == source_id)
