"""What a person may have wanted to type where nothing at all was found: nearer guesses than the search itself dares to make."""

from collections.abc import Iterable, Iterator
from itertools import chain

from catalogue.search.analysis import is_code, stem, tokens
from catalogue.search.lexicon import distance
from catalogue.search.lookup import Lookup
from catalogue.search.snapshot import Snapshot
from catalogue.search.wordlists import known_words, short_words, stop_words

__all__ = ["nearest", "surface"]

MOST_WORDS = 3  # unknown words of one query that are looked at
SHORTEST, LONG = 4, 9  # letters: from which length on one slip, two slips


def nearest(snapshot: Snapshot, found: Lookup, words: Iterable[str]) -> dict[str, str]:
    """Return for the unknown words of a search, as typed, the nearest word (folded) of the modules or of *words*."""
    words = [*words]
    unknown = [unit for unit in found.units if not unit.ways and len(unit.words) == 1]
    near = ((unit.asked, _nearest(snapshot, unit.words[0], words)) for unit in unknown[:MOST_WORDS])
    return {asked: word for asked, word in near if word}


def _nearest(snapshot: Snapshot, word: str, words: Iterable[str]) -> str:
    if (
        len(word) < SHORTEST
        or is_code(word)
        or word in short_words()
        or word in stop_words()
        or stem(word) in known_words()
    ):
        return ""
    allowed = 1 if len(word) < LONG else 2
    steps = [
        (distance(word, other, allowed), other) for other in _alike(chain(snapshot.lexicon.words, words), word, allowed)
    ]
    near = [(step, -len(snapshot.posting(other)[0]), other) for step, other in steps if step <= allowed]
    return min(near)[2] if near else ""


def _alike(words: Iterable[str], word: str, allowed: int) -> Iterator[str]:
    for other in words:
        if other[0] == word[0] and abs(len(other) - len(word)) <= allowed and not is_code(other):
            yield other


def surface(word: str, texts: list[str]) -> str:
    """Return how *texts* write the folded *word*."""
    for text in texts:
        for token in tokens(text):
            if token.word == word:
                return text[token.start : token.end]
    return word
