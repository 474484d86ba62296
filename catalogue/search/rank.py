"""Which documents answer the units of a query, and how well.

score = (sum of weight x strength) x coverage. A unit weighs the more the rarer it is. Its strength in a document is the best of
evidence x place x rarity of the word that answered it: a common synonym says less than the rare word that was asked. Coverage,
the weighted share of units that are answered, is a factor and no cut: a document without one of the words stays in the list,
further down.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalogue.search.document import SYNONYM
from catalogue.search.snapshot import Snapshot
from catalogue.search.understand import Evidence, Mechanisms, Unit, Way

__all__ = ["Answer", "rank"]

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
    """Documents that answer one unit: strength with place and rarity, and how far the unit counts as answered."""

    weight: float = 1.0
    scores: dict[int, float] = field(default_factory=dict)
    covers: dict[int, float] = field(default_factory=dict)

    def add(self, number: int, score: float, cover: float) -> None:
        """Keep the better of what is known and this."""
        if score > self.scores.get(number, 0.0):
            self.scores[number] = score
        if cover > self.covers.get(number, 0.0):
            self.covers[number] = cover


@dataclass
class Answer:
    """The ranked answer: document numbers to scores, the share of the query that each answers, the weight of each unit."""

    scores: dict[int, float]
    coverage: dict[int, float]
    relaxed: str
    weights: list[float]


def rank(snapshot: Snapshot, units: list[Unit], use: Mechanisms | None = None) -> Answer:
    """Return the documents that answer *units*, with scores."""
    ranker = _Ranker(snapshot, use or Mechanisms())
    found = [ranker.find(unit) for unit in units]
    telling = [one for one, unit in zip(found, units, strict=True) if not unit.general] or found
    total = sum(one.weight for one in telling) or 1.0
    answered: dict[int, float] = {}
    for one in telling:
        for number, cover in one.covers.items():
            answered[number] = answered.get(number, 0.0) + one.weight * cover
    alive = snapshot.alive
    kept = {n: a / total for n, a in answered.items() if a / total >= LEAST_COVERAGE and alive >> n & 1}
    if not kept:
        kept = {n: c for n, c in _titled(telling, total, len(units)).items() if alive >> n & 1}
    everything = sum(one.weight for one in found) or 1.0
    power = COVERAGE_POWER if ranker.use.coverage else 0.0
    scores = {
        number: sum(one.weight * one.scores.get(number, 0.0) for one in found) / everything * covered**power
        for number, covered in kept.items()
    }
    return Answer(scores, kept, _relaxed(kept.values()), [one.weight for one in found])


def _titled(telling: list[Found], total: float, asked: int) -> dict[int, float]:
    """The last resort of a query with words that nobody knows: modules that hold one of the others in the title."""
    if asked < 2:
        return {}
    return {
        number: one.weight / total
        for one in telling
        if one.weight >= LEAST_ANY
        for number, score in one.scores.items()
        if score >= IN_TITLE and one.covers[number] >= 1.0
    }


def _relaxed(coverage: Iterable[float]) -> str:
    best = max(coverage, default=1.0)
    if best >= 0.95:
        return ""
    return "most" if best >= 0.6 else "any"


class _Ranker:
    def __init__(self, snapshot: Snapshot, use: Mechanisms) -> None:
        self.snapshot = snapshot
        self.use = use
        self.most = math.log(1 + snapshot.count) or 1.0

    def rarity(self, frequency: int) -> float:
        """Return 1 for a word of one document, near 0 for a word of all."""
        if not self.use.rarity:
            return 1.0
        return math.log(1 + self.snapshot.count / max(1, frequency)) / self.most

    def find(self, unit: Unit, general: float = GENERAL_WEIGHT) -> Found:
        """Return what answers *unit*; *general* is what a general word weighs."""
        weight = self._weight(unit)
        found = Found(weight)
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
        scores, covers, places = found.scores, found.covers, self.use.places
        for word, evidence in words.items():
            numbers, weights = self.snapshot.posting(word)
            if not len(numbers):
                continue
            strength = evidence.strength * math.sqrt(min(1.0, self.rarity(len(numbers)) / weight))
            full = min(1.0, evidence.strength / COVERED_AT)
            for number, place in zip(numbers, weights, strict=True):
                score = strength * place / (place + PLACE_HALF) if places else strength
                if score > scores.get(number, 0.0):
                    scores[number] = score
                cover = full * WEAK_COVER if place <= WEAK_PLACE else full
                if cover > covers.get(number, 0.0):
                    covers[number] = cover

    def _sequence(self, way: Way, weight: float, found: Found) -> None:
        """All groups of words in one document."""
        groups = []
        for group in (way.words, *way.also):
            one = Found()
            self._words(group, weight, one)
            groups.append(one)
        common = set(groups[0].scores)
        for one in groups[1:]:
            common &= one.scores.keys()
        for number in common:
            score = sum(one.scores[number] for one in groups) / len(groups)
            found.add(number, score, min(one.covers[number] for one in groups))

    def _parts(self, unit: Unit, found: Found) -> None:
        """A compound is answered by its parts, each for itself, if the telling ones are there."""
        parts = [self.find(part, GENERAL_PART_WEIGHT) for part in unit.parts]
        telling = [one for one, part in zip(parts, unit.parts, strict=True) if not part.general]
        total = sum(one.weight for one in parts) or 1.0
        numbers = {number for one in (telling or parts) for number in one.covers}
        for number in numbers:
            share = sum(one.weight * one.covers.get(number, 0.0) for one in parts) / total
            if share >= LEAST_PARTS and telling and number in telling[0].covers:
                reached = sum(one.weight * one.scores.get(number, 0.0) for one in parts) / total
                found.add(number, PARTS_STRENGTH * reached * share, share)
