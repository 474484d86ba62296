"""One-time links by mail: for a first password, and for a forgotten one. The way from password to code is a token of the same kind."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import Membership, OneTimeLink, User
from catalogue.services import audit, outbox, throttle
from catalogue.services.errors import NotFound, TooMany
from catalogue.services.permissions import VISITOR, Actor
from catalogue.services.secrets import hash_token, make_token
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "RESET", "WELCOME", "Opened", "half_way", "make", "open_half_way", "open_link", "prune", "request_reset", "use", "void",
]  # fmt: skip

RESET = "reset"
WELCOME = "welcome"
HALF_WAY = "sign-in"
PASSWORDS = (RESET, WELCOME)
RESET_HOURS = 1
HALF_WAY_LASTS = timedelta(minutes=10)
ENDED = N_("Dieser Link ist abgelaufen oder wurde schon benutzt.")


@dataclass(frozen=True)
class Opened:
    """A link that still works, and whose it is."""

    link: OneTimeLink
    user: User


def make(session: Session, settings: Settings, user: User, purpose: str) -> str:
    """Return the address of a new link for *user*: one hour to replace a password, some days for the first one."""
    lasts = timedelta(hours=RESET_HOURS) if purpose == RESET else timedelta(days=settings.invitation_days)
    return f"{settings.base_url.rstrip('/')}/password/{_token(session, user, purpose, lasts)}"


def half_way(session: Session, user: User) -> str:
    """Return a token that says: the password of *user* was right, a code must follow within ten minutes. It opens nothing else."""
    return _token(session, user, HALF_WAY, HALF_WAY_LASTS)


def _token(session: Session, user: User, purpose: str, lasts: timedelta) -> str:
    token, now = make_token(), utcnow()
    session.add(
        OneTimeLink(
            purpose=purpose, user_id=user.id, token_hash=hash_token(token), email=user.email, created_at=now, expires_at=now + lasts
        )
    )  # fmt: skip
    session.flush()
    return token


def open_link(session: Session, token: str) -> Opened:
    """Return what *token* stands for without using it up; raise NotFound if it ended, was used, or the address changed."""
    return _open(session, token, PASSWORDS)


def open_half_way(session: Session, token: str) -> Opened:
    """Return who is half signed in; raise NotFound if ten minutes are over, or the password changed meanwhile."""
    return _open(session, token, (HALF_WAY,))


def _open(session: Session, token: str, purposes: tuple[str, ...]) -> Opened:
    link = session.scalar(
        select(OneTimeLink)
        .where(OneTimeLink.token_hash == hash_token(token), OneTimeLink.purpose.in_(purposes))
        .with_for_update()
    )
    if link is None or link.used_at is not None or link.expires_at <= utcnow():
        raise NotFound(ENDED)
    user = session.scalar(
        select(User).where(User.id == link.user_id).options(joinedload(User.membership).joinedload(Membership.company))
    )
    if user is None or not user.active or user.email != link.email:
        raise NotFound(ENDED)
    return Opened(link, user)


def use(session: Session, opened: Opened) -> None:
    """Use the link up."""
    opened.link.used_at = utcnow()
    session.flush()


def void(session: Session, user: User) -> None:
    """Make all open links of *user* worthless."""
    session.execute(
        delete(OneTimeLink)
        .where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None))
        .execution_options(synchronize_session="fetch")
    )


def prune(session: Session) -> int:
    """Delete links that ended more than a day ago; return how many."""
    old = OneTimeLink.expires_at < utcnow() - timedelta(days=1)
    return session.execute(delete(OneTimeLink).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]


def request_reset(session: Session, settings: Settings, email: str, address: str) -> None:
    """Mail a link to the owner of *email* if there is one; nothing tells the asker whether there is.

    More than five mails to one account a day are not sent; too many questions from one address raise TooMany.
    """
    hour, day = timedelta(hours=1), timedelta(days=1)
    throttle.reserve(session, [throttle.Limit("reset-address", throttle.network_of(address), 20, hour)])
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    try:
        throttle.reserve(session, [throttle.Limit("reset", email.strip().lower(), 5, day)])
    except TooMany:
        return
    if user is None or not user.active:
        return
    send(session, settings, VISITOR, user, RESET if user.password_hash else WELCOME)


def send(session: Session, settings: Settings, actor: Actor, user: User, purpose: str) -> None:
    """Mail a new link to *user*."""
    url = make(session, settings, user, purpose)
    lasts = f"{RESET_HOURS} Stunde" if purpose == RESET else f"{settings.invitation_days} Tage"
    outbox.send(
        session,
        user.email,
        N_("Ihr Link für ein neues Passwort"),
        MAIL % {"name": user.name, "url": url, "lasts": lasts},
    )
    audit.record(session, actor, "link.sent", user, label=user.email, purpose=purpose)


MAIL = N_("""Guten Tag %(name)s,

über diesen Link setzen Sie Ihr Passwort für den Modulkatalog BatterieMD:

%(url)s

Der Link gilt %(lasts)s und nur einmal. Wenn Sie ihn nicht angefordert haben, tun Sie nichts: Ihr Passwort bleibt, wie es ist.
""")
