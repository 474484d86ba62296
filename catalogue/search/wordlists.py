"""The word lists of data/search: stop words, words that carry no match, parts of compounds. Read once, folded."""

from functools import cache

from catalogue.paths import resources
from catalogue.search.analysis import fold, stem, tokens

__all__ = ["general_words", "known_words", "parts", "read_lines", "short_words", "stop_words", "whole_words"]


def read_lines(name: str) -> list[str]:
    """Return the lines of a file of data/search without comments ("#" at the start or after two spaces) and empty lines."""
    found = []
    for raw in (resources("data/search") / name).read_text(encoding="utf-8").splitlines():
        line = raw.split("  #", 1)[0].strip()
        if line and not line.startswith("#"):
            found.append(line)
    return found


def _words(name: str) -> list[str]:
    return [word for line in read_lines(name) for word in line.split()]


@cache
def stop_words() -> frozenset[str]:
    """Return words that say nothing in a query, German and English."""
    return frozenset(fold(word) for word in _words("stopwords.txt"))


@cache
def general_words() -> frozenset[str]:
    """Return the stems of words that are true of nearly every module and never carry a match alone."""
    return frozenset(stem(fold(word)) for word in _words("general.txt"))


@cache
def parts() -> frozenset[str]:
    """Return the stems that compounds may be split into."""
    return frozenset(stem(fold(word)) for word in _words("parts.txt") if not word.startswith("!"))


@cache
def whole_words() -> frozenset[str]:
    """Return the stems that are never split although they could be (marked "!" in parts.txt)."""
    return frozenset(stem(fold(word[1:])) for word in _words("parts.txt") if word.startswith("!"))


@cache
def known_words() -> frozenset[str]:
    """Return right words of other fields, which are never taken for a slip of a word of ours."""
    return frozenset(stem(token.word) for line in read_lines("other_fields.txt") for token in tokens(line))


@cache
def short_words() -> frozenset[str]:
    """Return abbreviations that match as whole words only: never by beginning, part or likeness."""
    return frozenset(fold(word) for word in _words("abbreviations.txt"))
