"""Published modules of one provider or programme: the short lists on their pages."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from catalogue.db import Session
from catalogue.models import Module, Programme, Provider, WorkflowState
from catalogue.services.modules import LOADED
from catalogue.services.permissions import Actor, require

__all__ = ["of_programme", "of_provider"]

MOST = 500


def of_provider(session: Session, actor: Actor, provider: Provider) -> Sequence[Module]:
    """Return the provider's published modules in catalogue order, at most 500."""
    return _listed(session, actor, Module.provider_id == provider.id)


def of_programme(session: Session, actor: Actor, programme: Programme) -> Sequence[Module]:
    """Return the programme's published modules in catalogue order, at most 500."""
    return _listed(session, actor, Module.programme_id == programme.id)


def _listed(session: Session, actor: Actor, condition: ColumnElement[bool]) -> Sequence[Module]:
    require(actor, "catalogue.search")
    query = select(Module).where(Module.state == WorkflowState.PUBLISHED, condition).options(*LOADED)
    return session.scalars(query.order_by(Module.position, Module.sort_title).limit(MOST)).all()
