"""Merkliste: modules that one person wants to find again. Only this person sees it, network staff do not either."""

import uuid
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from catalogue.db import IntegrityError, Session
from catalogue.models import Bookmark, Module, WorkflowState
from catalogue.services import redirects
from catalogue.services.modules import LOADED
from catalogue.services.permissions import Actor, require

__all__ = ["add", "listed", "own", "remove"]


def add(session: Session, actor: Actor, module: Module) -> None:
    """Put *module* (as services.modules.get gave it) on the actor's own list; a second time changes nothing."""
    require(actor, "bookmark.own")
    if session.get(Bookmark, (actor.user_id, module.id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(Bookmark(user_id=actor.user_id, module_id=module.id))
    except IntegrityError:
        pass  # the same click in another window was faster


def remove(session: Session, actor: Actor, module: Module) -> None:
    """Take *module* off the actor's own list, if it is on it."""
    require(actor, "bookmark.own")
    session.execute(
        delete(Bookmark)
        .where(Bookmark.user_id == actor.user_id, Bookmark.module_id == module.id)
        .execution_options(synchronize_session="fetch")
    )


def own(session: Session, actor: Actor, modules: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Return which of *modules* (ids) are on the actor's list; none for visitors."""
    if not actor.signed_in:
        return frozenset()
    of_actor = select(Bookmark.module_id).where(Bookmark.user_id == actor.user_id)
    return frozenset(session.scalars(of_actor.where(Bookmark.module_id.in_(list(modules)))))


def listed(session: Session, actor: Actor) -> list[Bookmark]:
    """Return the actor's list with the modules loaded, the newest first. Archived modules stay on it; drafts are left out."""
    require(actor, "bookmark.own")
    here = Module.id.not_in(redirects.merged_away())  # whoever kept both modules of a merge sees the one that stays
    archived = (Module.state == WorkflowState.ARCHIVED) & Module.published_at.is_not(None)
    return list(
        session.scalars(
            select(Bookmark)
            .join(Bookmark.module)
            .where(Bookmark.user_id == actor.user_id, here, archived | (Module.state == WorkflowState.PUBLISHED))
            .options(selectinload(Bookmark.module).options(*LOADED))  # type: ignore[arg-type]  # they are loading options
            .order_by(Bookmark.at.desc(), Module.sort_title)
        )
    )
