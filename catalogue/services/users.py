"""All people with an account, as network admins look after them. Nobody sets another person's password."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, Membership, NetworkRole, User
from catalogue.services import accounts, audit, links, sessions, tokens
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import arrange, sort_key
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "UserPage",
    "UserQuery",
    "activate",
    "add",
    "check_email",
    "deactivate",
    "end_sessions",
    "find",
    "get",
    "get_by_email",
    "join",
    "keep_an_admin",
    "send_link",
    "set_network_role",
    "table",
]

PER_PAGE = 50
ADDRESS = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
)  # as HTML's type=email, ASCII only
LAST_ADMIN = N_("Das ist der letzte Netzwerk-Admin. Ernennen Sie zuerst eine andere Person.")


@dataclass(frozen=True)
class UserQuery:
    """Which people: name, address or company holds *text*.

    *role*: "curator", "admin" (network), "staff" (both), "company" (all members), "none" (neither) or "inactive". *sort*: "name", "company" or
    "seen" (last sign-in), with "-" for descending.
    """

    text: str = ""
    role: str = ""
    sort: str = "name"
    page: int = 1


@dataclass(frozen=True)
class UserPage:
    """One page of the list."""

    users: tuple[User, ...]
    total: int
    page: int
    pages: int


_loaded = (joinedload(User.membership).joinedload(Membership.company),)


def find(session: Session, actor: Actor, query: UserQuery, *, everything: bool = False) -> UserPage:
    """Return the people that *query* asks for, in German order."""
    wanted = sort_key(query.text)
    hits = [user for user in find_all(session, actor) if wanted in _searched(user) and _has(user, query.role)]
    arrange(hits, query.sort, _keys)
    page, pages = within(query.page, len(hits), PER_PAGE)
    shown = hits if everything else hits[(page - 1) * PER_PAGE : page * PER_PAGE]
    return UserPage(tuple(shown), len(hits), page, pages)


_keys: dict[str, Callable[[User], Any]] = {
    "company": lambda user: sort_key(user.membership.company.name) if user.membership else "",
    "seen": lambda user: user.last_login_at.timestamp() if user.last_login_at else 0,
}


def table(session: Session, actor: Actor, query: UserQuery) -> Table:
    """Return everybody that *query* finds, for network admins."""
    rows = [
        {
            "name": user.name, "email": user.email, "company": user.membership.company.name if user.membership else "",
            "role": user.membership.role if user.membership else None, "network_role": user.network_role,
            "seen": user.last_login_at, "created": user.created_at, "active": N_("aktiv") if user.active else N_("gesperrt"),
        }
        for user in find(session, actor, query, everything=True).users
    ]  # fmt: skip
    return Table("Konten", COLUMNS, rows)


COLUMNS = (
    Column("name", "Name"),
    Column("email", "E-Mail-Adresse"),
    Column("company", "Unternehmen"),
    Column("role", "Rolle im Unternehmen"),
    Column("network_role", "Netzwerkbüro"),
    Column("seen", "Zuletzt angemeldet", Kind.MOMENT),
    Column("created", "Angelegt", Kind.MOMENT),
    Column("active", "Zustand"),
)


def find_all(session: Session, actor: Actor) -> list[User]:
    """Return everybody by name in German order, membership and company loaded."""
    require(actor, "user.administer")
    return sorted(session.scalars(select(User).options(*_loaded)), key=lambda user: sort_key(user.name))


def _searched(user: User) -> str:
    company = user.membership.company.name if user.membership else ""
    return " ".join(sort_key(part) for part in (user.name, user.email, company))


def _has(user: User, role: str) -> bool:
    if role == "inactive":
        return not user.active
    if role == "staff":
        return user.network_role is not None
    if role == "company":
        return user.membership is not None
    if role == "none":
        return user.membership is None and user.network_role is None
    return user.network_role == role if role in set(NetworkRole) else True


def get(session: Session, actor: Actor, user_id: uuid.UUID) -> User:
    """Return one person, membership and company loaded; raise NotFound."""
    require(actor, "user.administer")
    user = session.scalar(select(User).where(User.id == user_id).options(*_loaded))
    if user is None:
        raise NotFound()
    return user


def get_by_email(session: Session, actor: Actor, email: str) -> User:
    """Return the person with this address; raise NotFound."""
    require(actor, "user.administer")
    user = accounts.by_email(session, email)
    if user is None:
        raise NotFound(N_("Ein Konto mit der Adresse %(email)s gibt es nicht."), email=email)
    return user


def add(
    session: Session,
    actor: Actor,
    email: str,
    *,
    name: str = "",
    company: Company | None = None,
    role: CompanyRole = CompanyRole.MEMBER,
    network_role: NetworkRole | None = None,
) -> User:
    """Create the account of *email*, or give an existing one the role. It has no password until its owner sets one."""
    require(actor, "user.administer")
    folded = check_email(email)
    user = accounts.by_email(session, folded)
    if user is None:
        user = User(email=folded, name=name.strip() or folded.split("@")[0], membership=None)
        session.add(user)
    if name.strip():
        user.name = name.strip()
    if network_role is not None:
        user.network_role = network_role
    session.flush()
    if company is not None:
        join(session, user, company, role)
    audit.record(
        session,
        actor,
        "user.added",
        user,
        label=user.email,
        role=network_role.value if network_role else role.value,
        company=company.name if company else "",
    )
    return user


def join(session: Session, user: User, company: Company, role: CompanyRole) -> Membership:
    """Make *user* belong to *company*; raise Conflict if they belong to another one."""
    member = user.membership
    if member is None:
        member = Membership(company=company, user=user)
        session.add(member)
    elif member.company_id != company.id:
        raise Conflict(N_("Dieses Konto gehört schon zu einem anderen Unternehmen."))
    member.role = role
    session.flush()
    return member


def check_email(text: str) -> str:
    """Return the address as it is stored; raise Invalid if it cannot be one. Umlauts in the domain become their ASCII form."""
    local, _at, domain = accounts.fold_email(text).rpartition("@")
    try:
        folded = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        folded = ""
    if len(folded) > 254 or not ADDRESS.fullmatch(folded):
        raise Invalid("email", N_("Geben Sie eine E-Mail-Adresse an, zum Beispiel name@firma.de."))
    return folded


def set_network_role(session: Session, actor: Actor, user: User, role: NetworkRole | None) -> None:
    """Give or take a role in the network; it counts from the person's next request."""
    require(actor, "user.administer")
    if role == user.network_role:
        return
    if role != NetworkRole.ADMIN:
        keep_an_admin(session, user)
    before, user.network_role = user.network_role, role
    session.flush()
    names = [before.value if before else None, role.value if role else None]
    audit.record(session, actor, "role.changed", user, label=user.email, network_role=names)


