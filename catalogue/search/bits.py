"""Sets of documents in two forms: as one Python integer (bit *n* stands for document *n*), which is quick to combine and count,
and as an array of booleans, which is quick to compute with."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "bits_of", "bits_of_mask", "mask_of"]

Mask = NDArray[np.bool_]


def bits_of(numbers: Iterable[int] | NDArray[Any], size: int) -> int:
    """Return the bitset of *numbers*, all below *size*."""
    if isinstance(numbers, np.ndarray):
        mask = np.zeros(size, dtype=np.bool_)
        mask[numbers] = True
        return bits_of_mask(mask)
    raw = bytearray(size // 8 + 1)
    for number in numbers:
        raw[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(raw, "little")


def bits_of_mask(mask: Mask) -> int:
    """Return the bitset of the true places of *mask*."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def mask_of(bits: int, size: int) -> Mask:
    """Return an array that is true where *bits* has a bit."""
    raw = np.frombuffer(bits.to_bytes(size // 8 + 1, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=size, bitorder="little").view(np.bool_)
