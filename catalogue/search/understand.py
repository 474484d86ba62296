"""What a person may mean: the text of a query becomes units, each with the words of the index that would answer it.

A unit is a word or an expression that the thesaurus knows. Its ways are graded by how good an evidence they are:
the word itself, its inflections, relatives, a compound that holds it, a synonym, and only where nothing else is known
a completion or a correction.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from catalogue.search.analysis import Token, fold, is_code, stem, tokens
from catalogue.search.lexicon import Lexicon
from catalogue.search.thesaurus import LONGEST, Meaning, Thesaurus, keys
from catalogue.search.wordlists import general_words, known_words, short_words, stop_words

__all__ = ["EVIDENCE", "Evidence", "Mechanisms", "Parsed", "Unit", "Way", "parse", "understand"]

_HYPHENS = frozenset("-\u2010\u2011\u2012\u2013")
MAXIMUM_LENGTH = 400  # characters of a query that are looked at
MAXIMUM_UNITS = 24
EVIDENCE = {
    "exact": 1.0, "inflection": 0.96, "relative": 0.78, "head": 0.85, "modifier": 0.78, "parts": 0.85, "prefix": 0.75,
    "typo": 0.7, "typing": 0.9,
}  # fmt: skip


@dataclass(frozen=True)
class Mechanisms:
    """Which mechanisms take part; the evaluation switches them off one by one (:mod:`catalogue.search.evaluate`)."""

    stems: bool = True  # inflections
    relatives: bool = True  # Lager, lagern, Lagerung
    compounds: bool = True  # both directions
    synonyms: bool = True  # data/search/synonyms.txt
    english: bool = True  # data/search/english.txt
    everyday: bool = True  # data/search/everyday.txt
    prefixes: bool = True  # of the last word, if it is unknown
    typos: bool = True
    general: bool = True  # words that carry no match alone
    rarity: bool = True  # rare words weigh more
    coverage: bool = True  # as a factor of the score
    places: bool = True  # a title says more than a description

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the thesaurus that take part."""
        return tuple(f"{name}.txt" for name in ("synonyms", "english", "everyday") if getattr(self, name))


@dataclass(frozen=True)
class Evidence:
    """How good a word of the index is as an answer, and what kind of answer it is (see results.Because)."""

    strength: float
    kind: str = ""


@dataclass(frozen=True)
class Way:
    """One way to answer a unit: any of ``words``; with ``also``, all of those words must stand beside, one after the other."""

    words: dict[str, Evidence]
    also: tuple[dict[str, Evidence], ...] = ()


@dataclass
class Unit:
    """One word or expression of the query. ``parts`` are those of a compound, which together answer it, too."""

    asked: str
    words: tuple[str, ...]
    ways: list[Way] = field(default_factory=list)
    parts: list["Unit"] = field(default_factory=list)
    general: bool = False
    minor: bool = False  # written small in a sentence with nouns
    corrected: str = ""


