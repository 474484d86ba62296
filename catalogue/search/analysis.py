"""From text to index words: folding, codes, joined and cut forms, light stems. Pure functions, the same for texts and queries.

The index holds *folded whole words* only. Stems, roots and compound parts are worked out from the words that the index
holds (:mod:`catalogue.search.lexicon`), so a better rule needs no new index.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

__all__ = ["Token", "fold", "is_code", "root", "stem", "tokens"]

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "a", "œ": "o", "å": "a", "ł": "l", "đ": "d", "ı": "i", "²": "2", "³": "3"}
)
# "ue" stays where it cannot be an umlaut: Feuer, Dauer, Quelle
_DIGRAPH = re.compile(r"(?:a|o|(?<![aeouq])u)e+")


_DIGIT = re.compile(r"\d").search


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Return *text* in the one spelling that all spellings share: prüfung = pruefung = prufung. Idempotent."""
    if text.isascii():
        lower = text.lower()
    else:
        lower = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold().translate(_INVISIBLE)
        decomposed = unicodedata.normalize("NFKD", lower.translate(_LETTERS))
        lower = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)
    return _DIGRAPH.sub(lambda found: found[0][0], lower)


def is_code(word: str) -> bool:
    """Return whether *word* is a code (holds a digit): codes are never stemmed, split or corrected."""
    return _DIGIT(word) is not None


# --- tokens


class Token(NamedTuple):
    """One index word at ``start``–``end`` of the text. Joined forms share the ``position`` of their first part and have
    ``joined`` set to the number of parts."""

    word: str
    start: int
    end: int
    position: int
    joined: int = 0


_CHUNK = re.compile(r"[^\W_]+(?:[-\u00ad\u2010\u2011\u2012\u2013\u200b/.,&'’:*_+]+[^\W_]+)*[-\u2010\u2011\u2013]?")
_PIECE = re.compile(r"[^\W_\u00ad\u200b]+(?:[\u00ad\u200b]+[^\W_\u00ad\u200b]+)*")
_NUMBER = re.compile(r"[^\W\d_]*\d+(?:[./,-]\d+)+(?![^\W_])")  # 38.3, UN38.3, 209-093, 2023/1542, 2,5
_LEVELS = re.compile(r"(?<![^\W_])(?:S/E|S-E)(?![^\W_])")
_GENDER = re.compile(r"(?<=[a-zäöüß])(?:[:*_]innen|[:*_]in|/-?innen|/-?in|\(innen\)|\(in\)|Innen)(?![^\W_])")
_GENDER_NOTE = re.compile(r"\(\s*[mwdfx](?:\s*/\s*[mwdfx])+\s*\)", re.IGNORECASE)
_NO_JOIN = re.compile(r"[/+&,.:*_]")
_ACRONYM = re.compile(r"[^\W\d_]{1,6}")
_MEASURES = {"tag": "tag", "tage": "tag", "tagen": "tag", "tagig": "tag", "stunde": "stunde", "stunden": "stunde", "std": "stunde",
             "h": "stunde", "ue": "ue", "woche": "woche", "wochen": "woche", "monat": "monat", "monate": "monat", "monaten": "monat",
             "day": "tag", "days": "tag", "hours": "stunde", "weeks": "woche", "v": "volt", "volt": "volt", "wh": "wh", "kwh": "kwh",
             "ects": "ects", "semester": "semester"}  # fmt: skip
_CODE_PREFIXES = frozenset(
    ["un", "vds", "dguv", "bgi", "trgs", "din", "vde", "iso", "iec", "en", "hv", "qm", "dqr", "eqr", "adr"]
)  # also when typed small


_MAY_BE_GENDERED = re.compile(r"[iI]nn?|/|\(").search
_PLACE = attrgetter("position", "joined")


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def tokens(text: str) -> list[Token]:
    """Return the index words of *text* with their places, joined forms and joined codes included."""
    # cut forms are blanked, not removed: the places must stay those of the text
    cut = _GENDER.sub(_blank, _GENDER_NOTE.sub(_blank, text)) if _MAY_BE_GENDERED(text) else text
    found: list[Token] = []
    position, plain = 0, True
    for chunk in _CHUNK.finditer(cut):
        whole, start = chunk[0], chunk.start()
        if whole.isalnum():
            found.append(Token(fold(whole), start, start + len(whole), position))
            position += 1
            continue
        pieces = list(_pieces(whole, start))
        for offset, (word, first, last) in enumerate(pieces):
            found.append(Token(word, first, last, position + offset))
        if len(pieces) > 1:
            found.extend(_joined(cut, pieces, position))
            plain = False
        position += len(pieces)
    if _DIGIT(cut):
        found += _codes(cut, found)
        plain = False
    return found if plain else sorted(found, key=_PLACE)


