"""Proving again who sits there: with everything that signing in takes, password and code."""

import uuid
from dataclasses import dataclass

from catalogue.db import Session
from catalogue.models import User
from catalogue.services import accounts, second_factor, sessions, throttle
from catalogue.services.accounts import Candidate
from catalogue.settings import Settings

__all__ = ["Tries", "asked", "confirm", "count"]


@dataclass(frozen=True)
class Tries:
    """What was counted before the proof is looked at; taken back if it is right."""

    who: Candidate
    codes: tuple[int, ...]


def asked(user: User) -> tuple[bool, bool]:
    """Return whether *user* is asked for the password, and for a code. Neither: the person has to sign in again elsewhere."""
    return user.password_hash is not None, user.second_factor_at is not None


def count(session: Session, user_id: uuid.UUID, address: str) -> Tries:
    """Count a try against the limits of signing in; raise TooMany."""
    user = session.get_one(User, user_id)
    who = accounts.candidate(session, user.email, address)
    codes = throttle.reserve(session, throttle.code_limits(user.id)) if user.second_factor_at else ()
    return Tries(who, tuple(codes))


def confirm(session: Session, settings: Settings, tries: Tries, session_id: uuid.UUID, code: str) -> bool:
    """Note in the sign-in *session_id* that its person proved who they are, if *code* is right or not needed. The password was right."""
    user = session.get_one(User, tries.who.user_id)
    if user.second_factor_at is not None and not second_factor.accept(session, settings, user, code):
        return False
    throttle.forgive(session, [*tries.who.reserved, *tries.codes])
    sessions.confirm(session, session_id)
    return True
