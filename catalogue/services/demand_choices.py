"""Companies and modules that network staff can enter demand for."""

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, Module, WorkflowState
from catalogue.services.permissions import Actor, require

__all__ = ["companies", "modules"]


def companies(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return slug and name of all active companies for those who enter demand on their behalf."""
    require(actor, "demand.on_behalf")
    rows = session.execute(select(Company.slug, Company.name).where(Company.active).order_by(Company.sort_name))
    return [(slug, name) for slug, name in rows]


def modules(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return slug and title of all published modules for those who enter demand on behalf of a company."""
    require(actor, "demand.on_behalf")
    published = select(Module.slug, Module.title).where(Module.state == WorkflowState.PUBLISHED)
    return [(slug, title) for slug, title in session.execute(published.order_by(Module.sort_title))]
