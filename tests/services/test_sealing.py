"""Sealed secrets: read by this installation only, for their owner only, and never changed unseen."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from catalogue.services.sealing import SealError, is_current, seal, unseal
from catalogue.settings import Settings

HERE = Settings(state=Path("/nowhere"), secret_key="one" * 20)


@examples(max_examples=25, deadline=None)
@given(secret=st.binary(max_size=32), owner=st.binary(max_size=16), place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_what_was_sealed_comes_back_and_a_changed_bit_does_not(
    secret: bytes, owner: bytes, place: int, bit: int
) -> None:
    sealed = seal(HERE, secret, owner)
    assert unseal(HERE, sealed, owner) == secret
    raw = bytearray(urlsafe_b64decode(sealed))
    raw[place % len(raw)] ^= 1 << bit
    with pytest.raises(SealError):
        unseal(HERE, urlsafe_b64encode(bytes(raw)).decode(), owner)


def test_the_same_secret_never_looks_the_same() -> None:
    assert len({seal(HERE, b"seed", b"alice") for _ in range(20)}) == 20


def test_a_row_copied_to_another_person_is_worth_nothing() -> None:
    with pytest.raises(SealError):
        unseal(HERE, seal(HERE, b"seed", b"alice"), b"bob")


def test_older_keys_open_and_forgotten_ones_do_not() -> None:
    sealed = seal(HERE, b"seed", b"alice")
    rotated = replace(HERE, secret_key="two" * 20, secret_key_fallbacks=(HERE.secret_key,))
    assert unseal(rotated, sealed, b"alice") == b"seed"
    assert not is_current(rotated, sealed, b"alice")
    assert is_current(HERE, sealed, b"alice")
    with pytest.raises(SealError):
        unseal(replace(rotated, secret_key_fallbacks=()), sealed, b"alice")


@pytest.mark.parametrize("damaged", ["", "x", "ä", "AAAA", "A" * 40])
def test_nonsense_is_refused(damaged: str) -> None:
    with pytest.raises(SealError):
        unseal(HERE, damaged, b"alice")


def test_what_is_too_long_is_refused_before_it_is_lost() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(HERE, b"x" * 33, b"alice")
