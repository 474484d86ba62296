"""Published modules for others to take, page by page in an order that stays."""

from sqlalchemy import func, select

from catalogue.db import Session
from catalogue.models import Module, WorkflowState
from catalogue.services.errors import NotFound
from catalogue.services.exchange.facts import facts_of
from catalogue.services.exchange.moochub import PER_PAGE, Listing
from catalogue.services.modules import LOADED
from catalogue.services.permissions import Actor, require
from catalogue.texts import N_

__all__ = ["listing"]

PUBLISHED = Module.state == WorkflowState.PUBLISHED


def listing(session: Session, actor: Actor, page: int, base_url: str) -> Listing:
    """Return one page of all published modules, in the order in which they were made; NotFound for pages that do not exist."""
    require(actor, "catalogue.search")
    total = session.scalar(select(func.count()).select_from(Module).where(PUBLISHED)) or 0
    pages = max(1, -(-total // PER_PAGE))
    if not 1 <= page <= pages:
        raise NotFound(N_("Diese Seite gibt es nicht."))
    statement = select(Module).where(PUBLISHED).options(*LOADED).order_by(Module.created_at, Module.id)
    found = session.scalars(statement.offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return Listing([facts_of(module, base_url) for module in found], page, pages)