@dataclass(frozen=True)
class Parsed:
    """The query taken apart: free words, phrases in quotes, excluded words."""

    words: tuple[Token, ...]
    text: str
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was asked."""
        return not (self.words or self.phrases or self.excluded)


_QUOTED = re.compile(r'(?<![^\s(])(-?)["„“”«»]([^"„“”«»]+)["„“”«»]')
_EXCLUDED = re.compile(r"(?:(?<=\s)|^)-(?=[^\W_])(\S+)")


def parse(text: str) -> Parsed:
    """Take a query apart. Quotes and a leading minus are the only syntax; everything else is text. Never raises."""
    text = text[:MAXIMUM_LENGTH]
    phrases: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []

    def quoted(found: re.Match[str]) -> str:
        words = tuple(token.word for token in tokens(found[2]) if not token.joined)
        if words:
            (excluded if found[1] else phrases).append(words)
        return " " if found[1] else f" {found[2]} "

    def minus(found: re.Match[str]) -> str:
        words = tuple(token.word for token in tokens(found[1]) if not token.joined)
        if words:
            excluded.append(words)
        return " "

    free = _EXCLUDED.sub(minus, _QUOTED.sub(quoted, text))
    return Parsed(tuple(_units_of_codes(tokens(free))), free, tuple(phrases), tuple(excluded))


def _units_of_codes(found: list[Token]) -> Iterator[Token]:
    """Yield single words, and joined codes instead of their pieces: "UN 3480" is one word."""
    covered: set[int] = set()
    for token in found:
        is_joined_code = token.joined and is_code(token.word)
        if is_joined_code and token.position not in covered:
            covered.update(range(token.position, token.position + token.joined))
            yield token
    for token in found:
        if not token.joined and token.position not in covered:
            yield token


def understand(
    parsed: Parsed, lexicon: Lexicon, thesaurus: Thesaurus, *, typing: bool = False, use: Mechanisms | None = None
) -> list[Unit]:
    """Return the units of a query with all their ways."""
    return _Reader(parsed, lexicon, thesaurus, use or Mechanisms()).units(typing)


@lru_cache(maxsize=8)
def _words_of(words: frozenset[str]) -> Lexicon:
    """Return the words of a thesaurus as a lexicon, so that slips and beginnings of them are found, too."""
    return Lexicon(sorted(words))


class _Reader:
    def __init__(self, parsed: Parsed, lexicon: Lexicon, thesaurus: Thesaurus, use: Mechanisms) -> None:
        self.parsed = parsed
        self.lexicon = lexicon
        self.thesaurus = thesaurus
        self.expressions = _words_of(frozenset(thesaurus.words))
        self.use = use

    def units(self, typing: bool) -> list[Unit]:
        words = sorted(self.parsed.words, key=lambda token: token.position)[: MAXIMUM_UNITS * 2]
        groups = list(self._groups(words))
        telling = [g for g in groups if len(g) > 1 or g[0].word not in stop_words()] or groups
        surfaces = [self.parsed.text[g[0].start : g[-1].end] for g in telling]
        sentence = len(groups) > 3 and len(telling) < len(groups)
        mixed = any(s[:1].isupper() for s in surfaces) and len(groups) > 3
        units = []
        for group, surface in zip(telling[:MAXIMUM_UNITS], surfaces, strict=False):
            last = group is groups[-1]
            unit = self._unit(tuple(token.word for token in group), surface, last=last, typing=typing and last)
            unit.minor = (mixed and surface[:1].islower()) or (sentence and not (unit.ways or unit.parts))
            units.append(unit)
        return units

    def _groups(self, words: list[Token]) -> Iterator[list[Token]]:
        """Group neighbouring words that the thesaurus knows as one expression, longest first."""
        at = 0
        while at < len(words):
            for length in range(min(LONGEST, len(words) - at), 0, -1):
                group = words[at : at + length]
                if length == 1 or self._is_expression(group):
                    yield group
                    at += length
                    break

    def _is_expression(self, group: list[Token]) -> bool:
        if len({token.end for token in group}) == len(group) and self._is_hyphenated(group):
            return True
        if group[0].word in stop_words() or group[-1].word in stop_words():
            return False
        return self.thesaurus.knows([t.word for t in group if t.word not in stop_words()])

    def _is_hyphenated(self, group: list[Token]) -> bool:
        """Whether *group* was typed with hyphens and the index holds it so: Baden-Württemberg is one thing."""
        between = zip(group, group[1:], strict=False)
        typed = all(self.parsed.text[a.end : b.start] in _HYPHENS for a, b in between)
        return typed and fold("".join(token.word for token in group)) in self.lexicon

    def _unit(self, words: tuple[str, ...], surface: str, *, last: bool = False, typing: bool = False) -> Unit:
        unit = Unit(surface, words)
        if len(words) == 1:
            word = words[0]
            unit.general = self.use.general and stem(word) in general_words()
            own = self._direct(word)
            if typing and word not in short_words():
                own |= {w: Evidence(EVIDENCE["typing"], "prefix") for w in self._completions(word, 60) if w not in own}
            if own:
                unit.ways.append(Way(own))
        else:
            telling = [word for word in words if word not in stop_words()]
            unit.general = self.use.general and bool(keys(telling) & general_words())
            unit.ways.append(self._sequence(telling, 1.0, ""))
            joined = self._direct(fold("".join(telling)))
            if joined:
                unit.ways.append(Way(joined))
        if not (unit.general and unit.ways and not keys(words) & _MEANINGFUL):
            self._add_meanings(unit, self.thesaurus.look_up([w for w in words if w not in stop_words()]))
        if self.use.compounds and len(words) == 1:
            unit.parts = [self._part(part) for part in self.lexicon.split(words[0])]
        if not unit.ways and len(words) == 1:
            self._guess(unit, words[0], last)
        return unit

    # --- evidence

    def _direct(self, word: str) -> dict[str, Evidence]:
        """Return the words of the index that are *word*, inflect it, are related to it or hold it."""
        key = (word, self.use)
        known: dict[str, Evidence] | None = self.lexicon.memory.get(key)
        if known is None:
            known = self.lexicon.memory[key] = self._all_direct(word)
        return dict(known)

    def _all_direct(self, word: str) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        if word in self.lexicon:
            found[word] = Evidence(EVIDENCE["exact"])
        if is_code(word) or word in short_words():
            return found
        if self.use.stems:
            for other in self.lexicon.inflections(word):
                found.setdefault(other, Evidence(EVIDENCE["inflection"]))
        if self.use.relatives:
            for other in self.lexicon.relatives(word):
                if self.use.general and stem(other) in general_words() and stem(word) not in general_words():
                    continue
                found.setdefault(other, Evidence(EVIDENCE["relative"]))
        if self.use.compounds:
            base = stem(word)
            for other in self.lexicon.with_part(word):
                head = stem(other).endswith(base)
                found.setdefault(other, Evidence(EVIDENCE["head" if head else "modifier"], "compound"))
        return found

    def _weaker(self, word: str, strength: float, kind: str) -> dict[str, Evidence]:
        return {w: Evidence(e.strength * strength, kind) for w, e in self._direct(word).items()}

    def _sequence(self, words: list[str], strength: float, kind: str) -> Way:
        groups = []
        for word in words:
            near = {w: e for w, e in self._direct(word).items() if e.strength >= EVIDENCE["inflection"]}
            groups.append({w: Evidence(e.strength * strength, kind) for w, e in near.items()})
        return Way(groups[0], tuple(groups[1:]))

    def _add_meanings(self, unit: Unit, meanings: list[Meaning]) -> None:
        for meaning in meanings:
            if len(meaning.words) == 1:
                words = self._weaker(meaning.words[0], meaning.strength, "synonym")
                if words:
                    unit.ways.append(Way(words))
            elif meaning.words:
                way = self._sequence(list(meaning.words), meaning.strength, "synonym")
                if way.words and all(way.also):
                    unit.ways.append(way)
                joined = self._weaker(fold("".join(meaning.words)), meaning.strength, "synonym")
                if joined:
                    unit.ways.append(Way(joined))

    def _part(self, part: str) -> Unit:
        unit = Unit(part, (part,), general=self.use.general and part in general_words())
        words = self._direct(part)
        if words:
            unit.ways.append(Way(words))
        if not (unit.general and part not in _MEANINGFUL):
            self._add_meanings(unit, self.thesaurus.look_up([part]))
        return unit

    # --- guesses, only where nothing is known

    def _completions(self, word: str, limit: int) -> list[str]:
        return self.lexicon.starting(word, limit) if len(word) >= 2 else []

    def _guess(self, unit: Unit, word: str, last: bool) -> None:
        if is_code(word) or word in short_words() or stem(word) in known_words():
            return
        if last and self.use.prefixes and len(word) >= 2 and self._complete(unit, word):
            return
        if self.use.typos and not self._split_is_known(unit):
            self._correct(unit, word)

    def _split_is_known(self, unit: Unit) -> bool:
        return bool(unit.parts) and all(part.ways for part in unit.parts)

    def _complete(self, unit: Unit, word: str) -> bool:
        ends = self._completions(word, 60)
        ends += [w for w in self.expressions.starting(word, 60) if w not in ends]
        for end in ends:
            self._guessed(unit, end, EVIDENCE["prefix"], "prefix")
        return bool(unit.ways)

    def _correct(self, unit: Unit, word: str) -> None:
        slips = self.lexicon.like(word)
        slips += [s for s in self.expressions.like(word) if s not in slips]
        if not slips:
            return
        nearest = min(steps for steps, _ in slips)
        for steps, other in sorted(slips):
            if steps == nearest:
                unit.corrected = unit.corrected or other
                self._guessed(unit, other, EVIDENCE["typo"], "typo")

    def _guessed(self, unit: Unit, word: str, strength: float, kind: str) -> None:
        words = self._weaker(word, strength, kind)
        if words:
            unit.ways.append(Way(words))
        meanings = [replace(m, strength=m.strength * strength) for m in self.thesaurus.look_up([word])]
        self._add_meanings(unit, meanings)


# general words that still have synonyms worth following
_MEANINGFUL = frozenset(
    {"batteri", "akku", "fuhrerschein", "lithiumbatteri", "lithiumionenbatteri", "lib", "liion", "fachkraft"}
)
