"""Which modules are like another: they share its rare words, wherever both hold them with weight."""

import math

from catalogue.models import Module
from catalogue.search.analysis import stem, tokens
from catalogue.search.document import SYNONYM, texts
from catalogue.search.snapshot import Snapshot
from catalogue.search.wordlists import general_words, stop_words

__all__ = ["alike"]

_MOST_WORDS = 40
_PROVIDER = 2.2  # the words of a provider's name make no likeness


def alike(snapshot: Snapshot, module: Module, limit: int) -> list[int]:
    """Return the documents most like *module*, itself left out."""
    weights: dict[str, float] = {}
    for part in texts(module):
        if part.weight == _PROVIDER or part.weight <= SYNONYM:
            continue
        for token in tokens(part.text):
            if not token.joined and token.word not in stop_words() and stem(token.word) not in general_words():
                weights[token.word] = max(weights.get(token.word, 0.0), part.weight)
    rare = {w: math.log(1 + snapshot.count / (1 + snapshot.frequency(w))) for w in weights}
    telling = sorted(weights, key=lambda w: (-rare[w] * weights[w], w))[:_MOST_WORDS]
    scores: dict[int, float] = {}
    for word in telling:
        for number, weight in zip(*snapshot.posting(word), strict=True):
            scores[number] = scores.get(number, 0.0) + rare[word] ** 2 * math.sqrt(weight * weights[word])
    own = snapshot.number_of(module.id)
    alive = [n for n in scores if n != own and snapshot.alive >> n & 1]
    return sorted(alive, key=lambda n: (-round(scores[n], 6), snapshot.rank[n]))[:limit]
