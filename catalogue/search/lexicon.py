"""All words of an index, found by stem, root, beginning, part and likeness; and the splitting of compounds by known words."""

from bisect import bisect_left
from functools import cached_property
from typing import Any

from catalogue.search.analysis import is_code, root, stem
from catalogue.search.wordlists import parts, whole_words

__all__ = ["Lexicon", "distance"]

_LINKS = ("", "s", "n", "en", "es", "er", "e")  # Fugenelemente between the parts of a compound
_SHORTEST_PART = 4  # shorter parts count only if the list of parts has them


class Lexicon:
    """The words of one snapshot, sorted."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._split: dict[str, tuple[str, ...]] = {}
        self._inside: dict[str, list[str]] = {}
        self.memory: dict[Any, Any] = {}  # what readers of queries work out again and again

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self.words)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in self.words:
            found.setdefault(stem(word), []).append(word)
        return found

    @cached_property
    def _by_root(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in self.words:
            found.setdefault(root(word), []).append(word)
        return found

    @cached_property
    def _text(self) -> str:
        return "\n" + "\n".join(self.words) + "\n"

    def __contains__(self, word: str) -> bool:
        return word in self._all

    def inflections(self, word: str) -> list[str]:
        """Return the words with the same stem."""
        return self._by_stem.get(stem(word), [])

    def relatives(self, word: str) -> list[str]:
        """Return the words with the same root: Lager, lagern, Lagerung."""
        return self._by_root.get(root(word), [])

    def starting(self, beginning: str, limit: int) -> list[str]:
        """Return up to *limit* words that start with *beginning*, in alphabetical order."""
        first = bisect_left(self.words, beginning)
        found = []
        for word in self.words[first : first + limit]:
            if not word.startswith(beginning):
                break
            found.append(word)
        return found

    def with_part(self, word: str) -> list[str]:
        """Return the compounds of which *word* is a part: Fertigung → Zellfertigung. Only where the rest is known, too."""
        part = stem(word)
        known = self._inside.get(part)
        if known is None:
            known = self._inside[part] = self._compounds_of(part)
        return known

    def _compounds_of(self, part: str) -> list[str]:
        if (len(part) < _SHORTEST_PART and part not in parts()) or is_code(part):
            return []
        found: dict[str, None] = {}
        at = self._text.find(part)
        while at >= 0:
            start = self._text.rfind("\n", 0, at) + 1
            end = self._text.find("\n", at)
            word = self._text[start:end]
            if len(word) > len(part) + 2 and stem(word) != part and part in self.split(word):
                found[word] = None
            at = self._text.find(part, end)
        return list(found)

    def split(self, word: str) -> tuple[str, ...]:
        """Return the stems of the parts of a compound, () if *word* is none."""
        known = self._split.get(word)
        if known is None:
            whole = self._best_split(stem(word))
            known = tuple(piece for part in whole for piece in (self.split(part) or (part,)))
            self._split[word] = known
        return known

    def _is_part(self, piece: str) -> bool:
        base = stem(piece)
        if base in parts():
            return True
        return len(base) >= _SHORTEST_PART and (base in self._by_stem or piece in self._all)

    def _best_split(self, word: str) -> tuple[str, ...]:
        """Return the split into the fewest parts; of equal ones that with the longest last part (the head)."""
        if len(word) < 7 or is_code(word) or word in whole_words():
            return ()
        best: dict[int, tuple[str, ...]] = {len(word): ()}  # from each place to the end
        for start in range(len(word) - 3, -1, -1):
            for end in range(len(word), start + 2, -1):
                if end not in best or (start == 0 and end == len(word)):
                    continue
                piece = self._without_link(word[start:end], end == len(word))
                if piece is None:
                    continue
                candidate = (stem(piece), *best[end])
                if start not in best or len(candidate) < len(best[start]):
                    best[start] = candidate
        found = best.get(0, ())
        return found if len(found) > 1 else ()

    def _without_link(self, piece: str, last: bool) -> str | None:
        for link in ("",) if last else _LINKS:
            if link and not piece.endswith(link):
                continue
            bare = piece.removesuffix(link) if link else piece
            if len(bare) >= 3 and self._is_part(bare):
                return bare
        return None

    # --- likeness

    @cached_property
    def _masks(self) -> dict[int, list[tuple[str, int]]]:
        """Words by length, with a bit for each letter: most words are ruled out by their letters alone."""
        found: dict[int, list[tuple[str, int]]] = {}
        for word in self.words:
            if len(word) >= 4 and not is_code(word):
                found.setdefault(len(word), []).append((word, _letters(word)))
        return found

    def like(self, word: str) -> list[tuple[int, str]]:
        """Return (distance, word) of words that *word* may be a slip of; none for codes and short words."""
        allowed = _allowed(word)
        if not allowed:
            return []
        letters = _letters(word)
        found = []
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            for other, mask in self._masks.get(length, ()):
                if (letters ^ mask).bit_count() <= 2 * allowed and other[0] == word[0]:
                    steps = distance(word, other, allowed)
                    if steps <= allowed and not _only_the_ending(word, other):
                        found.append((steps, other))
        return sorted(found)


def _allowed(word: str) -> int:
    if len(word) < 5 or is_code(word):
        return 0
    return 1 if len(word) < 9 else 2


def _letters(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 63)
    return mask


def _only_the_ending(word: str, other: str) -> bool:
    """Elektrolyse and Elektrolyt differ by what they mean, not by a slip."""
    shared = min(len(word), len(other)) - 2
    return word[:shared] == other[:shared]


def distance(one: str, other: str, most: int) -> int:
    """Return the number of slips (insert, drop, change, swap neighbours) between two words, or *most* + 1 if more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
