"""Ten codes on paper that stand in for the app once each. Shown when they are made; only hashes are kept."""

import secrets as random
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from catalogue.db import Session, utcnow
from catalogue.models import RecoveryCode
from catalogue.services.secrets import check_password, hash_password

__all__ = ["NUMBER", "Drawn", "draw", "left", "replace", "use"]

NUMBER = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else on paper
PART = 4  # "k3m9-w7tz-4hpc": the first part names the code, 8 letters (40 bits, behind a slow hash) are secret


@dataclass(frozen=True)
class Drawn:
    """New codes as people read them, and what is stored of each."""

    codes: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]


def draw() -> Drawn:
    """Return ten new codes. Takes about a second, because the hash is slow on purpose: call it while no transaction is open."""
    names: set[str] = set()
    while len(names) < NUMBER:
        names.add(_letters(PART))
    made = [(name, _letters(2 * PART)) for name in sorted(names)]
    shown = tuple(f"{name}-{secret[:PART]}-{secret[PART:]}" for name, secret in made)
    return Drawn(shown, tuple((name, hash_password(secret)) for name, secret in made))


def _letters(number: int) -> str:
    return "".join(random.choice(ALPHABET) for _ in range(number))


def replace(session: Session, user_id: uuid.UUID, drawn: Drawn) -> None:
    """Make *drawn* the codes of a person; all earlier ones end."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, name=name, code_hash=stored) for name, stored in drawn.rows)
    session.flush()


def left(session: Session, user_id: uuid.UUID) -> int:
    """Return how many codes of a person were not used yet."""
    unused = (RecoveryCode.user_id == user_id) & RecoveryCode.used_at.is_(None)
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(unused)) or 0


def use(session: Session, user_id: uuid.UUID, typed: str) -> bool:
    """Use a code up; return whether it was one. How it is written (case, spaces, hyphens) does not matter."""
    letters = "".join(letter for letter in typed.lower() if letter.isalnum())
    if len(letters) != 3 * PART:
        return False
    unused = (RecoveryCode.user_id == user_id) & RecoveryCode.used_at.is_(None)
    found = session.scalar(select(RecoveryCode).where(unused, RecoveryCode.name == letters[:PART]))
    if not check_password(letters[PART:], found.code_hash if found else None) or found is None:
        return False
    taken = session.execute(
        update(RecoveryCode).where(RecoveryCode.id == found.id, RecoveryCode.used_at.is_(None)).values(used_at=utcnow())
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]
