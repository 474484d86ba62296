"""Sign-ins as rows that can be ended: started, resumed, listed, ended."""

import uuid
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Membership, User, UserSession
from catalogue.services.errors import NotFound
from catalogue.services.permissions import Actor, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.settings import Settings

__all__ = [
    "CONFIRMED_FOR", "actor_of", "confirm", "end", "end_all", "end_one", "has_other_rights", "is_confirmed", "is_due", "listed", "prune",
    "renew", "resume", "start", "touch",
]  # fmt: skip

SEEN_EVERY = timedelta(minutes=5)
CONFIRMED_FOR = timedelta(minutes=15)


def start(
    session: Session,
    settings: Settings,
    user: User,
    address: str = "",
    browser: str = "",
    confirmed_at: datetime | None = None,
) -> str:
    """Open a sign-in for *user* and return its secret token, which only the browser keeps.

    *confirmed_at*: when the person last proved to be themselves, if that was not just now.
    """
    token = make_token()
    now = utcnow()
    session.add(
        UserSession(
            token_hash=hash_token(token), user_id=user.id, created_at=now, seen_at=now, rights=_rights(user),
            expires_at=now + timedelta(days=settings.session_max_days), address=_network_part(address), browser=browser[:200],
            confirmed_at=confirmed_at or now,
        )
    )  # fmt: skip
    user.previous_login_at, user.last_login_at = user.last_login_at, now
    user.warned_at = user.reminded_at = None  # the account is used
    session.flush()
    return token


def resume(session: Session, settings: Settings, token: str) -> UserSession | None:
    """Return the live sign-in for *token* with user, membership and company loaded, or None if it ended or timed out."""
    found = session.scalar(
        select(UserSession)
        .where(UserSession.token_hash == hash_token(token))
        .options(joinedload(UserSession.user).joinedload(User.membership).joinedload(Membership.company))
    )
    if found is None or not found.user.active:
        return None
    return found if utcnow() < _end(found, settings, found.user.network_role is not None) else None


def _end(found: UserSession, settings: Settings, is_staff: bool) -> datetime:
    """Return when the sign-in ends if nobody uses it; that of staff ends sooner, because they see what all companies say."""
    ends = [found.expires_at, found.seen_at + timedelta(hours=settings.session_idle_hours)]
    if is_staff:
        ends.append(found.created_at + timedelta(hours=settings.session_staff_hours))
    return min(ends)


def _rights(user: User) -> str:
    """Return what the sign-in lets the person do, to see that it changed."""
    member = user.membership
    return f"{user.network_role or '-'} {member.company_id.hex if member else '-'} {member.role if member else '-'}"


def has_other_rights(found: UserSession) -> bool:
    """Return whether the person may do other things than when the token was made: then it must be replaced (ASVS 7.2.4)."""
    return found.rights != _rights(found.user)


def renew(session: Session, session_id: uuid.UUID) -> str | None:
    """Give a sign-in another token and return it; the one before is worth nothing from now on. None if the sign-in ended."""
    found = session.scalar(
        select(UserSession)
        .where(UserSession.id == session_id)
        .options(joinedload(UserSession.user).joinedload(User.membership).joinedload(Membership.company))
    )
    if found is None:
        return None
    token = make_token()
    found.token_hash, found.rights = hash_token(token), _rights(found.user)
    session.flush()
    return token


def is_due(found: UserSession, now: datetime | None = None) -> bool:
    """Return whether the time of the last request should be written again (not at each request)."""
    return (now or utcnow()) - found.seen_at > SEEN_EVERY


def touch(session: Session, session_id: uuid.UUID) -> None:
    """Note that the sign-in was used now."""
    found = session.get(UserSession, session_id)
    if found is not None:
        found.seen_at = utcnow()


def is_confirmed(confirmed_at: datetime) -> bool:
    """Return whether the proof of who sits there is fresh enough for dangerous actions (ASVS 7.5.1)."""
    return utcnow() - confirmed_at < CONFIRMED_FOR


def confirm(session: Session, session_id: uuid.UUID) -> None:
    """Note that the person proved now to be themselves."""
    found = session.get(UserSession, session_id)
    if found is not None:
        found.confirmed_at = utcnow()
        session.flush()


def end(session: Session, token: str) -> None:
    """End one sign-in."""
    session.execute(delete(UserSession).where(UserSession.token_hash == hash_token(token)))


def end_all(session: Session, user_id: uuid.UUID, keep: uuid.UUID | None = None) -> None:
    """End all sign-ins of a person, except the one with the id *keep*."""
    condition = UserSession.user_id == user_id
    session.execute(delete(UserSession).where(condition & (UserSession.id != keep) if keep else condition))


def listed(session: Session, actor: Actor, settings: Settings) -> list[UserSession]:
    """Return the actor's own sign-ins that still hold, the last used first."""
    require(actor, "account.own")
    rows = session.scalars(
        select(UserSession).where(UserSession.user_id == actor.user_id).order_by(UserSession.seen_at.desc())
    )
    return [one for one in rows if utcnow() < _end(one, settings, actor.is_staff)]


def end_one(session: Session, actor: Actor, session_id: uuid.UUID) -> None:
    """End one of the actor's own sign-ins."""
    require(actor, "account.own")
    found = session.get(UserSession, session_id)
    if found is None or found.user_id != actor.user_id:
        raise NotFound()
    session.delete(found)
    session.flush()


def prune(session: Session, settings: Settings) -> int:
    """Delete sign-ins that timed out; return how many."""
    now = utcnow()
    idle = now - timedelta(hours=settings.session_idle_hours)
    over = (UserSession.expires_at < now) | (UserSession.seen_at < idle)
    return session.execute(delete(UserSession).where(over)).rowcount  # type: ignore[attr-defined, no-any-return]


def actor_of(user: User) -> Actor:
    """Return the plain values that services check. *user* has its membership and company loaded."""
    member = user.membership
    active = member is not None and member.company.active
    return Actor(
        user_id=user.id,
        label=user.name or user.email,
        company_id=member.company_id if member and active else None,
        company_name=member.company.name if member and active else "",
        company_role=member.role if member and active else None,
        network_role=user.network_role,
    )


def _network_part(address: str) -> str:
    """Drop the part of an IP address that names one device: the last 8 bits, or all behind the first 48."""
    try:
        bits = 24 if ip_address(address).version == 4 else 48
        return str(ip_network(f"{address}/{bits}", strict=False).network_address)
    except ValueError:
        return ""
