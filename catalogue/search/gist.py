"""What a few words are about: their telling roots, so that wordings of one thing meet, and the topic that they most likely belong to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np

from catalogue.search.analysis import root, tokens
from catalogue.search.bits import bits_of
from catalogue.search.snapshot import Snapshot
from catalogue.search.wordlists import stop_words

__all__ = ["TopicGuess", "gist"]

SHORTEST_PART = 5  # letters of a name that counts inside a compound
CLEAR = 0.5  # share of the modules with a word from which their topic is its topic


@lru_cache(maxsize=20_000)
def gist(text: str) -> tuple[str, ...]:
    """Return the roots of the telling words of *text*, sorted: "Lagerung von Batterien" and "Batterie lagern" share theirs."""
    words = [token.word for token in tokens(text) if not token.joined]
    telling = [word for word in words if word not in stop_words()] or words
    return tuple(sorted({root(word) for word in telling}))


class TopicGuess:
    """Guesses topics: by their names first, then by the modules that hold the same words. Works out each word once."""

    def __init__(self, names: Mapping[str, Iterable[str]], snapshot: Snapshot | None) -> None:
        """*names*: labels and synonyms by topic code, in the order that breaks ties."""
        self._order = {code: place for place, code in enumerate(names)}
        self._names: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)  # by the first word
        self._short: list[tuple[str, str]] = []
        for code, given in names.items():
            for words in filter(None, map(gist, given)):
                self._names[words[0]].append((code, frozenset(words)))
                if len(words) == 1 and len(words[0]) >= SHORTEST_PART:
                    self._short.append((code, words[0]))
        self._snapshot = snapshot
        self._topics = {code: snapshot.facets.get(f"topic={code}", 0) for code in names} if snapshot else {}
        self._shares: dict[str, Counter[str]] = {}
        self._parts: dict[str, tuple[str, ...]] = {}
        self._texts: dict[str, str] = {}

    def of(self, text: str) -> str:
        """Return the code of the topic that *text* most likely belongs to, "" if nothing tells."""
        if text not in self._texts:
            self._texts[text] = self._by_name(gist(text)) or self._by_modules(text)
        return self._texts[text]

    def _by_name(self, words: tuple[str, ...]) -> str:
        found: Counter[str] = Counter()
        own = set(words)
        for word in words:
            for code, name in self._names.get(word, ()):
                if name <= own:
                    found[code] = max(found[code], 2 * len(name))
            for code in self._inside(word):
                found[code] = max(found[code], 1)
        return self._best(found)

    def _inside(self, word: str) -> tuple[str, ...]:
        """The topics of which a name of one word is part of the compound *word*."""
        if word not in self._parts:
            self._parts[word] = tuple(dict.fromkeys(code for code, part in self._short if part in word))
        return self._parts[word]

    def _by_modules(self, text: str) -> str:
        found: Counter[str] = Counter()
        for token in tokens(text):
            if not token.joined and token.word not in stop_words():
                found.update(self._share(token.word))
        best = self._best(found)
        return best if found[best] >= CLEAR else ""

    def _share(self, word: str) -> "Counter[str]":
        if word not in self._shares:
            self._shares[word] = self._counted(word)
        return self._shares[word]

    def _counted(self, word: str) -> "Counter[str]":
        if self._snapshot is None:
            return Counter()
        forms = {word, *self._snapshot.lexicon.inflections(word)}
        places = np.concatenate([self._snapshot.posting(form)[0] for form in sorted(forms)])
        holding = bits_of(places, self._snapshot.size) & self._snapshot.alive
        total = holding.bit_count()
        shares = {code: (bits & holding).bit_count() / total for code, bits in self._topics.items()} if total else {}
        return Counter({code: share for code, share in shares.items() if share >= CLEAR})

    def _best(self, found: Mapping[str, float]) -> str:
        return min(found, key=lambda code: (-found[code], self._order[code]), default="")
