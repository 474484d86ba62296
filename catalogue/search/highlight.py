"""Why a hit was found: words marked in title and snippet, and the detours that led to it. Only for the hits that are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from catalogue.models import Module
from catalogue.search.analysis import Token, tokens
from catalogue.search.document import texts
from catalogue.search.results import Because, Hit
from catalogue.search.understand import Evidence, Unit

__all__ = ["Marker"]

_LONGEST = 240  # characters of a snippet
_BEFORE = 60  # of them before the first marked word
_MOST_DETOURS = 3


@dataclass(frozen=True)
class _Place:
    """One text of a module, taken apart."""

    text: str
    tokens: Sequence[Token]
    label: bool


class Marker:
    """Marks the words that answered one query."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.words: dict[str, set[int]] = {}  # word → the units that it answers
        for number, unit in enumerate(units):
            for word in _words_of(unit):
                self.words.setdefault(word, set()).add(number)

    def hit(self, module: Module) -> Hit:
        """Return *module* as a hit."""
        if not self.units:
            return Hit(module, Markup.escape(module.title), Markup.escape(_shortened(_plain(module))))
        places = [_Place(part.text, tokens(part.text), part.label) for part in texts(module) if part.text]
        return Hit(module, self._marked(places[0]), self._snippet(module, places[1:]), tuple(self._because(places)))

    # --- marking

    def _marked(self, place: _Place, start: int = 0, end: int | None = None) -> Markup:
        end = len(place.text) if end is None else end
        spans = _merged((t.start, t.end) for t in place.tokens if t.word in self.words and start <= t.start < end)
        pieces, at = [], start
        for first, last in spans:
            pieces.append(Markup.escape(place.text[at:first]))
            pieces.append(Markup("<mark>{}</mark>").format(place.text[first:last]))
            at = last
        pieces.append(Markup.escape(place.text[at : max(end, at)]))
        return Markup("").join(pieces)

    def _snippet(self, module: Module, places: Sequence[_Place]) -> Markup:
        best, most = None, 0.0
        for rank, place in enumerate(places):
            if place.label:
                continue
            answered = {unit for token in place.tokens for unit in self.words.get(token.word, ())}
            telling = sum(0.3 if self.units[unit].general else 1.0 for unit in answered) - rank * 0.001
            if answered and telling > most:
                best, most = place, telling
        if best is None:
            return Markup.escape(_shortened(_plain(module)))
        return self._window(best)

    def _window(self, place: _Place) -> Markup:
        first = next(t.start for t in place.tokens if t.word in self.words)
        start = 0 if first <= _BEFORE or len(place.text) <= _LONGEST else place.text.rfind(" ", 0, first - _BEFORE) + 1
        end = len(place.text)
        if end - start > _LONGEST:
            cut = place.text.rfind(" ", start, start + _LONGEST)
            end = cut if cut > first else start + _LONGEST
        marked = self._marked(place, start, end)
        return Markup("{}{}{}").format("… " if start else "", marked, " …" if end < len(place.text) else "")

    # --- detours

    def _because(self, places: Sequence[_Place]) -> Iterable[Because]:
        surfaces: dict[str, str] = {}
        for place in places:
            for token in place.tokens:
                surfaces.setdefault(token.word, place.text[token.start : token.end])
        found: dict[tuple[str, str], Because] = {}
        for unit in self.units:
            because = _detour(unit, surfaces)
            if because and because.asked.casefold() != because.found.casefold():
                found.setdefault((because.asked, because.found.casefold()), because)
        return list(found.values())[:_MOST_DETOURS]


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
    held = [(word, evidence) for word, evidence in group.items() if word in surfaces]
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
