"""Signing in and what people change about their own account."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session
from catalogue.models import Membership, User
from catalogue.services import audit, links, outbox, passwords, secrets, sessions, throttle
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.figures import SIGN_IN_FAILURES
from catalogue.services.permissions import VISITOR, Actor, require
from catalogue.texts import N_

__all__ = [
    "Candidate", "ProfileInput", "admit", "by_email", "candidate", "change_password", "fold_email", "get_own", "note_failure",
    "note_login", "note_logout", "note_wrong_code", "password_fits", "set_password", "update_profile",
]  # fmt: skip

LANGUAGES = ("de", "en")


@dataclass(frozen=True)
class Candidate:
    """Somebody who tries to sign in, known or not; enough to check the password without holding the database."""

    email: str
    user_id: uuid.UUID | None
    password_hash: str | None
    reserved: tuple[int, ...]


@dataclass(frozen=True)
class ProfileInput:
    """What people change about themselves."""

    name: str
    language: str
    version: int


def fold_email(text: str) -> str:
    """Return the form in which addresses are stored and compared."""
    return text.strip().lower()


def by_email(session: Session, email: str) -> User | None:
    """Return the person with this address, membership and company loaded."""
    return session.scalar(
        select(User)
        .where(User.email == fold_email(email))
        .options(joinedload(User.membership).joinedload(Membership.company))
    )


# signing in: count the try (short transaction) → check the password (slow, no transaction) → admit or note the failure


def candidate(session: Session, email: str, address: str) -> Candidate:
    """Count a try to sign in from *address*; raise TooMany. Known and unknown addresses are treated alike."""
    folded = fold_email(email)
    reserved = throttle.reserve(session, throttle.sign_in_limits(folded, address))
    user = by_email(session, folded)
    stored = user.password_hash if user is not None and user.active else None
    return Candidate(folded, user.id if user is not None else None, stored, tuple(reserved))


def password_fits(who: Candidate, password: str) -> bool:
    """Return whether the password is right; takes as long for an account that does not exist."""
    return secrets.check_password(password, who.password_hash)


def note_failure(session: Session, who: Candidate, action: str = "login.failed") -> None:
    """Record that *who* did not get in. What was typed for an unknown account is not kept: it may be a password."""
    SIGN_IN_FAILURES.labels(action.partition(".")[0]).inc()
    user = session.get(User, who.user_id) if who.user_id else None
    audit.record(session, VISITOR, action, user, label=user.email if user else "", known=user is not None)


def admit(session: Session, who: Candidate, password: str) -> User | None:
    """Return the person whose password was right, None if the account changed while it was checked."""
    user = by_email(session, who.email)
    if user is None or not user.active or user.password_hash != who.password_hash:
        return None
    throttle.forgive(session, who.reserved)
    if who.password_hash and secrets.needs_rehash(who.password_hash):
        user.password_hash = secrets.hash_password(password)
    audit.record(session, sessions.actor_of(user), "login" if user.second_factor_at is None else "login.password", user)
    session.flush()
    return user


def note_wrong_code(session: Session, user_id: uuid.UUID) -> None:
    """Record that somebody who knew the password did not know the code."""
    user = session.get_one(User, user_id)
    audit.record(session, VISITOR, "login.code_failed", user, label=user.email)


def note_login(session: Session, user: User, factor: str) -> None:
    """Record that *user* signed in with a second *factor* ("code" or "recovery")."""
    audit.record(session, sessions.actor_of(user), "login", user, factor=factor)


def note_logout(session: Session, actor: Actor) -> None:
    """Record that *actor* signed out; nothing to record for a visitor."""
    if actor.signed_in:
        audit.record(session, actor, "logout", session.get(User, actor.user_id))


# the own account


def get_own(session: Session, actor: Actor) -> User:
    """Return the person behind *actor*."""
    require(actor, "account.own")
    user = session.scalar(
        select(User).where(User.id == actor.user_id).options(joinedload(User.membership).joinedload(Membership.company))
    )
    if user is None:
        raise NotFound()
    return user


def update_profile(session: Session, actor: Actor, values: ProfileInput) -> User:
    """Change own name and language."""
    user = get_own(session, actor)
    if user.version != values.version:
        raise Stale(user, values)
    if not values.name.strip():
        raise Invalid("name", N_("Geben Sie Ihren Namen an."))
    if values.language not in LANGUAGES:
        raise Invalid("language", N_("Wählen Sie Deutsch oder Englisch."))
    user.name, user.language = values.name.strip(), values.language
    session.flush()
    return user


def change_password(
    session: Session,
    actor: Actor,
    current: str,
    new: str,
    *,
    keep: uuid.UUID | None = None,
    reserved: Sequence[int] = (),
) -> None:
    """Set a new own password after the current one; all other sign-ins end (not the one with the id *keep*).

    Guessing the current password is limited as signing in is: the caller counts the try (:func:`candidate`) and commits that
    first; *reserved* are its ids, taken back on success.
    """
    user = get_own(session, actor)
    if not secrets.check_password(current, user.password_hash):
        raise Invalid("current", N_("Das ist nicht Ihr jetziges Passwort."))
    if current == new:
        raise Invalid("new", N_("Das neue Passwort ist das alte."))
    throttle.forgive(session, reserved)
    set_password(session, actor, user, new, field="new", keep=keep)


def set_password(
    session: Session, actor: Actor, user: User, new: str, *, field: str = "password", keep: uuid.UUID | None = None
) -> None:
    """Set the password of *user*, who proved to be them; ends other sign-ins and open links, and tells them by mail."""
    company = user.membership.company.name if user.membership else ""
    passwords.check_new(new, field, (user.name, user.email, company))
    first = user.password_hash is None
    user.password_hash = secrets.hash_password(new)
    sessions.end_all(session, user.id, keep)
    links.void(session, user)
    throttle.clear(session, throttle.code_limits(user.id))
    audit.record(session, actor, "password.set" if first else "password.changed", user, label=user.email)
    if not first:
        outbox.send(session, user.email, N_("Ihr Passwort wurde geändert"), CHANGED_TEXT % {"name": user.name})
    session.flush()


CHANGED_TEXT = N_("""Guten Tag %(name)s,

das Passwort Ihres Kontos im Modulkatalog BatterieMD wurde gerade geändert. Alle anderen Anmeldungen sind beendet.

Wenn Sie das nicht waren, fordern Sie auf der Anmeldeseite über „Passwort vergessen“ sofort ein neues an und melden Sie sich beim Netzwerkbüro.
""")
