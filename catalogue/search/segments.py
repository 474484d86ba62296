"""The part of an index segment that is kept in memory: facet bits, sort values, words, and the postings that were asked for.

A Whoosh segment never changes once written; only the list of its deleted documents does. So all of this is read once.
"""

import threading
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.reading import SegmentReader, TermNotFound

from catalogue.search.bits import bits_of
from catalogue.search.document import WORDS, Entry, places

__all__ = ["IndexUnusable", "Posting", "SegmentView"]

Posting = tuple[NDArray[np.int32], NDArray[np.float32]]  # document numbers, ascending, and weights
NOTHING: Posting = (np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32))
_MOST_POSTINGS = 8_000_000  # numbers kept in memory per segment before the store of postings is emptied


class IndexUnusable(Exception):
    """The index is missing, damaged or of another version; the database must answer meanwhile."""


class SegmentView:
    """One segment, opened and read."""

    def __init__(self, storage: Any, schema: Any, segment: Any) -> None:
        self.reader = SegmentReader(storage, schema, segment)
        self.size: int = segment.doc_count_all()
        self.entries: list[Entry] = [self.reader.stored_fields(number)["entry"] for number in range(self.size)]
        self.ids = [uuid.UUID(bytes=entry[0]) for entry in self.entries]
        self.numbers = {identity: number for number, identity in enumerate(self.ids)}
        self.facets = self._facet_bits()
        self.words: list[str] = [raw.decode() for raw in self.reader.lexicon(WORDS)]
        self.titles: dict[str, list[int]] = {}
        for number, entry in enumerate(self.entries):
            self.titles.setdefault(entry[8], []).append(number)
        self._postings: dict[str, Posting] = {}
        self._kept = 0
        self._lock = threading.Lock()  # a reader has one file position per file

    def _facet_bits(self) -> dict[str, int]:
        numbers: dict[str, list[int]] = {}
        for number, entry in enumerate(self.entries):
            for value in entry[2]:
                numbers.setdefault(value, []).append(number)
        return {value: bits_of(found, self.size) for value, found in numbers.items()}

    def deleted_bits(self, segment: Any) -> int:
        """Return the bits of the documents that the newest commit says are gone."""
        return bits_of(segment.deleted_docs(), self.size)

    def posting(self, word: str) -> Posting:
        """Return document numbers and weights of *word*, deleted documents included."""
        known = self._postings.get(word)
        if known is not None:
            return known
        with self._lock:
            try:
                found = self._read(word)
            except Exception as error:
                raise IndexUnusable(f"{word}: {type(error).__name__}: {error}") from error
            self._kept += len(found[0])
            if self._kept > _MOST_POSTINGS:
                self._postings = {}
                self._kept = len(found[0])
            self._postings[word] = found
        return found

    def _matcher(self, word: str) -> Any:
        # the terms reader, not reader.postings(): that would wrap each matcher in a filter of deleted documents
        try:
            return self.reader._terms.matcher(WORDS, word.encode(), self.reader.schema[WORDS].format)
        except (TermNotFound, KeyError):
            return None

    def _read(self, word: str) -> Posting:
        matcher = self._matcher(word)
        if matcher is None:
            return NOTHING
        numbers: list[int] = []
        weights: list[float] = []
        if isinstance(matcher, W3LeafMatcher):  # whole blocks, not one call for each number
            while matcher.is_active():
                matcher._read_ids()
                matcher._read_weights()
                numbers.extend(matcher._ids)
                weights.extend(matcher._weights)
                matcher._next_block()
        while matcher.is_active():  # short lists are kept inside the dictionary of terms
            numbers.append(matcher.id())
            weights.append(matcher.weight())
            matcher.next()
        return np.array(numbers, dtype=np.int32), np.array(weights, dtype=np.float32)

    def places(self, word: str, wanted: int) -> dict[int, Any]:
        """Return the places of *word* in each document of the bitset *wanted* that holds it."""
        found: dict[int, Any] = {}
        with self._lock:
            matcher = self._matcher(word)
            while matcher is not None and matcher.is_active():
                if wanted >> matcher.id() & 1:
                    found[matcher.id()] = places(matcher.value())
                matcher.next()
        return found
