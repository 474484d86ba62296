"""What the list below the search box offers: abbreviations, topics and other terms, providers, modules."""

from collections.abc import Iterator
from functools import cache

from catalogue.search.analysis import fold, tokens
from catalogue.search.facets import Labels
from catalogue.search.results import Completion
from catalogue.search.snapshot import Snapshot
from catalogue.search.wordlists import read_lines

__all__ = ["long_forms", "of_abbreviations", "of_terms"]

_TERMS = ("topic", "audience", "hv_level", "provider")


@cache
def long_forms() -> dict[str, tuple[str, str]]:
    """Return abbreviations with their long forms, by folded abbreviation."""
    pairs = (line.split(" = ", 1) for line in read_lines("long_forms.txt"))
    return {fold(short): (short, long) for short, long in pairs}


def of_abbreviations(text: str) -> Iterator[Completion]:
    """Yield the abbreviations that start with *text*, the exact one first."""
    typed = fold(text.strip())
    for key, (short, long) in sorted(long_forms().items(), key=lambda pair: (pair[0] != typed, pair[0])):
        if typed and key.startswith(typed):
            yield Completion("abbreviation", short, long, long)


def of_terms(text: str, snapshot: Snapshot, known: Labels) -> Iterator[Completion]:
    """Yield the terms and providers of which a word starts with *text* and that have modules."""
    typed = [token.word for token in tokens(text) if not token.joined]
    if not typed:
        return
    for facet in _TERMS:
        for value, (label, _) in known.values[facet].items():
            count = snapshot.facets.get(f"{facet}={value}", 0).bit_count()
            words = [token.word for token in tokens(label)]
            if count and all(any(word.startswith(start) for word in words) for start in typed):
                yield Completion(facet, label, value, str(count))
