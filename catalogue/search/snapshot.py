"""The index as it was after one commit: all segments side by side under one numbering of documents. Never changes."""

import uuid
from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogue.search.bits import Mask, bits_of, mask_of
from catalogue.search.document import Entry
from catalogue.search.lexicon import Lexicon
from catalogue.search.segments import NOTHING, Posting, SegmentView

__all__ = ["Snapshot"]

_NEVER = 10**9  # sorts modules without a date or duration behind all others


class Snapshot:
    """What one search looks at. Documents are numbered through all segments; bitsets speak of these numbers."""

    def __init__(self, generation: str, commit: int, views: list[SegmentView], deleted: list[int]) -> None:
        self.generation = generation
        self.commit = commit
        self.views = views
        self.bases: list[int] = []
        self.size = 0
        self.alive = 0
        for view, gone in zip(views, deleted, strict=True):
            self.bases.append(self.size)
            self.alive |= (((1 << view.size) - 1) & ~gone) << self.size
            self.size += view.size
        self.count = self.alive.bit_count()
        self._postings: dict[str, Posting] = {}
        self._orders: dict[tuple[str, int], NDArray[np.int32]] = {}
        self.memory: dict[Any, Any] = {}  # what ranking works out again and again

    @cached_property
    def ids(self) -> list[uuid.UUID]:
        """Return the module of each document number."""
        return [identity for view in self.views for identity in view.ids]

    @cached_property
    def facets(self) -> dict[str, int]:
        """Return the bits of each facet value, as "name=value"."""
        found: dict[str, int] = {}
        for base, view in zip(self.bases, self.views, strict=True):
            for value, bits in view.facets.items():
                found[value] = found.get(value, 0) | bits << base
        return {value: bits & self.alive for value, bits in found.items() if bits & self.alive}

    @cached_property
    def living(self) -> Mask:
        """Return where documents are that are not deleted."""
        return mask_of(self.alive, self.size)

    @cached_property
    def lexicon(self) -> Lexicon:
        """Return all words that the index holds."""
        if len(self.views) == 1:
            return Lexicon(self.views[0].words)
        return Lexicon(sorted({word for view in self.views for word in view.words}))

    def posting(self, word: str) -> Posting:
        """Return document numbers and weights of *word*; deleted documents are still among them."""
        if len(self.views) == 1:
            return self.views[0].posting(word)
        known = self._postings.get(word)
        if known is None:
            found = [(base, view.posting(word)) for base, view in zip(self.bases, self.views, strict=True)]
            held = [(numbers + np.int32(base), weights) for base, (numbers, weights) in found if len(numbers)]
            known = (np.concatenate([n for n, _ in held]), np.concatenate([w for _, w in held])) if held else NOTHING
            self._postings[word] = known
            if len(self._postings) > 5_000:
                self._postings = {}
        return known

    def frequency(self, word: str) -> int:
        """Return in how many documents *word* stands (about: deleted ones may be counted)."""
        return len(self.posting(word)[0])

    def phrase(self, words: list[str], within: int) -> int:
        """Return the bits of those documents of *within* in which *words* stand one after the other."""
        found = 0
        for base, view in zip(self.bases, self.views, strict=True):
            wanted = within >> base & ((1 << view.size) - 1)
            at = [view.places(word, wanted) for word in words]
            for number, places in at[0].items():
                if any(
                    all(number in more and place + step in more[number] for step, more in enumerate(at))
                    for place in places
                ):
                    found |= 1 << (base + number)
        return found

    def titled(self, key: str) -> int:
        """Return the bits of documents whose folded title is *key*."""
        numbers = [
            base + number
            for base, view in zip(self.bases, self.views, strict=True)
            for number in view.titles.get(key, ())
        ]
        return bits_of(numbers, self.size) & self.alive

    def number_of(self, identity: uuid.UUID) -> int | None:
        """Return the document number of a module, None if it is not in the index."""
        for base, view in zip(self.bases, self.views, strict=True):
            number = view.numbers.get(identity)
            if number is not None and self.alive >> (base + number) & 1:
                return base + number
        return None

    def bits_for(self, identities: Iterable[uuid.UUID]) -> int:
        """Return the bits of these modules."""
        return bits_of((number for i in identities if (number := self.number_of(i)) is not None), self.size)

    def versions(self) -> dict[uuid.UUID, int]:
        """Return the version of every module in the index."""
        entries = [entry for view in self.views for entry in view.entries]
        return {self.ids[n]: entries[n][1] for n in range(self.size) if self.alive >> n & 1}

    def order(self, sort: str, today: date) -> NDArray[np.int32]:
        """Return all document numbers in the order of *sort*; ties by position, then title, then id."""
        key = (sort, today.toordinal() if sort == "next_run" else 0)
        if key not in self._orders:
            self._orders[key] = np.array(self._sorted(sort, today.toordinal()), dtype=np.int32)
        return self._orders[key]

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Return the place of each document in the order of the catalogue, for ties."""
        places = np.empty(self.size, dtype=np.int32)
        places[self.order("position", date.min)] = np.arange(self.size, dtype=np.int32)
        return places

    def _sorted(self, sort: str, today: int) -> list[int]:
        entries = [entry for view in self.views for entry in view.entries]
        second: Callable[[Entry], Any] = (lambda e: e[4]) if sort == "title" else (lambda e: (e[3], e[4]))
        first = _first_key(sort, today)
        return sorted(range(self.size), key=lambda n: (first(entries[n]), second(entries[n]), entries[n][0]))


def _first_key(sort: str, today: int) -> Callable[[Entry], int]:
    """Return what documents are first sorted by."""
    keys: dict[str, Callable[[Entry], int]] = {
        "newest": lambda e: -e[5],
        "title": lambda e: 0,
        "duration": lambda e: e[6] or _NEVER,
        "next_run": lambda e: next((day for day in e[7] if day >= today), _NEVER),
    }
    return keys.get(sort, lambda e: e[3])