def _pieces(chunk: str, base: int) -> Iterator[tuple[str, int, int]]:
    """Split a chunk at hyphens and slashes; numbers such as 38.3 and the level S/E stay whole."""
    at = 0
    while at < len(chunk):
        whole = _LEVELS.match(chunk, at) or _NUMBER.match(chunk, at) or _PIECE.match(chunk, at)
        if whole is None:
            at += 1
            continue
        word = fold(whole[0]).replace(",", ".")
        if word:
            yield ("s/e" if word == "s-e" else word), base + whole.start(), base + whole.end()
        at = whole.end()


def _joined(text: str, pieces: list[tuple[str, int, int]], position: int) -> Iterator[Token]:
    """Yield Li-Ion → liion, Lithium-Ionen-Batterie → lithiumionen, ionenbatterie, lithiumionenbatterie."""
    for first in range(len(pieces) - 1):
        last = first
        while last + 1 < len(pieces) and not _NO_JOIN.search(text, pieces[last][2], pieces[last + 1][1]):
            last += 1
            if last - first > 4:
                break
            word = fold("".join(piece[0] for piece in pieces[first : last + 1]))
            yield Token(word, pieces[first][1], pieces[last][2], position + first, last - first + 1)


def _codes(text: str, words: list[Token]) -> Iterator[Token]:
    """Yield UN 3480 → un3480, un 38 3 → un38.3, VdS 3103 → vds3103, HV-1 → hv1, and 2 Tage → 2tag, 60 V → 60volt."""
    singles = [token for token in words if not token.joined]
    for index, token in enumerate(singles[:-1]):
        following = singles[index + 1]
        if token.word[0].isdigit() and following.word in _MEASURES and len(text[token.end : following.start]) < 3:
            yield Token(token.word + _MEASURES[following.word], token.start, following.end, token.position, 2)
        if not following.word[0].isdigit() or not _ACRONYM.fullmatch(token.word):
            continue
        if token.word not in _CODE_PREFIXES and not text[token.start : token.end].isupper():
            continue
        if text[token.end : following.start].strip(" -\u2010\u2011\u2013\u00a0"):
            continue
        number, end, parts = following.word, following.end, 2
        third = singles[index + 2] if index + 2 < len(singles) else None
        if third and token.word == "un" and number == "38" and third.word == "3":
            number, end, parts = "38.3", third.end, 3
        yield Token(token.word + number, token.start, end, token.position, parts)


# --- stems


_PERSON = re.compile(r"(?<=er|ur|nt|or|st|ge|in|ik)in(?:nen)?$|(?<=[a-z]{4}er)innen$")
_KEEP_S = ("basis", "praxis", "bus", "status", "kurs", "campus", "kreis", "weis", "preis", "lysis", "ss", "iss", "nis")
_ADJECTIVE = re.compile(
    r"(?:(?<=ig)|(?<=al)|(?<=ar)|(?<=iv)|(?<=os)|(?<=end)|(?<=ert)|(?<=igt)|(?<=cht)|(?<=isch)|(?<=lich)|(?<=ekt)|(?<=sen)"
    r"|(?<=her)|(?<=ell)|(?<=neu))e[rmns]$"
)
_PLURAL_ER = {"guter": "gut", "gutern": "gut", "rader": "rad", "felder": "feld", "hauser": "haus", "bilder": "bild",
              "lander": "land", "bander": "band", "bucher": "buch", "facher": "fach"}  # fmt: skip


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the light stem of a folded *word*: plural, case and gender endings cut, never below four letters."""
    if len(word) < 5 or is_code(word):
        return word
    for plural, single in _PLURAL_ER.items():
        if word.endswith(plural):
            return word[: -len(plural)] + single
    shorter = _PERSON.sub("", word)
    if len(shorter) >= 5:
        word = shorter
    shorter = _ADJECTIVE.sub("", word)
    if shorter != word and len(shorter) >= 4:
        return shorter
    for ending in ("en", "es", "e", "n", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            if ending in ("s", "es") and word.endswith(_KEEP_S):
                return word
            if ending == "n" and word[-2] not in "elr":
                return word
            return word[: -len(ending)]
    return word


_DERIVED = re.compile(r"(?:ierung|ieren|ier|iert|ungs|ung|(?<=[a-z]{5})ers?|(?<=hr)er|end|(?<=[a-z]{5})ing|isch|lich)$")


@lru_cache(maxsize=200_000)
def root(word: str) -> str:
    """Return what Lagerung, lagern and Lager share: the stem without endings that make one part of speech from another."""
    base = stem(word)
    if is_code(base) or len(base) < 6:
        return base
    shorter = _DERIVED.sub("", base)
    return shorter if len(shorter) >= 4 else base
