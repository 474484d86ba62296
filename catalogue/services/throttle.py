"""Limits for guessing: counted in the database, so that they hold across processes and restarts and cannot be switched off."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from catalogue.db import Session, utcnow
from catalogue.models import LoginAttempt
from catalogue.services.errors import TooMany
from catalogue.services.figures import THROTTLED
from catalogue.texts import N_

__all__ = ["Limit", "clear", "code_limits", "forgive", "network_of", "prune", "reserve", "sign_in_limits"]

KEEP = timedelta(days=1)
_LOCK = 4_201_608  # any number; PostgreSQL's advisory lock of this module


@dataclass(frozen=True)
class Limit:
    """At most *tries* within *window* for everything that shares *scope* and *value*."""

    scope: str
    value: str
    tries: int
    window: timedelta

    @property
    def key(self) -> str:
        """What is stored: the value only as a hash, because the table must not list who tried to sign in."""
        return f"{self.scope}:{hashlib.sha256(self.value.encode(errors='replace')).hexdigest()}"


def sign_in_limits(email: str, address: str) -> list[Limit]:
    """Return the limits of signing in: per account and address, per account, per address, for all.

    A stranger who guesses runs into the narrow limit of account and address first, so that the owner of the account, who
    sits elsewhere, can still sign in. Figures after PyPI's (10 in 5 minutes for account and address, 1,000 for all).
    """
    network, minutes = network_of(address), timedelta(minutes=5)
    return [
        Limit("pair", f"{email} {network}", 10, minutes),
        Limit("user", email, 50, minutes),
        Limit("address", network, 100, minutes),
        Limit("all", "", 1_000, minutes),
    ]


def code_limits(user_id: uuid.UUID) -> list[Limit]:
    """Return the limits of trying codes of a second factor: per account, because whoever tries knows the password already.

    Figures after PyPI's. Who is locked out by somebody with the password sets a new one, which clears the count.
    """
    windows = (("minutes", 5, timedelta(minutes=5)), ("hour", 20, timedelta(hours=1)), ("day", 50, timedelta(days=1)))
    return [Limit(f"code-{name}", str(user_id), tries, window) for name, tries, window in windows]


def reserve(session: Session, limits: Iterable[Limit]) -> list[int]:
    """Count one try against all *limits* before it is made; raise :class:`TooMany` if one of them is used up.

    Counting first means that many tries at once cannot slip through together. Returns the ids for :func:`forgive`.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    listed, now = list(limits), utcnow()
    waits = [wait for limit in listed if (wait := _wait(session, limit, now))]
    if waits:
        THROTTLED.labels(listed[0].scope).inc()
        raise TooMany(N_("Zu viele Versuche in kurzer Zeit."), max(waits))
    attempts = [LoginAttempt(key=limit.key, at=now) for limit in listed]
    session.add_all(attempts)
    session.flush()
    return [attempt.id for attempt in attempts]


def _wait(session: Session, limit: Limit, now: datetime) -> int:
    """Return the seconds until *limit* allows another try, 0 if it does now."""
    decisive = session.scalar(
        select(LoginAttempt.at)
        .where(LoginAttempt.key == limit.key, LoginAttempt.at > now - limit.window)
        .order_by(LoginAttempt.at.desc(), LoginAttempt.id.desc())
        .offset(limit.tries - 1)
        .limit(1)
    )
    return max(1, int((decisive + limit.window - now).total_seconds())) if decisive else 0


def forgive(session: Session, reserved: Iterable[int]) -> None:
    """Take back a try that succeeded."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(list(reserved))))


def clear(session: Session, limits: Iterable[Limit]) -> None:
    """Forget what was counted against *limits*."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.key.in_([limit.key for limit in limits])))


def prune(session: Session) -> int:
    """Delete tries that no limit looks at any more; return how many."""
    return session.execute(delete(LoginAttempt).where(LoginAttempt.at < utcnow() - KEEP)).rowcount  # type: ignore[attr-defined, no-any-return]


def network_of(address: str) -> str:
    """Return what one person can hold many of: an IPv6 address counts by its first 64 bits."""
    return ":".join(address.split(":")[:4]) if address.count(":") > 1 else address
