"""What members may see of the interest of other companies in one module; the rule is in services/disclosure.py."""

from dataclasses import dataclass

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Demand, Module, Relevance
from catalogue.services import disclosure
from catalogue.services.disclosure import Contribution
from catalogue.services.permissions import Actor, can

__all__ = ["COUNTS", "Interest", "interest_of_others", "own_slug"]

# what enters figures for others: said, still wanted, and not "nur Netzwerkbüro"
COUNTS = (
    Demand.withdrawn_at.is_(None)
    & (Demand.relevance != Relevance.NONE)
    & (Demand.confidentiality != Confidentiality.NETWORK)
)


@dataclass(frozen=True)
class Interest:
    """Demand of other companies as a member may see it. ``None``: too few companies to show a figure.

    ``names`` are the companies that chose to be visible to members, in German order.
    """

    companies: int | None = None
    people: int | None = None
    names: tuple[str, ...] = ()

    @property
    def suppressed(self) -> bool:
        """Whether there are too few other companies (or none) to show their number."""
        return self.companies is None


def interest_of_others(session: Session, actor: Actor, module: Module, k: int) -> Interest:
    """Return what *actor* may see of other companies' interest in *module*: figures of at least *k* companies, or none."""
    if not can(actor, "interest.see"):
        return Interest()
    said = _said(session, module)
    own = own_slug(session, actor)
    seen = disclosure.figures((one for _, one in said), k, own)
    return Interest(seen.companies, seen.people, tuple(name for name, one in said if one.named and one.company != own))


def own_slug(session: Session, actor: Actor) -> str:
    """Return the slug of the actor's company, "" for people without one."""
    if actor.company_id is None:
        return ""
    return session.scalar(select(Company.slug).where(Company.id == actor.company_id)) or ""


def _said(session: Session, module: Module) -> list[tuple[str, Contribution]]:
    """Name of the company and its contribution, in German order; "nur Netzwerkbüro" is not among them."""
    query = (
        select(Company.name, Company.slug, Demand.people, Demand.confidentiality)
        .join(Company, Company.id == Demand.company_id)
        .where(Demand.module_id == module.id, COUNTS, Company.active)
        .order_by(Company.sort_name)
    )
    return [
        (name, Contribution(slug, people, kind == Confidentiality.MEMBERS))
        for name, slug, people, kind in session.execute(query)
    ]
