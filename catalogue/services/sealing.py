"""Small secrets that must be read again, sealed with a key derived from the secret key, so that a copy of the database tells nothing.

The standard library has no cipher. A secret of at most 32 bytes needs none: it is masked with HMAC-SHA-256 over a random number
that is never used twice, and a second HMAC proves that nobody changed it (encrypt, then authenticate).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from catalogue.settings import Settings, load_secret_key

__all__ = ["LONGEST", "SealError", "is_current", "seal", "unseal"]

LONGEST = hashlib.sha256().digest_size
NONCE, TAG = 16, 32


class SealError(ValueError):
    """What is stored was changed, belongs to something else, or was sealed with a key that is not known any more."""


def seal(settings: Settings, secret: bytes, owner: bytes) -> str:
    """Return *secret* (at most 32 bytes) in a form that only this installation can read, and only for *owner*."""
    if len(secret) > LONGEST:
        raise ValueError(f"At most {LONGEST} bytes can be sealed.")
    key, nonce = load_secret_key(settings), secrets.token_bytes(NONCE)
    masked = _masked(key, nonce, secret)
    return urlsafe_b64encode(nonce + masked + _tag(key, nonce, masked, owner)).decode("ascii")


def unseal(settings: Settings, sealed: str, owner: bytes) -> bytes:
    """Return the secret; raise SealError. Keys of ``CATALOGUE_SECRET_KEY_FALLBACKS`` are tried, too."""
    for key in (load_secret_key(settings), *settings.secret_key_fallbacks):
        nonce, masked, tag = _parts(sealed)
        if hmac.compare_digest(tag, _tag(key, nonce, masked, owner)):
            return _masked(key, nonce, masked)
    raise SealError("The secret cannot be read with the secret key.")


def is_current(settings: Settings, sealed: str, owner: bytes) -> bool:
    """Return whether *sealed* was made with today's key, not with an older one."""
    nonce, masked, tag = _parts(sealed)
    return hmac.compare_digest(tag, _tag(load_secret_key(settings), nonce, masked, owner))


def _parts(sealed: str) -> tuple[bytes, bytes, bytes]:
    try:
        raw = urlsafe_b64decode(sealed.encode("ascii"))
    except ValueError as error:
        raise SealError("The secret is damaged.") from error
    return raw[:NONCE], raw[NONCE:-TAG], raw[-TAG:]


def _masked(key: str, nonce: bytes, text: bytes) -> bytes:
    mask = hmac.digest(_derived(key, b"mask"), nonce, "sha256")
    return bytes(one ^ other for one, other in zip(text, mask, strict=False))


def _tag(key: str, nonce: bytes, masked: bytes, owner: bytes) -> bytes:
    return hmac.digest(_derived(key, b"tag"), nonce + masked + owner, "sha256")


def _derived(key: str, use: bytes) -> bytes:
    """Return a key for one use (HKDF, RFC 5869): what signs cookies never seals secrets."""
    extracted = hmac.digest(b"catalogue sealing", key.encode(), "sha256")
    return hmac.digest(extracted, use + b"\x01", "sha256")
