"""One search in one snapshot: which documents match, in which order, and how the query was understood."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from catalogue.search.document import title_key
from catalogue.search.rank import rank
from catalogue.search.results import Hit, Query
from catalogue.search.segments import bits_of
from catalogue.search.snapshot import Snapshot
from catalogue.search.thesaurus import Rule, thesaurus
from catalogue.search.understand import Mechanisms, Parsed, Unit, parse, understand

__all__ = ["Lookup", "look_up"]

_TITLE_TYPED = 10.0  # above every other score


@dataclass
class Lookup:
    """What matched. ``scores`` is empty where nothing was asked."""

    snapshot: Snapshot
    matched: int
    scores: dict[int, float] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    relaxed: str = ""
    parsed: Parsed | None = None
    weights: list[float] = field(default_factory=list)

    def ranked(self, kept: int) -> list[int]:
        """Return the documents of the bitset *kept*, best first; ties in the order of the catalogue."""
        place = self.snapshot.rank
        numbers = [number for number in self.scores if kept >> number & 1]
        return sorted(numbers, key=lambda number: (-round(self.scores[number], 6), place[number]))

    def page(self, kept: int, query: Query, today: date) -> list[int]:
        """Return the documents of one page."""
        first = (query.page - 1) * query.per_page
        if self.scores and query.sort in ("", "relevance"):
            return self.ranked(kept)[first : first + query.per_page]
        sort = query.sort if query.sort not in ("", "relevance") else "position"
        bits = kept.to_bytes(self.snapshot.size // 8 + 1, "little")
        found = []
        for number in self.snapshot.order(sort, today):
            if bits[number >> 3] >> (number & 7) & 1:
                found.append(number)
                if len(found) == first + query.per_page:
                    break
        return found[first:]

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
    titled = snapshot.titled(title_key(query.text))
    while titled:
        number = titled.bit_length() - 1
        scores[number] = _TITLE_TYPED
        titled ^= 1 << number
    matched = bits_of(scores, snapshot.size) & snapshot.alive & ~excluded
    for phrase in parsed.phrases:
        matched &= _holding(snapshot, phrase)
    return Lookup(snapshot, matched, scores, units, answer.relaxed, parsed, answer.weights)


def _holding(snapshot: Snapshot, words: tuple[str, ...]) -> int:
    """Return the documents that hold *words* one after the other; a single word in any inflection."""
    if len(words) == 1:
        forms = {words[0], *snapshot.lexicon.inflections(words[0])}
        return bits_of((number for form in forms for number in snapshot.posting(form)[0]), snapshot.size)
    candidates = snapshot.alive
    for word in words:
        candidates &= bits_of(snapshot.posting(word)[0], snapshot.size)
    return snapshot.phrase(list(words), candidates) if candidates else 0
