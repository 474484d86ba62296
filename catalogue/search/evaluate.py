"""How good a ranking is against judged queries: nDCG@10, recall@10, MRR, success@3 and false hits, overall and per class."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Judged", "Measures", "Table", "evaluate", "measure", "read_judged"]

GOOD = 2  # from this grade on a module counts as an answer (0 no, 1 touches it, 2 good, 3 exactly this)
CUT = 10


@dataclass(frozen=True)
class Judged:
    """One query with the grades of the modules (by slug) that answer it; none: the catalogue has no answer."""

    id: str
    query: str
    kind: str
    relevant: dict[str, int]


@dataclass(frozen=True)
class Measures:
    """Means over some queries. ``false_hits``: mean number of results of queries that have no answer."""

    queries: int = 0
    ndcg: float = 0.0
    recall: float = 0.0
    mrr: float = 0.0
    success: float = 0.0
    false_hits: float = 0.0


@dataclass(frozen=True)
class Table:
    """Measures of all queries and of each class, and the nDCG of each query."""

    overall: Measures
    classes: dict[str, Measures] = field(default_factory=dict)
    each: dict[str, float] = field(default_factory=dict)


def read_judged(path: Path) -> list[Judged]:
    """Read a file of judged queries: a JSON list of ``{id, class, query, relevant: {slug: grade}}``."""
    return [
        Judged(one["id"], one["query"], one["class"], one["relevant"])
        for one in json.loads(path.read_text(encoding="utf-8"))
    ]


def measure(ranked: Sequence[str], relevant: dict[str, int]) -> tuple[float, float, float, float]:
    """Return nDCG@10 (gain 2^grade - 1), recall@10, reciprocal rank and success@3 of one answer."""
    gains = [2 ** relevant.get(slug, 0) - 1 for slug in ranked[:CUT]]
    ideal = sorted((2**grade - 1 for grade in relevant.values()), reverse=True)[:CUT]
    good = {slug for slug, grade in relevant.items() if grade >= GOOD}
    first = next((place for place, slug in enumerate(ranked, 1) if slug in good), 0)
    return (
        _discounted(gains) / _discounted(ideal),
        len(good.intersection(ranked[:CUT])) / len(good) if good else 1.0,
        1 / first if first else 0.0,
        float(bool(good.intersection(ranked[:3]))),
    )


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def evaluate(judged: Sequence[Judged], search: Callable[[str], Sequence[str]]) -> Table:
    """Ask *search* (query → slugs, best first) every query and return the measures."""
    answers = [(one, search(one.query)) for one in judged]
    kinds = list(dict.fromkeys(one.kind for one in judged))
    return Table(
        _mean(answers),
        {kind: _mean([(one, ranked) for one, ranked in answers if one.kind == kind]) for kind in kinds},
        {one.id: measure(ranked, one.relevant)[0] if one.relevant else float(len(ranked)) for one, ranked in answers},
    )


def _mean(answers: Sequence[tuple[Judged, Sequence[str]]]) -> Measures:
    with_answer = [measure(ranked, one.relevant) for one, ranked in answers if one.relevant]
    without = [len(ranked) for one, ranked in answers if not one.relevant]
    count = len(with_answer) or 1
    ndcg, recall, mrr, success = (
        (sum(column) / count for column in zip(*with_answer, strict=True)) if with_answer else (0.0,) * 4
    )
    return Measures(len(answers), ndcg, recall, mrr, success, sum(without) / len(without) if without else 0.0)
