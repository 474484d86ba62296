"""Who belongs to a company, and what they may do for it."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Membership, User
from catalogue.services import audit, company_calendars, company_links, links, sessions, tokens
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = [
    "activate",
    "change_role",
    "deactivate",
    "end_access",
    "end_sessions",
    "get",
    "is_last_admin",
    "listed",
    "may_edit",
    "remove",
]

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


def deactivate(session: Session, actor: Actor, member: Membership) -> None:
    """Lock the account of a colleague: sign-ins, links and tokens end at once."""
    _may_lock(actor, member)
    _keep_an_admin(session, actor, member)
    member.user.active = False
    end_access(session, member.user)
    session.flush()
    audit.record(session, actor, "user.deactivated", member, label=member.user.email)


def end_access(session: Session, user: User) -> None:
    """End everything with which *user* can act now; nothing keeps them from signing in again."""
    sessions.end_all(session, user.id)
    tokens.revoke_all(session, user.id)
    links.void(session, user)
    company_links.end_of(session, user)
    company_calendars.end_of(session, user)


def end_sessions(session: Session, actor: Actor, member: Membership) -> None:
    """End all sign-ins of a colleague, for a lost device; the account stays open. Own ones are ended in the own account."""
    require(actor, "company.edit_people", member)
    if member.user.network_role is not None:
        require(actor, "user.administer")
    sessions.end_all(session, member.user_id)
    audit.record(session, actor, "sessions.ended", member, label=member.user.email)


def activate(session: Session, actor: Actor, member: Membership) -> None:
    """Unlock the account of a colleague; tokens that ended stay ended."""
    _may_lock(actor, member)
    member.user.active = True
    session.flush()
    audit.record(session, actor, "user.activated", member, label=member.user.email)


def _may_lock(actor: Actor, member: Membership) -> None:
    """A company must not lock people of the network office, nobody themselves."""
    require(actor, "company.edit_people", member)
    if member.user.network_role is not None:
        require(actor, "user.administer")
    if member.user_id == actor.user_id:
        raise Conflict(N_("Ihr eigenes Konto können Sie nicht sperren."))


def remove(session: Session, actor: Actor, member: Membership) -> None:
    """Take a person out of the company; their sign-ins and tokens end. What they said stays with the company."""
    require(actor, "company.edit_people", member)
    _keep_an_admin(session, actor, member)
    audit.record(session, actor, "member.removed", member, label=member.user.email, role=[member.role.value, None])
    end_access(session, member.user)
    session.delete(member)
    session.flush()


def _keep_an_admin(session: Session, actor: Actor, member: Membership) -> None:
    """The network may leave a company without an admin, the company's own people may not do so by mistake."""
    if not can(actor, "user.administer") and is_last_admin(session, member):
        raise Conflict(LAST_ADMIN)


def is_last_admin(session: Session, member: Membership) -> bool:
    """Return whether the company has no admin but *member* who can sign in. Keeps others from changing that until the commit."""
    if member.role != CompanyRole.ADMIN:
        return False
    session.execute(select(Company.id).where(Company.id == member.company_id).with_for_update())
    others = (
        select(func.count())
        .select_from(Membership)
        .join(User)
        .where(Membership.company_id == member.company_id, Membership.role == CompanyRole.ADMIN)
        .where(Membership.id != member.id, User.active.is_(True))
    )
    return not session.scalar(others)


def may_edit(actor: Actor, company: Company) -> bool:
    """Return whether the actor may invite, change and remove people of *company*."""
    return can(actor, "company.edit_people", Own(company.id))
