"""Which modules are like another: they share its rare words, wherever both hold them with weight."""

import math

import numpy as np

from catalogue.models import Module
from catalogue.search.analysis import stem, tokens
from catalogue.search.document import PROVIDER, SYNONYM, labels, texts
from catalogue.search.snapshot import Snapshot
from catalogue.search.wordlists import general_words, stop_words

__all__ = ["alike"]

_MOST_WORDS = 40


def alike(snapshot: Snapshot, module: Module, limit: int) -> list[int]:
    """Return the documents most like *module*, itself left out."""
    weights: dict[str, float] = {}
    for part in [*texts(module), *(part for part in labels(module) if SYNONYM < part.weight != PROVIDER)]:
        for token in tokens(part.text):
            if not token.joined and token.word not in stop_words() and stem(token.word) not in general_words():
                weights[token.word] = max(weights.get(token.word, 0.0), part.weight)
    rare = {w: math.log(1 + snapshot.count / (1 + snapshot.frequency(w))) for w in weights}
    telling = sorted(weights, key=lambda w: (-rare[w] * weights[w], w))[:_MOST_WORDS]
    scores = np.zeros(snapshot.size, dtype=np.float32)
    for word in telling:
        numbers, held = snapshot.posting(word)
        scores[numbers] += rare[word] ** 2 * np.sqrt(held * weights[word])
    scores[~snapshot.living] = 0
    own = snapshot.number_of(module.id)
    if own is not None:
        scores[own] = 0
    alike = np.flatnonzero(scores)
    order = np.lexsort((snapshot.rank[alike], -np.round(scores[alike], 4)))
    return [int(number) for number in alike[order][:limit]]
