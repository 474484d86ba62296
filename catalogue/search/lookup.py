"""One search in one snapshot: which documents match, in which order, and how the query was understood."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from catalogue.search.bits import bits_of, bits_of_mask, mask_of
from catalogue.search.document import title_key
from catalogue.search.rank import rank
from catalogue.search.results import Hit, Query
from catalogue.search.snapshot import Snapshot
from catalogue.search.thesaurus import Rule, thesaurus
from catalogue.search.understand import Mechanisms, Parsed, Unit, parse, understand

__all__ = ["Lookup", "look_up"]

_TITLE_TYPED = 10.0  # above every other score


@dataclass
class Lookup:
    """What matched. ``scores`` holds a value for each document, None where nothing was asked."""

    snapshot: Snapshot
    matched: int
    scores: NDArray[np.float32] | None = None
    units: list[Unit] = field(default_factory=list)
    relaxed: str = ""
    parsed: Parsed | None = None
    weights: list[float] = field(default_factory=list)

    def ranked(self, kept: int, most: int | None = None) -> list[int]:
        """Return the documents of the bitset *kept*, best first, at most *most*; ties in the order of the catalogue."""
        numbers = np.flatnonzero(mask_of(kept, self.snapshot.size))
        if self.scores is None:
            return [int(number) for number in numbers[np.argsort(self.snapshot.rank[numbers])][:most]]
        scores = np.round(self.scores[numbers], 5)
        if most is not None and len(numbers) > 4 * most:  # only those that can come among the first need be sorted
            good = scores >= np.partition(scores, -most)[-most]
            numbers, scores = numbers[good], scores[good]
        order = np.lexsort((self.snapshot.rank[numbers], -scores))
        return [int(number) for number in numbers[order][:most]]

    def page(self, kept: int, query: Query, today: date) -> list[int]:
        """Return the documents of one page."""
        first = (query.page - 1) * query.per_page
        last = first + query.per_page
        if self.scores is not None and query.sort in ("", "relevance"):
            return self.ranked(kept, last)[first:last]
        sort = query.sort if query.sort not in ("", "relevance") else "position"
        order = self.snapshot.order(sort, today)
        chosen = order[mask_of(kept, self.snapshot.size)[order]]
        return [int(number) for number in chosen[first:last]]

    def corrected(self, hits: Sequence[Hit]) -> str:
        """Return the text with slips corrected, in the spelling of the hits, "" if there was no slip."""
        slips = [unit for unit in self.units if unit.corrected]
        if not slips or self.parsed is None:
            return ""
        text = self.parsed.text
        for unit in slips:
            text = text.replace(unit.asked, _spelling(unit.corrected, hits), 1)
        return " ".join(text.split())


def _spelling(word: str, hits: Sequence[Hit]) -> str:
    """Return how the hits write a folded word."""
    for hit in hits:
        for because in hit.because:
            if because.kind == "typo":
                return because.found
    return word


def look_up(snapshot: Snapshot, query: Query, use: Mechanisms | None = None, own: tuple[Rule, ...] = ()) -> Lookup:
    """Search *snapshot* for the text of *query*, with the synonyms that staff added; filters are not applied here."""
    parsed = parse(query.text)
    if parsed.empty:
        return Lookup(snapshot, snapshot.alive)
    excluded = 0
    for words in parsed.excluded:
        excluded |= _holding(snapshot, words)
    if not parsed.words:
        return Lookup(snapshot, snapshot.alive & ~excluded, parsed=parsed)
    use = use or Mechanisms()
    meanings = thesaurus(use.files, own if use.synonyms else ())
    units = understand(parsed, snapshot.lexicon, meanings, typing=query.typing, use=use)
    answer = rank(snapshot, units, use)
    scores = answer.scores
    exact = snapshot.titled(title_key(query.text))
    if exact:
        scores[mask_of(exact, snapshot.size)] = _TITLE_TYPED
    matched = (bits_of_mask(answer.kept) | exact) & ~excluded
    for phrase in parsed.phrases:
        matched &= _holding(snapshot, phrase)
    return Lookup(snapshot, matched, scores, units, answer.relaxed, parsed, answer.weights)


def _holding(snapshot: Snapshot, words: tuple[str, ...]) -> int:
    """Return the documents that hold *words* one after the other; a single word in any inflection."""
    if len(words) == 1:
        forms = {words[0], *snapshot.lexicon.inflections(words[0])}
        return bits_of(np.concatenate([snapshot.posting(form)[0] for form in forms]), snapshot.size)
    candidates = snapshot.alive
    for word in words:
        candidates &= bits_of(snapshot.posting(word)[0], snapshot.size)
    return snapshot.phrase(list(words), candidates) if candidates else 0
