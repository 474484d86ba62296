"""Wishes that mean the same: one stays and stands for the others. Nothing moves, so that taking it back restores exactly what was.

Companies keep their own wish with the confidentiality that they chose, and read the answer of the one that stays.
"""

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Wish
from catalogue.services import audit
from catalogue.services.errors import Conflict
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.services.wishes import LOADED, OVER
from catalogue.texts import N_

__all__ = ["candidates", "merge", "others", "undo"]


def candidates(session: Session, actor: Actor, wish: Wish) -> list[Wish]:
    """Return the open wishes that can stand for *wish*, those of its topic first, then the newest."""
    require(actor, "wish.answer")
    statement = select(Wish).where(Wish.id != wish.id, Wish.merged_into_id.is_(None), Wish.state.not_in(OVER))
    found = session.scalars(statement.options(*LOADED).order_by(Wish.created_at.desc(), Wish.id)).all()
    return sorted(found, key=lambda one: one.topic_id != wish.topic_id)


def others(session: Session, wish: Wish) -> list[Wish]:
    """Return the wishes that *wish* stands for, the oldest first."""
    statement = select(Wish).where(Wish.merged_into_id == wish.id).options(*LOADED)
    return list(session.scalars(statement.order_by(Wish.created_at, Wish.id)))


def merge(session: Session, actor: Actor, wish: Wish, kept: Wish) -> Wish:
    """Let *kept* stand for *wish* from now on. Raises Conflict."""
    require(actor, "wish.answer")
    for one in sorted(
        (wish, kept), key=lambda one: one.id.hex
    ):  # always in this order, so that two merges never wait in a ring
        claim(session, one, None, None, *LOADED)
    if wish.id == kept.id:
        raise Conflict(N_("Wählen Sie einen anderen Wunsch."))
    if wish.merged_into_id is not None or kept.merged_into_id is not None:
        raise Conflict(N_("Einer der beiden Wünsche ist schon zusammengeführt. Laden Sie die Seite neu."))
    if wish.state in OVER or kept.state in OVER:
        raise Conflict(N_("Abgeschlossene Wünsche werden nicht zusammengeführt."))
    if others(session, wish):
        raise Conflict(N_("Dieser Wunsch steht schon für andere. Wählen Sie ihn als den, der bleibt."))
    wish.merged_into_id = kept.id
    session.flush()
    audit.record(session, actor, "wish.merged", wish, into=str(kept.id))
    return kept


def undo(session: Session, actor: Actor, wish: Wish) -> Wish:
    """Let *wish* stand for itself again; an answer that it was given meanwhile stays. A second time changes nothing."""
    require(actor, "wish.answer")
    claim(session, wish, None, None, *LOADED)
    if wish.merged_into_id is not None:
        wish.merged_into_id = None
        session.flush()
        audit.record(session, actor, "wish.unmerged", wish)
    return wish