def deactivate(session: Session, actor: Actor, user: User) -> None:
    """Lock an account: sign-ins, links and tokens end at once."""
    require(actor, "user.administer")
    keep_an_admin(session, user)
    user.active = False
    sessions.end_all(session, user.id)
    tokens.revoke_all(session, user.id)
    links.void(session, user)
    session.flush()
    audit.record(session, actor, "user.deactivated", user, label=user.email)


def activate(session: Session, actor: Actor, user: User) -> None:
    """Unlock an account; tokens that ended stay ended."""
    require(actor, "user.administer")
    user.active = True
    session.flush()
    audit.record(session, actor, "user.activated", user, label=user.email)


def send_link(session: Session, settings: Settings, actor: Actor, user: User) -> None:
    """Mail the person a link with which they set a password themselves."""
    require(actor, "user.administer")
    if not user.active:
        raise Conflict(N_("Dieses Konto ist gesperrt."))
    links.send(session, settings, actor, user, links.RESET if user.password_hash else links.WELCOME)


def end_sessions(session: Session, actor: Actor, user: User) -> None:
    """End all sign-ins of a person."""
    require(actor, "user.administer")
    sessions.end_all(session, user.id)
    audit.record(session, actor, "sessions.ended", user, label=user.email)


def keep_an_admin(session: Session, user: User) -> None:
    """Raise Conflict if *user* is the last network admin who can sign in. Keeps others from changing that until the commit."""
    if user.network_role != NetworkRole.ADMIN:
        return
    session.execute(select(User.id).where(User.network_role == NetworkRole.ADMIN).with_for_update())
    others = select(func.count()).where(
        User.network_role == NetworkRole.ADMIN, User.active.is_(True), User.id != user.id
    )
    if not session.scalar(others):
        raise Conflict(LAST_ADMIN)
