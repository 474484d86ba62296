"""Which documents answer the units of a query, and how well.

score = (sum of weight x strength) x coverage. A unit weighs the more the rarer it is. Its strength in a document is the best of
evidence x place x rarity of the word that answered it: a common synonym says less than the rare word that was asked. Coverage,
the weighted share of units that are answered, is a factor and no cut: a document without one of the words stays in the list,
further down.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogue.search.bits import Mask
from catalogue.search.document import SYNONYM
from catalogue.search.snapshot import Snapshot
from catalogue.search.understand import Evidence, Mechanisms, Unit, Way

__all__ = ["Answer", "rank"]

Values = NDArray[np.float32]  # one for each document

LEAST_COVERAGE = 0.36  # of the weight of all telling units
LEAST_ANY = 0.2  # how rare a word must be to carry a match without the other words
IN_TITLE = 0.7
COVERAGE_POWER = 0.7
GENERAL_WEIGHT = 0.12
GENERAL_PART_WEIGHT = 0.5  # within a compound: Fachkraft in Elektrofachkraft
MINOR_WEIGHT = 0.35
UNKNOWN_WEIGHT = 0.8
PLACE_HALF = 0.8  # weight of a place that is worth half of the best
STRONG = 0.78  # evidence from here on decides how rare a unit is
COVERED_AT = 0.6  # evidence of this strength counts as a full answer
PARTS_STRENGTH = 0.85
LEAST_PARTS = 0.6
WEAK_PLACE = SYNONYM * 1.2  # up to here the word stands only among the synonyms of a vocabulary term
WEAK_COVER = 0.5  # what such a word is worth for coverage


@dataclass
class Found:
    """What answers one unit, by document: strength with place and rarity, and how far the unit counts as answered."""

    weight: float
    scores: Values
    covers: Values

    def add(self, numbers: Any, scores: Values, covers: Values) -> None:
        """Keep, for each of *numbers*, the better of what is known and this."""
        self.scores[numbers] = np.maximum(self.scores[numbers], scores)
        self.covers[numbers] = np.maximum(self.covers[numbers], covers)


@dataclass
class Answer:
    """Which documents answer, with scores; how far the demand was lowered; the weight of each unit."""

    kept: Mask
    scores: Values
    relaxed: str
    weights: list[float]


def rank(snapshot: Snapshot, units: list[Unit], use: Mechanisms | None = None) -> Answer:
    """Return the documents that answer *units*, with scores."""
    ranker = _Ranker(snapshot, use or Mechanisms())
    found = [ranker.find(unit) for unit in units]
    telling = [one for one, unit in zip(found, units, strict=True) if not unit.general] or found
    total = sum(one.weight for one in telling) or 1.0
    coverage = ranker.zeros()
    for one in telling:
        coverage += one.covers * np.float32(one.weight / total)
    kept = (coverage >= LEAST_COVERAGE) & snapshot.living
    if len(units) > 1 and not kept.any():
        kept = _titled(snapshot, telling) & snapshot.living
    everything = sum(one.weight for one in found) or 1.0
    scores = ranker.zeros()
    for one in found:
        scores += one.scores * np.float32(one.weight / everything)
    if ranker.use.coverage:
        scores *= coverage ** np.float32(COVERAGE_POWER)
    best = float(coverage[kept].max()) if kept.any() else 1.0
    return Answer(kept, scores, _relaxed(best), [one.weight for one in found])


def _titled(snapshot: Snapshot, telling: list[Found]) -> Mask:
    """The last resort of a query with words that nobody knows: modules that hold one of the others in the title."""
    kept = np.zeros(snapshot.size, dtype=np.bool_)
    for one in telling:
        if one.weight >= LEAST_ANY:
            kept |= (one.scores >= IN_TITLE) & (one.covers >= 1.0)
    return kept


def _relaxed(best: float) -> str:
    if best >= 0.95:
        return ""
    return "most" if best >= 0.6 else "any"


class _Ranker:
    def __init__(self, snapshot: Snapshot, use: Mechanisms) -> None:
        self.snapshot = snapshot
        self.use = use
        self.count = max(1, snapshot.count)  # words of deleted documents are still there when nothing else is
        self.most = math.log(1 + self.count)

    def zeros(self) -> Values:
        """Return a value for each document, all 0."""
        return np.zeros(self.snapshot.size, dtype=np.float32)

    def rarity(self, frequency: int) -> float:
        """Return 1 for a word of one document, near 0 for a word of all."""
        if not self.use.rarity:
            return 1.0
        return math.log(1 + self.count / max(1, frequency)) / self.most

    def find(self, unit: Unit, general: float = GENERAL_WEIGHT) -> Found:
        """Return what answers *unit*; *general* is what a general word weighs."""
        weight = self._weight(unit)
        found = Found(weight, self.zeros(), self.zeros())
        for way in unit.ways:
            if way.also:
                self._sequence(way, weight, found)
            else:
                self._words(way.words, weight, found)
        if unit.parts:
            self._parts(unit, found)
        if unit.general:
            found.weight *= general
        if unit.minor:
            found.weight *= MINOR_WEIGHT
        return found

    def _weight(self, unit: Unit) -> float:
        """How rare the unit is, by its strongest evidence."""
        frequencies: dict[str, tuple[float, int]] = {}
        for way in unit.ways:
            if not way.also:
                for word, evidence in way.words.items():
                    frequencies[word] = (evidence.strength, self.snapshot.frequency(word))
        held = [(s, f) for s, f in frequencies.values() if f]
        if not held:
            return 1.0 if any(way.also for way in unit.ways) else UNKNOWN_WEIGHT
        strongest = max(s for s, _ in held)
        frequency = sum(f for s, f in held if s >= min(STRONG, strongest))
        return self.rarity(frequency)

    def _words(self, words: dict[str, Evidence], weight: float, found: Found) -> None:
        """Enter what *words* answer, all at once: one call for each word would cost more than the counting."""
        numbers, scores, covers = [], [], []
        for word, evidence in words.items():
            held, places, telling = self._graded(word)
            if len(held):
                strength = evidence.strength * math.sqrt(min(1.0, self.rarity(len(held)) / weight))
                numbers.append(held)
                scores.append(places * np.float32(strength))
                covers.append(telling * np.float32(min(1.0, evidence.strength / COVERED_AT)))
        if numbers:
            where = np.concatenate(numbers)
            np.maximum.at(found.scores, where, np.concatenate(scores))
            np.maximum.at(found.covers, where, np.concatenate(covers))

    def _graded(self, word: str) -> tuple[NDArray[np.int32], Values, Values]:
        """Return the documents of *word*, what its place is worth there, and what it counts for coverage."""
        key = (word, self.use.places)
        known = self.snapshot.memory.get(key)
        if known is None:
            numbers, places = self.snapshot.posting(word)
            worth = places / (places + np.float32(PLACE_HALF)) if self.use.places else np.ones_like(places)
            telling = np.where(places <= WEAK_PLACE, np.float32(WEAK_COVER), np.float32(1))
            known = self.snapshot.memory[key] = (numbers, worth, telling)
        return known

    def _sequence(self, way: Way, weight: float, found: Found) -> None:
        """All groups of words in one document."""
        groups = []
        for group in (way.words, *way.also):
            one = Found(weight, self.zeros(), self.zeros())
            self._words(group, weight, one)
            groups.append(one)
        scores: Values = np.mean([one.scores for one in groups], axis=0)
        covers: Values = np.min([one.covers for one in groups], axis=0)
        common = np.flatnonzero(covers)
        found.add(common, scores[common], covers[common])

    def _parts(self, unit: Unit, found: Found) -> None:
        """A compound is answered by its parts, each for itself, if the telling ones are there."""
        parts = [self.find(part, GENERAL_PART_WEIGHT) for part in unit.parts]
        telling = [one for one, part in zip(parts, unit.parts, strict=True) if not part.general]
        if not telling:
            return
        total = sum(one.weight for one in parts) or 1.0
        share, reached = self.zeros(), self.zeros()
        for one in parts:
            share += one.covers * np.float32(one.weight / total)
            reached += one.scores * np.float32(one.weight / total)
        held = np.flatnonzero((share >= LEAST_PARTS) & (telling[0].covers > 0))
        found.add(held, PARTS_STRENGTH * reached[held] * share[held], share[held])
