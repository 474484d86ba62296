"""The sheet that a company fills in with a pen: which modules stand on it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, Demand, Module, Relevance, WorkflowState
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import companies, demand_choices, search
from catalogue.services.permissions import Actor, Own, require

__all__ = ["MOST", "Choice", "company_of", "modules"]

MOST = 40  # modules on one sheet: four pages


@dataclass(frozen=True)
class Choice:
    """What stands on the sheet: named modules, else what words and a topic find, else what the company marked."""

    slugs: tuple[str, ...] = ()
    text: str = ""
    topic: str = ""


def company_of(session: Session, actor: Actor) -> Company:
    """Return the actor's own company."""
    require(actor, "company.home")
    return companies.get_by_id(session, actor, actor.company_id)


def modules(session: Session, actor: Actor, index: SearchIndex, company: Company, choice: Choice) -> list[Module]:
    """Return the published modules of the sheet, at most ``MOST``."""
    require(actor, "demand.see", Own(company.id))
    if choice.slugs:
        return demand_choices.named(session, actor, choice.slugs[:MOST])
    if choice.text or choice.topic:
        filters: dict[str, tuple[str, ...]] = {"topic": (choice.topic,)} if choice.topic else {}
        page = search.find(session, actor, index, Query(text=choice.text, filters=filters, per_page=MOST))
        return [hit.module for hit in page.hits]
    marked = (
        select(Module)
        .join(Demand, Demand.module_id == Module.id)
        .where(Demand.company_id == company.id, Demand.withdrawn_at.is_(None), Demand.relevance != Relevance.NONE)
        .where(Module.state == WorkflowState.PUBLISHED)
        .options(joinedload(Module.provider))
        .order_by(Module.sort_title)
    )
    return list(session.scalars(marked.limit(MOST)))
