"""API tokens: a program acts as the person who made the token, as far as its scope goes. Shown once, stored as hashes."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import ApiToken, Membership, TokenScope, User
from catalogue.services import audit, second_factor, sessions
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.permissions import Actor, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "PREFIX", "actor_of", "create", "create_for", "is_due", "lacking", "listed", "resume", "revoke", "revoke_all", "touch",
]  # fmt: skip

PREFIX = "mk_"  # so that a token that leaked into a text can be recognised
LONGEST_DAYS = 730
MOST = 20
USED_EVERY = timedelta(minutes=5)
LEAST = TokenScope.CATALOGUE
LACKING = {
    TokenScope.READ: N_("Diesem Schlüssel fehlt der Umfang „read“: Er liest nur den öffentlichen Katalog."),
    TokenScope.WRITE: N_("Diesem Schlüssel fehlt der Umfang „write“: Er liest nur."),
}
LACKING_SECOND_FACTOR = N_(
    "Ihre Rolle braucht einen zweiten Faktor. Solange er fehlt, liest dieser Schlüssel nur den öffentlichen Katalog."
)


def create(session: Session, actor: Actor, name: str, days: int | None = None, scope: TokenScope = LEAST) -> str:
    """Make a token for the actor and return it; nobody can read it again. Without *days* it does not expire."""
    require(actor, "account.own")
    user = session.get(User, actor.user_id)
    if user is None:
        raise NotFound()
    return create_for(session, actor, user, name, days, scope)


def create_for(
    session: Session, actor: Actor, user: User, name: str, days: int | None = None, scope: TokenScope = LEAST
) -> str:
    """Make a token for *user*: for the person themselves, or for an operator at the command line."""
    if not actor.is_system and actor.user_id != user.id:
        raise NotFound()
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid("days", N_("Wählen Sie zwischen 1 und %(most)s Tagen."), most=LONGEST_DAYS)
    if len(_open(session, user.id)) >= MOST:
        raise Invalid("token_name", N_("Sie haben schon %(most)s Schlüssel. Widerrufen Sie zuerst einen."), most=MOST)
    token, now = PREFIX + make_token(), utcnow()
    made = ApiToken(
        user_id=user.id,
        name=name.strip()[:120],
        token_hash=hash_token(token),
        scope=scope,
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    session.add(made)
    session.flush()
    audit.record(session, actor, "token.created", made, label=made.name, scope=scope.value)
    return token


def listed(session: Session, actor: Actor) -> list[ApiToken]:
    """Return the actor's tokens that still work."""
    require(actor, "account.own")
    return _open(session, actor.user_id)


def _open(session: Session, user_id: uuid.UUID | None) -> list[ApiToken]:
    rows = session.scalars(
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc())
    )
    return [token for token in rows if token.expires_at is None or token.expires_at > utcnow()]


def revoke(session: Session, actor: Actor, token_id: uuid.UUID) -> None:
    """End one of the actor's own tokens."""
    require(actor, "account.own")
    token = session.get(ApiToken, token_id)
    if token is None or token.user_id != actor.user_id:
        raise NotFound()
    if token.revoked_at is None:
        token.revoked_at = utcnow()
        audit.record(session, actor, "token.revoked", token, label=token.name)
    session.flush()


def revoke_all(session: Session, user_id: uuid.UUID) -> None:
    """End all tokens of a person."""
    for token in _open(session, user_id):
        token.revoked_at = utcnow()
    session.flush()


def resume(session: Session, token: str) -> ApiToken | None:
    """Return the live token with user, membership and company loaded, or None."""
    found = session.scalar(
        select(ApiToken)
        .where(ApiToken.token_hash == hash_token(token))
        .options(joinedload(ApiToken.user).joinedload(User.membership).joinedload(Membership.company))
    )
    if found is None or found.revoked_at is not None or not found.user.active:
        return None
    return found if found.expires_at is None or found.expires_at > utcnow() else None


def actor_of(settings: Settings, found: ApiToken) -> Actor:
    """Return who acts with a token (from :func:`resume`): its owner, or with the least scope somebody who has no rights at all.

    Whoever must have a second factor and has none gets that least scope, whatever the token says: a token is no way around it.
    """
    owner = sessions.actor_of(found.user)
    lacks = found.user.second_factor_at is None and second_factor.is_required(settings, found.user)
    if lacks or found.scope == TokenScope.CATALOGUE:
        return Actor(label=owner.label, scope=TokenScope.CATALOGUE, lacks_second_factor=lacks)
    return replace(owner, scope=found.scope)


def lacking(actor: Actor, wanted: TokenScope) -> str:
    """Return the sentence that says why the actor's token does not reach *wanted*; "" if it does or there is no token."""
    steps = list(TokenScope)
    if actor.scope is None or steps.index(actor.scope) >= steps.index(wanted):
        return ""
    return LACKING_SECOND_FACTOR if actor.lacks_second_factor else LACKING[wanted]


def is_due(found: ApiToken, now: datetime | None = None) -> bool:
    """Return whether the time of last use should be written again."""
    return found.used_at is None or (now or utcnow()) - found.used_at > USED_EVERY


def touch(session: Session, token_id: uuid.UUID) -> None:
    """Note that the token was used now."""
    found = session.get(ApiToken, token_id)
    if found is not None:
        found.used_at = utcnow()
