"""What was sent twice counts once: a double click, Back and sending again, a browser that repeats a request.

A form's key is written in the transaction of its effect. Whoever sends the same meanwhile waits for that transaction: at
SQLite's write lock, at PostgreSQL's unique key. If it fails, the key is gone with it, and the form can be sent again.
"""

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from catalogue.db import Session, utcnow
from catalogue.models import SentForm

__all__ = ["LONGEST", "answer", "claim", "forget", "prune"]

KEEP = timedelta(days=2)
LONGEST = 2000  # characters of an address that can be kept


def claim(session: Session, key: str) -> str | None:
    """Reserve *key* for this transaction; return None, or where the answer led if the form was answered before."""
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    mine = (
        kind.insert(SentForm).values(key=key, location="", at=utcnow()).on_conflict_do_nothing().returning(SentForm.key)
    )
    if session.scalar(mine) is not None:
        return None
    return session.scalar(select(SentForm.location).where(SentForm.key == key))


def answer(session: Session, key: str, location: str) -> str | None:
    """Keep where the answer to the form of *key* leads.

    Return None, or where the answer of somebody else led if :func:`claim` was undone on the way and he was faster; then what
    was done must be undone, too.
    """
    first = claim(session, key)
    if not first:
        session.execute(update(SentForm).where(SentForm.key == key).values(location=location))
    return first or None


def forget(session: Session, key: str) -> None:
    """Let the form of *key* be sent again."""
    session.execute(delete(SentForm).where(SentForm.key == key))


def prune(session: Session) -> int:
    """Delete what nobody sends again; return how many rows."""
    return session.execute(delete(SentForm).where(SentForm.at < utcnow() - KEEP)).rowcount  # type: ignore[attr-defined, no-any-return]
