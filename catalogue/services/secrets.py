"""Passwords and tokens. Only hashes are ever stored."""

import hashlib
import secrets
import threading
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["check_password", "hash_password", "hash_token", "make_token", "needs_rehash", "use_hasher"]

_hasher = PasswordHasher()  # RFC 9106 low-memory profile: 64 MiB, 3 passes
_at_once = threading.Semaphore(2)  # each hash takes 64 MiB


def _unmatched() -> str:
    """Return what looks like a stored hash but fits no password; made of random bytes, because hashing would slow each start."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, _hasher.hash_len))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_nobody = _unmatched()  # verified for unknown accounts, so that timing tells nothing


def use_hasher(hasher: PasswordHasher) -> None:
    """Hash with other parameters from now on; tests take cheap ones."""
    global _hasher, _nobody
    _hasher = hasher
    _nobody = _unmatched()


def make_token() -> str:
    """Return a new secret of 256 bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored for *token* (64 hex digits)."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def hash_password(password: str) -> str:
    """Return the argon2id hash of *password*."""
    with _at_once:
        return _hasher.hash(_bytes(password))


def _bytes(password: str) -> bytes:
    """Some keyboards send an umlaut as one character, some as two: both are the same password."""
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")


def check_password(password: str, stored: str | None) -> bool:
    """Return whether *password* fits *stored*; takes as long when there is no stored hash."""
    with _at_once:
        try:
            return _hasher.verify(stored or _nobody, _bytes(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Return whether *stored* was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
