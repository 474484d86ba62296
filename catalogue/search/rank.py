"""Which documents answer the units of a query, and how well.

score = (sum of weight x strength) x coverage, where a unit weighs the more the rarer it is, its strength is the best evidence
in the best place, and coverage is the weighted share of units that are answered. Coverage is a factor, not a cut: a document
without one of the words stays in the list, further down.
"""

import math
from dataclasses import dataclass, field

from catalogue.search.snapshot import Snapshot
from catalogue.search.understand import Evidence, Mechanisms, Unit, Way

__all__ = ["Answer", "rank"]

LEAST_COVERAGE = 0.38  # of the weight of all telling units
COVERAGE_POWER = 1.5
GENERAL_WEIGHT = 0.12
MINOR_WEIGHT = 0.35
UNKNOWN_WEIGHT = 0.8
PLACE_HALF = 1.2
COVERED_AT = 0.6  # evidence of this strength counts as a full answer
PARTS_STRENGTH = 0.85
LEAST_PARTS = 0.55


@dataclass
class Found:
    """Documents that answer one unit: strength with the weight of the place, and plain strength of the evidence."""

    scores: dict[int, float] = field(default_factory=dict)
    covers: dict[int, float] = field(default_factory=dict)


@dataclass
class Answer:
    """The ranked answer: document numbers to scores, how far all units were answered, and what each unit found."""

    scores: dict[int, float]
    coverage: dict[int, float]
    relaxed: str
    weights: list[float]


def rank(snapshot: Snapshot, units: list[Unit], use: Mechanisms | None = None) -> Answer:
    """Return the documents that answer *units*, with scores."""
    use = use or Mechanisms()
    found = [_find(snapshot, unit) for unit in units]
    weights = [_weight(snapshot, unit, one, use) for unit, one in zip(units, found, strict=True)]
    telling = [not unit.general for unit in units]
    if not any(telling):
        telling = [True] * len(units)
    total = sum(w for w, t in zip(weights, telling, strict=True) if t) or 1.0
    answered: dict[int, float] = {}
    for one, weight, counts in zip(found, weights, telling, strict=True):
        if counts:
            for number, cover in one.covers.items():
                answered[number] = answered.get(number, 0.0) + weight * min(1.0, cover / COVERED_AT)
    alive = snapshot.alive
    kept = {n: a / total for n, a in answered.items() if a / total >= LEAST_COVERAGE and alive >> n & 1}
    everything = sum(weights) or 1.0
    scores = {}
    for number, covered in kept.items():
        reached = sum(w * one.scores.get(number, 0.0) for w, one in zip(weights, found, strict=True))
        scores[number] = reached / everything * (covered**COVERAGE_POWER if use.coverage else 1.0)
    return Answer(scores, kept, _relaxed(kept), weights)


def _relaxed(kept: dict[int, float]) -> str:
    best = max(kept.values(), default=1.0)
    if best >= 0.98:
        return ""
    return "most" if best >= 0.6 else "any"


def _weight(snapshot: Snapshot, unit: Unit, found: Found, use: Mechanisms) -> float:
    good = sum(1 for cover in found.covers.values() if cover >= COVERED_AT) or len(found.covers)
    most = math.log(1 + snapshot.count)
    weight = math.log(1 + snapshot.count / max(1, good)) / most if use.rarity and most else 1.0
    if not found.covers:
        weight *= UNKNOWN_WEIGHT
    if unit.general:
        weight *= GENERAL_WEIGHT
    if unit.minor:
        weight *= MINOR_WEIGHT
    return weight


def _find(snapshot: Snapshot, unit: Unit) -> Found:
    found = Found()
    for way in unit.ways:
        if way.also:
            _sequence(snapshot, way, found)
        else:
            for word, evidence in way.words.items():
                _word(snapshot, word, evidence, found)
    if unit.parts:
        _parts(snapshot, unit, found)
    return found


def _word(snapshot: Snapshot, word: str, evidence: Evidence, found: Found) -> None:
    strength = evidence.strength
    scores, covers = found.scores, found.covers
    for number, weight in zip(*snapshot.posting(word), strict=True):
        score = strength * weight / (weight + PLACE_HALF)
        if score > scores.get(number, 0.0):
            scores[number] = score
        if strength > covers.get(number, 0.0):
            covers[number] = strength


def _sequence(snapshot: Snapshot, way: Way, found: Found) -> None:
    """All groups of words, one after the other in the text; in any order it is weaker evidence."""
    groups = []
    for group in (way.words, *way.also):
        one = Found()
        for word, evidence in group.items():
            _word(snapshot, word, evidence, one)
        groups.append(one)
    common = set(groups[0].scores)
    for one in groups[1:]:
        common &= one.scores.keys()
    if not common:
        return
    for number in common:
        score = min(one.scores[number] for one in groups)
        cover = min(one.covers[number] for one in groups)
        if score > found.scores.get(number, 0.0):
            found.scores[number] = score
        if cover > found.covers.get(number, 0.0):
            found.covers[number] = cover


def _parts(snapshot: Snapshot, unit: Unit, found: Found) -> None:
    """A compound is answered by its parts, each for itself, if enough of it is answered."""
    parts = [_find(snapshot, part) for part in unit.parts]
    weights = [_weight(snapshot, part, one, Mechanisms()) for part, one in zip(unit.parts, parts, strict=True)]
    total = sum(weights) or 1.0
    numbers = {number for one in parts for number in one.covers}
    for number in numbers:
        covered = sum(
            w * min(1.0, one.covers.get(number, 0.0) / COVERED_AT) for w, one in zip(weights, parts, strict=True)
        )
        share = covered / total
        if share < LEAST_PARTS:
            continue
        reached = sum(w * one.scores.get(number, 0.0) for w, one in zip(weights, parts, strict=True)) / total
        score, cover = PARTS_STRENGTH * reached * share, PARTS_STRENGTH * share * COVERED_AT / PARTS_STRENGTH
        if score > found.scores.get(number, 0.0):
            found.scores[number] = score
        if cover > found.covers.get(number, 0.0):
            found.covers[number] = cover
