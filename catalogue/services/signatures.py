"""Signed links: an address that only we can have made, without anything to store. It never ends itself; what it leads to says when it is over."""

import hashlib
import hmac
import uuid

from catalogue.settings import Settings, load_secret_key

__all__ = ["is_signed", "sign"]


def sign(settings: Settings, purpose: str, thing: uuid.UUID) -> str:
    """Return the signature (64 hex digits) that opens *thing* for one *purpose*."""
    return _signature(load_secret_key(settings), purpose, thing)


def is_signed(settings: Settings, purpose: str, thing: uuid.UUID, signature: str) -> bool:
    """Return whether *signature* was made for *thing* and *purpose*, with the secret key or an earlier one."""
    keys = (load_secret_key(settings), *settings.secret_key_fallbacks)
    given = signature.encode(errors="replace")
    return any(hmac.compare_digest(_signature(key, purpose, thing).encode(), given) for key in keys)


def _signature(key: str, purpose: str, thing: uuid.UUID) -> str:
    return hmac.new(key.encode(), purpose.encode() + b" " + thing.bytes, hashlib.sha256).hexdigest()
