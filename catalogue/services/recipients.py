"""Who of a company hears about a module: the person who marked it, else the admins of the company."""

import uuid
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Demand, Membership, User

__all__ = ["concerned"]


def concerned(session: Session, module_id: uuid.UUID, companies: Collection[uuid.UUID]) -> dict[uuid.UUID, list[User]]:
    """Return for each of *companies* the active people to write to; companies without any, or that left the network, are left out.

    Whoever marked the module and has left the company since is not asked any more.
    """
    members = select(Membership.company_id, User).join(Membership.user).join(Membership.company)
    members = members.where(User.active, Company.active)
    marked = members.join(
        Demand, (Demand.updated_by_id == User.id) & (Demand.company_id == Membership.company_id)
    ).where(Demand.module_id == module_id, Membership.company_id.in_(companies))
    found: dict[uuid.UUID, list[User]] = {company: [user] for company, user in session.execute(marked)}
    admins: dict[uuid.UUID, list[User]] = defaultdict(list)
    others = set(companies) - found.keys()
    of_others = members.where(Membership.company_id.in_(others), Membership.role == CompanyRole.ADMIN)
    for company, user in session.execute(of_others.order_by(User.email)):
        admins[company].append(user)
    return found | admins
