"""Why a hit was found: words marked in title and snippet, and the detours that led to it. Only for the hits that are shown."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from catalogue.models import Module
from catalogue.search.analysis import fold, is_code, tokens
from catalogue.search.document import label_tokens, labels, texts
from catalogue.search.results import Because, Hit
from catalogue.search.understand import Evidence, Unit

__all__ = ["Marker"]

_LONGEST = 240  # characters of a snippet
_BEFORE = 60  # of them before the first marked word
_MOST_DETOURS = 3


_WORD = re.compile(r"[^\W_]+(?:[-\u00ad\u2010\u2011\u2013][^\W_]+)*")
_HYPHEN = re.compile(r"[-\u2010\u2011\u2013]")
_OPEN, _CLOSE, _DOTS = Markup("<mark>"), Markup("</mark>"), " …"


class _Found(NamedTuple):
    """A place of one of the words that are looked for."""

    word: str
    start: int
    end: int


class Marker:
    """Marks the words that answered one query."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.words: dict[str, set[int]] = {}  # word → the units that it answers
        for number, unit in enumerate(units):
            for word in _words_of(unit):
                self.words.setdefault(word, set()).add(number)
        self.codes = any(is_code(word) for word in self.words)

    def hit(self, module: Module) -> Hit:
        """Return *module* as a hit."""
        if not self.units:
            return Hit(module, Markup.escape(module.title), Markup.escape(_shortened(_plain(module))))
        places = list(self._places(module))
        title = self._marked(*places[0])
        return Hit(module, title, self._snippet(module, places[1:]), tuple(self._because(module, places)))

    # --- finding

    def _places(self, module: Module) -> Iterator[tuple[str, list[_Found]]]:
        """Yield the texts of *module* with what was found in them, up to the first that answers the whole query."""
        for number, part in enumerate(texts(module)):
            found = self._find(part.text)
            yield part.text, found
            if number and len({unit for one in found for unit in self.words[one.word]}) == len(self.units):
                return

    def _find(self, text: str) -> list[_Found]:
        """Return where words stand that answered; the whole analysis only where codes are looked for in a text with digits."""
        words = self.words
        if self.codes and is_code(text):
            return [_Found(t.word, t.start, t.end) for t in tokens(text) if t.word in words]
        found = []
        for match in _WORD.finditer(text):
            whole = match[0]
            word = fold(whole)
            if word in words:
                found.append(_Found(word, match.start(), match.end()))
            elif not whole.isalnum():
                found += self._pieces(whole, match.start())
        return found

    def _pieces(self, whole: str, start: int) -> Iterator[_Found]:
        """Yield what answered of a word with hyphens: all of it, or single parts."""
        joined = fold(_HYPHEN.sub("", whole))
        if joined in self.words:
            yield _Found(joined, start, start + len(whole))
            return
        for token in tokens(whole):
            if token.word in self.words:
                yield _Found(token.word, start + token.start, start + token.end)

    # --- marking

    def _marked(self, text: str, found: Sequence[_Found], start: int = 0, end: int | None = None) -> Markup:
        end = len(text) if end is None else end
        spans = _merged((one.start, one.end) for one in found if start <= one.start and one.end <= end)
        pieces: list[str] = []
        at = start
        for first, last in spans:
            pieces += (text[at:first], _OPEN, text[first:last], _CLOSE)
            at = last
        return Markup("").join([*pieces, text[at:end]])

    def _snippet(self, module: Module, places: Sequence[tuple[str, list[_Found]]]) -> Markup:
        best, most = None, 0.0
        for rank, (text, found) in enumerate(places):
            answered = {unit for one in found for unit in self.words[one.word]}
            telling = sum(0.3 if self.units[unit].general else 1.0 for unit in answered) - rank * 0.001
            if answered and telling > most:
                best, most = (text, found), telling
        return self._window(*best) if best else Markup.escape(_shortened(_plain(module)))

    def _window(self, text: str, found: Sequence[_Found]) -> Markup:
        first = found[0].start
        start = 0 if first <= _BEFORE or len(text) <= _LONGEST else text.rfind(" ", 0, first - _BEFORE) + 1
        end = len(text)
        if end - start > _LONGEST:
            cut = text.rfind(" ", start, start + _LONGEST)
            end = cut if cut > first else start + _LONGEST
        marked = self._marked(text, found, start, end)
        return Markup("").join(["… " if start else "", marked, _DOTS if end < len(text) else ""])

    # --- detours

    def _because(self, module: Module, places: Sequence[tuple[str, list[_Found]]]) -> Iterable[Because]:
        surfaces: dict[str, str] = {}
        for text, found in places:
            for one in found:
                surfaces.setdefault(one.word, text[one.start : one.end])
        answered = {unit for word in surfaces for unit in self.words[word]}
        if len(answered) < len(self.units):
            for part in labels(module):
                for token in label_tokens(part.text):
                    if token.word in self.words:
                        surfaces.setdefault(token.word, part.text[token.start : token.end])
        detours: dict[tuple[str, str], Because] = {}
        for unit in self.units:
            because = _detour(unit, surfaces)
            if because and because.asked.casefold() != because.found.casefold():
                detours.setdefault((because.asked, because.found.casefold()), because)
        return list(detours.values())[:_MOST_DETOURS]


def _words_of(unit: Unit) -> Iterable[str]:
    for way in unit.ways:
        yield from way.words
        for group in way.also:
            yield from group
    for part in unit.parts:
        if not part.general:
            yield from _words_of(part)


def _detour(unit: Unit, surfaces: dict[str, str]) -> Because | None:
    """Return the best way to *unit* among the words that the module holds, None if it is the word itself or nothing."""
    best, because = 0.0, None
    for way in unit.ways:
        chosen = [pair for group in (way.words, *way.also) if (pair := _best(group, surfaces))]
        strength = min((evidence.strength for _, evidence in chosen), default=0.0)
        if len(chosen) > len(way.also) and strength > best:
            best, kind = strength, chosen[0][1].kind
            found = " ".join(surfaces[word] for word, _ in chosen)
            because = Because(unit.asked, found, kind) if kind else None
    if best:
        return because
    parts = [part for part in unit.parts if not part.general]
    held = [pair for part in parts for way in part.ways if (pair := _best(way.words, surfaces))]
    if held:
        return Because(unit.asked, ", ".join(dict.fromkeys(surfaces[word] for word, _ in held[:3])), "compound")
    return None


def _best(group: dict[str, Evidence], surfaces: dict[str, str]) -> tuple[str, Evidence] | None:
    smaller, larger = (surfaces, group) if len(surfaces) < len(group) else (group, surfaces)
    held = [(word, group[word]) for word in smaller if word in larger]
    return max(held, key=lambda pair: (pair[1].strength, pair[0]), default=None)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _plain(module: Module) -> str:
    return module.summary or "; ".join(module.contents) or module.description


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[: max(text.rfind(" ", 0, _LONGEST), _LONGEST // 2)] + " …"
