"""The list of deleted accounts, kept outside of the database, too: a backup must not bring anybody back.

``remember`` writes it into the state folder (the worker does each round), ``repeat`` deletes again after a restore. One line per
account: the SHA-256 of its id and the moment. Whoever keeps backups elsewhere keeps ``erased-accounts.txt`` with them.
"""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from catalogue.db import Database, Session, utcnow
from catalogue.models import ErasedAccount, Membership, User
from catalogue.services import erasure
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings

__all__ = ["FILE", "KEEP", "prune", "remember", "repeat"]

FILE = "erased-accounts.txt"
KEEP = timedelta(days=400)  # far longer than any backup may be kept


def remember(database: Database, settings: Settings) -> int:
    """Write the list of the database into the state folder, together with what stands there already; return its length."""
    with database.read() as session:
        rows = {one.id_hash: one.erased_at for one in session.scalars(select(ErasedAccount))}
    known = _read(settings.state / FILE)
    wanted = {key: at for key, at in {**known, **rows}.items() if at > utcnow() - KEEP}
    if wanted != known:
        _write(settings.state / FILE, wanted)
    return len(wanted)


def _read(path: Path) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    with suppress(FileNotFoundError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            with suppress(ValueError):
                key, at = line.split()
                found[key] = datetime.fromisoformat(at)
    return found


def _write(path: Path, rows: dict[str, datetime]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(part, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.writelines(f"{key} {at.isoformat()}\n" for key, at in sorted(rows.items()))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def repeat(database: Database, settings: Settings) -> int:
    """Delete all accounts on the list that a restored database holds again; return how many. Safe to repeat. For restores."""
    known = _read(settings.state / FILE)
    with database.write() as session:
        known |= {one.id_hash: one.erased_at for one in session.scalars(select(ErasedAccount))}
        back = [user_id for user_id in session.scalars(select(User.id)) if erasure.id_hash(user_id) in known]
        for user_id in back:
            _erase_again(session, user_id)
        for key, at in known.items():
            session.merge(ErasedAccount(id_hash=key, erased_at=at))
    return len(back)


def _erase_again(session: Session, user_id: object) -> None:
    user = session.scalars(
        select(User).where(User.id == user_id).options(joinedload(User.membership).joinedload(Membership.company))
    ).one()
    user.network_role = (
        None  # somebody else was admin when the account was deleted; a restore must not be stopped by that
    )
    session.flush()
    erasure.erase(session, SYSTEM, user)


def prune(session: Session) -> int:
    """Forget deletions that no backup can hold any more; return how many."""
    old = ErasedAccount.erased_at < utcnow() - KEEP
    return session.execute(delete(ErasedAccount).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]
