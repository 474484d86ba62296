"""What members may see of the interest of other companies.

Anchors: at least k distinct other companies behind every figure (setting ``k_anonymity``), the two largest at most 85 % of a sum
(the defaults of official micro-data centres), and figures rounded down to multiples of 5, so that one click shows in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Demand, Module, Relevance
from catalogue.services.permissions import Actor, can

__all__ = ["SMALLEST_K", "STEP", "Interest", "interest_of_others", "rounded_down", "safe"]

SMALLEST_K = 3
STEP = 5
LARGEST_TWO = 0.85


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


@dataclass(frozen=True)
class _Said:
    company: str
    named: bool
    people: int | None


def interest_of_others(session: Session, actor: Actor, module: Module, k: int) -> Interest:
    """Return what *actor* may see of other companies' interest in *module*: figures of at least *k* companies, or none."""
    if not can(actor, "interest.see"):
        return Interest()
    said = _said(session, actor, module)
    return _interest(said, max(k, SMALLEST_K))


def rounded_down(figure: int) -> int:
    """Return *figure* rounded down to a multiple of 5."""
    return figure - figure % STEP


def safe(anonymous: int, named: int, k: int) -> tuple[bool, bool]:
    """Return whether the anonymous and whether the named ones may be counted.

    Whoever is named is known, so the anonymous ones must be *k* by themselves: else they could be found by subtracting.
    """
    with_anonymous = anonymous >= k
    total = named + (anonymous if with_anonymous else 0)
    return with_anonymous, total >= k


def _said(session: Session, actor: Actor, module: Module) -> list[_Said]:
    query = (
        select(Company.name, Demand.confidentiality, Demand.people)
        .join(Company, Company.id == Demand.company_id)
        .where(
            Demand.module_id == module.id,
            Demand.withdrawn_at.is_(None),
            Demand.relevance != Relevance.NONE,
            Demand.confidentiality != Confidentiality.NETWORK,
            Company.active,
        )
        .order_by(Company.sort_name)
    )
    if actor.company_id is not None:
        query = query.where(Demand.company_id != actor.company_id)
    rows = session.execute(query)
    return [_Said(name, kind == Confidentiality.MEMBERS, people) for name, kind, people in rows]


def _interest(said: Sequence[_Said], k: int) -> Interest:
    names = tuple(one.company for one in said if one.named)
    counted = _countable(said, k)
    companies = rounded_down(len(counted))
    return Interest(companies, _people(counted, k), names) if companies else Interest(names=names)


def _countable(said: Sequence[_Said], k: int) -> list[_Said]:
    named = [one for one in said if one.named]
    anonymous = [one for one in said if not one.named]
    with_anonymous, enough = safe(len(anonymous), len(named), k)
    if not enough:
        return []
    return [*named, *anonymous] if with_anonymous else named


def _people(counted: Sequence[_Said], k: int) -> int | None:
    """The sum of people of those who gave a number, if they are enough and no two of them make up nearly all of it."""
    stated = _countable([one for one in counted if one.people is not None], k)
    numbers = sorted((one.people or 0 for one in stated), reverse=True)
    if not numbers or sum(numbers[:2]) > LARGEST_TWO * sum(numbers):
        return None
    return rounded_down(sum(numbers)) or None
