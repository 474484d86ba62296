"""Companies and modules that network staff can enter demand for."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, Module, WorkflowState
from catalogue.services.permissions import Actor, require

__all__ = ["companies", "modules", "named"]


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


def named(session: Session, actor: Actor, slugs: Sequence[str]) -> list[Module]:
    """Return the published modules with these slugs, in their order, each once; unknown ones are left out."""
    require(actor, "catalogue.search")
    wanted = select(Module).where(Module.slug.in_(slugs), Module.state == WorkflowState.PUBLISHED)
    rows = session.scalars(wanted.options(joinedload(Module.provider)))
    found = {module.slug: module for module in rows}
    return [found[slug] for slug in dict.fromkeys(slugs) if slug in found]
