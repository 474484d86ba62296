"""Who belongs to a company, and what they may do for it."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Membership
from catalogue.services import audit, sessions
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["change_role", "get", "listed", "may_edit", "remove"]

LAST_ADMIN = N_(
    "Ein Unternehmen mit Konten braucht jemanden, der sie verwaltet. Ernennen Sie zuerst eine andere Person."
)


def listed(session: Session, actor: Actor, company: Company) -> list[Membership]:
    """Return the people of *company* by name, each with the person loaded."""
    require(actor, "company.see_people", Own(company.id))
    rows = session.scalars(
        select(Membership).where(Membership.company_id == company.id).options(joinedload(Membership.user))
    )
    return sorted(rows, key=lambda member: sort_key(member.user.name))


def get(session: Session, actor: Actor, user_id: uuid.UUID) -> Membership:
    """Return the membership of a person that the actor may change, with person and company; raise NotFound for all others."""
    member = session.scalar(
        select(Membership)
        .where(Membership.user_id == user_id)
        .options(joinedload(Membership.user), joinedload(Membership.company))
    )
    if member is None or not can(actor, "company.see_people", member):
        raise NotFound()
    require(actor, "company.edit_people", member)
    return member


def change_role(session: Session, actor: Actor, member: Membership, role: CompanyRole) -> None:
    """Give a person another role; it counts from their next request."""
    require(actor, "company.edit_people", member)
    if role == member.role:
        return
    if role != CompanyRole.ADMIN:
        _keep_an_admin(session, actor, member)
    before, member.role = member.role, role
    session.flush()
    audit.record(session, actor, "role.changed", member, label=member.user.email, role=[before.value, role.value])


def remove(session: Session, actor: Actor, member: Membership) -> None:
    """Take a person out of the company; their sign-ins end. What they said stays with the company."""
    require(actor, "company.edit_people", member)
    _keep_an_admin(session, actor, member)
    audit.record(session, actor, "member.removed", member, label=member.user.email, role=[member.role.value, None])
    sessions.end_all(session, member.user_id)
    session.delete(member)
    session.flush()


def _keep_an_admin(session: Session, actor: Actor, member: Membership) -> None:
    """The network may leave a company without an admin, the company's own people may not do so by mistake."""
    if member.role != CompanyRole.ADMIN or can(actor, "user.administer"):
        return
    others = select(func.count()).where(
        Membership.company_id == member.company_id, Membership.role == CompanyRole.ADMIN, Membership.id != member.id
    )
    if not session.scalar(others):
        raise Conflict(LAST_ADMIN)


def may_edit(actor: Actor, company: Company) -> bool:
    """Return whether the actor may invite, change and remove people of *company*."""
    return can(actor, "company.edit_people", Own(company.id))
