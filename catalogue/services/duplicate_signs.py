"""What makes two records look like one offer: code, source, title and provider, text. Pure; every sign has a German sentence.

Numbers tell offers of one series apart ("Stufe 2S" and "Stufe 3S"), so titles and texts count only where all numbers agree.
"""

import math
import re
import uuid
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from urllib.parse import parse_qsl, urlencode, urlsplit

from catalogue.models import WorkflowState
from catalogue.search.analysis import fold, is_code, stem, tokens
from catalogue.search.wordlists import stop_words
from catalogue.texts import N_, Text

__all__ = [
    "Likeness",
    "Register",
    "Traits",
    "code_key",
    "estimate",
    "overlap",
    "shingles",
    "sketch",
    "traits",
    "url_key",
]

ALIKE_TITLE, ALIKE_TEXT, COPIED = 0.7, 0.6, 0.85
TELLING_SOURCE = 3  # an address that more modules name is a list, not the page of one offer
LARGEST_BLOCK = 30
SKETCH, SKETCH_BLOCKS = 24, 8  # numbers kept of a text, and how many of them lead to texts that may be the same
FEWEST_WORDS = 12  # shorter texts say the same by chance
RAREST = 6
ROMAN = frozenset(["ii", "iii", "iv", "vi", "vii", "viii", "ix"])
TRACKING = ("utm_", "fbclid", "gclid", "mc_")


@dataclass(frozen=True)
class Traits:
    """What of a module is compared. ``provider`` is its folded name, ``numbers`` the words of the title that hold a number."""

    id: uuid.UUID | None
    slug: str
    title: str
    state: WorkflowState | None
    provider_name: str
    provider: str
    code: str
    urls: frozenset[str]
    words: frozenset[str]
    numbers: frozenset[str]
    letters: str  # of the title in one piece: "Hochvolt-Experte" = "Hochvoltexperte"


@dataclass(frozen=True)
class Likeness:
    """Why two modules may be one. ``score``: how much speaks for it."""

    score: float
    reasons: tuple[Text, ...]


def traits(
    title: str, provider: str = "", code: str = "", urls: Iterable[str] = (), *, id: uuid.UUID | None = None, slug: str = "",
    state: WorkflowState | None = None,
) -> Traits:  # fmt: skip
    """Return what is compared of a module with these words; *provider* is a name."""
    words, numbers = _title_words(title)
    keys = frozenset(key for url in urls if (key := url_key(url)))
    return Traits(
        id, slug, title, state, provider, _name_key(provider), code_key(code), keys, words, numbers, _letters(title)
    )


@lru_cache(maxsize=20_000)
def _title_words(title: str) -> tuple[frozenset[str], frozenset[str]]:
    found = [token.word for token in tokens(title) if not token.joined]
    numbers = frozenset(word for word in found if is_code(word) or len(word) == 1 or word in ROMAN)
    words = frozenset(stem(word) for word in found if word not in stop_words() and word not in numbers)
    return words | numbers, numbers


@lru_cache(maxsize=20_000)
def _letters(title: str) -> str:
    return "".join(re.findall(r"[^\W_]+", fold(title)))


@lru_cache(maxsize=5_000)
def _name_key(name: str) -> str:
    return " ".join(re.findall(r"\w+", fold(name)))


def code_key(code: str) -> str:
    """Return *code* without what people write differently: "HV 2-S" = "hv2s"."""
    return "".join(re.findall(r"[^\W_]+", code.casefold()))


@lru_cache(maxsize=20_000)
def url_key(url: str) -> str:
    """Return an address without scheme, "www.", fragment, tracking and the last slash; "" for what is no page of its own."""
    try:
        parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
    except ValueError:
        return ""
    query = urlencode(sorted(pair for pair in parse_qsl(parts.query) if not pair[0].lower().startswith(TRACKING)))
    path = re.sub(r"/(index\.\w+)?$", "", parts.path)
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{path}{'?' + query if query else ''}" if host and (path or query) else ""


def shingles(text: str) -> frozenset[int]:
    """Return numbers that stand for every three words in a row of *text*; none for a text too short to tell."""
    words = re.findall(r"\w+", text.lower())
    if len(words) < FEWEST_WORDS:
        return frozenset()
    rows = zip(words, words[1:], words[2:], strict=False)
    return frozenset(zlib.crc32(" ".join(row).encode()) for row in rows)


def sketch(text: str) -> tuple[int, ...]:
    """Return the smallest of the :func:`shingles`: texts that share much share some of these, very probably."""
    return tuple(sorted(shingles(text))[:SKETCH])


def estimate(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return from two sketches about what :func:`overlap` would be."""
    both = set(one).intersection(other)
    if not both:
        return 0.0
    smallest = sorted({*one, *other})[:SKETCH]
    return len(both.intersection(smallest)) / len(smallest)


def overlap(one: Collection[int], other: Collection[int]) -> float:
    """Return how much of two texts is the same, 0 to 1."""
    together = len({*one, *other})
    return len(set(one) & set(other)) / together if together else 0.0


class Register:
    """Modules by what they may have in common, so that none is compared with all others."""

    def __init__(self, known: Iterable[Traits]) -> None:
        self.known = list(known)
        self._codes: dict[str, list[int]] = defaultdict(list)
        self._urls: dict[str, list[int]] = defaultdict(list)
        self._words: dict[str, list[int]] = defaultdict(list)
        self._letters: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(self.known):
            if one.code:
                self._codes[one.code].append(number)
            self._letters[one.letters].append(number)
            for url in one.urls:
                self._urls[url].append(number)
            for word in one.words:
                self._words[word].append(number)
        self._unknown = self._weight(0)
        self._rarity = {word: self._weight(len(held)) for word, held in self._words.items()}

    def _weight(self, frequency: int) -> float:
        return math.log(1 + (1 + len(self.known)) / (1 + frequency))

    def rarity(self, word: str) -> float:
        """Return how telling a word of a title is."""
        return self._rarity.get(word, self._unknown)

    def title_likeness(self, one: Traits, other: Traits) -> float:
        """Return how much of two titles is the same, 0 to 1; rare words weigh more."""
        if one.letters == other.letters or one.words == other.words:
            return 1.0 if one.letters else 0.0
        together = sum(self.rarity(word) for word in one.words | other.words)
        return sum(self.rarity(word) for word in one.words & other.words) / together

    def near(self, given: Traits, most: int = 40) -> list[Traits]:
        """Return known modules that may be *given*, by their titles the most alike first; those of the same id are left out."""
        found = {*self._codes.get(given.code, ()), *self._letters.get(given.letters, ())[: 10 * LARGEST_BLOCK]}
        for url in given.urls:
            found.update(self._urls.get(url, ())[:LARGEST_BLOCK])
        for word in sorted(given.words, key=self.rarity, reverse=True)[:RAREST]:
            found.update(self._words.get(word, ())[: 10 * LARGEST_BLOCK])
        listed = [self.known[number] for number in found if given.id is None or self.known[number].id != given.id]
        listed.sort(key=lambda other: (-self._quick(given, other), other.slug))
        return listed[:most]

    def _quick(self, one: Traits, other: Traits) -> float:
        return self.title_likeness(one, other) + bool(one.code and one.code == other.code) + bool(one.urls & other.urls)

    def likeness(self, one: Traits, other: Traits, text: float) -> Likeness | None:
        """Return why the two may be one offer, None if too little speaks for it. *text*: :func:`overlap` of their texts."""
        title, same_provider = self.title_likeness(one, other), _provider(one, other)
        told_apart = one.numbers != other.numbers
        code = bool(one.code) and one.code == other.code
        urls = sorted(url for url in one.urls & other.urls if len(self._urls.get(url, ())) <= TELLING_SOURCE)
        likely = code or not told_apart and (
            title == 1 and same_provider is not False
            or title >= ALIKE_TITLE and same_provider is True
            or bool(urls) and title >= 0.5
            or text >= ALIKE_TEXT and (title >= 0.3 or same_provider is True)
            or text >= COPIED
        )  # fmt: skip
        if not likely:
            return None
        reasons = [*_code(one, code), *_title(title, same_provider)]
        reasons += [Text(N_("gleiche Quelle: %(url)s"), {"url": url}) for url in urls[:1]]
        if text >= ALIKE_TEXT:
            reasons.append(Text(N_("Texte stimmen zu %(percent)s %% überein"), {"percent": round(100 * text)}))
        score = 3 * code + 2 * title + (same_provider is True) + bool(urls) + 2 * text
        return Likeness(round(score, 4), tuple(reasons))

    def pairs(self, sketches: Mapping[uuid.UUID, tuple[int, ...]]) -> Iterator[tuple[Traits, Traits]]:
        """Yield pairs worth a closer look, each once: they share a code, a source, two rare words of the title, or part of the text."""
        seen: set[tuple[int, int]] = set()
        for block in self._blocks(sketches):
            for pair in _pairs_of(sorted(set(block))):
                if pair not in seen:
                    seen.add(pair)
                    yield self.known[pair[0]], self.known[pair[1]]

    def _blocks(self, sketches: Mapping[uuid.UUID, tuple[int, ...]]) -> Iterator[list[int]]:
        yield from self._codes.values()
        yield from (block for letters, block in self._letters.items() if letters)
        titles: dict[frozenset[str], list[int]] = defaultdict(list)
        words: dict[tuple[str, ...], list[int]] = defaultdict(list)
        texts: dict[int, list[int]] = defaultdict(list)
        for number, one in enumerate(self.known):
            titles[one.words].append(number)
            rare = sorted(sorted(one.words, key=lambda word: (-self.rarity(word), word))[:RAREST])
            for pair in combinations(rare, 2):
                words[pair].append(number)
            for value in sketches.get(one.id, ())[:SKETCH_BLOCKS] if one.id else ():
                texts[value].append(number)
        yield from (block for shared, block in titles.items() if shared)
        smaller = (*self._urls.values(), *words.values(), *texts.values())
        yield from (block for block in smaller if len(block) <= LARGEST_BLOCK)


def _pairs_of(block: list[int]) -> Iterable[tuple[int, int]]:
    """All pairs; of a very large block each with its neighbour, so that none of it is forgotten."""
    return combinations(block, 2) if len(block) <= LARGEST_BLOCK else pairwise(block)


def _provider(one: Traits, other: Traits) -> bool | None:
    """Whether both have the same provider, None if one does not say or says more ("ZF" and "ZF Aftermarket")."""
    mine, theirs = set(one.provider.split()), set(other.provider.split())
    return True if mine == theirs and mine else None if mine <= theirs or theirs <= mine else False


def _code(one: Traits, same: bool) -> list[Text]:
    return [Text(N_("gleiches Kürzel: %(code)s"), {"code": one.code.upper()})] if same else []


def _title(likeness: float, same_provider: bool | None) -> list[Text]:
    if likeness == 1:
        sentences = {
            True: N_("gleicher Titel, gleicher Anbieter"),
            False: N_("gleicher Titel, anderer Anbieter"),
            None: N_("gleicher Titel"),
        }
        return [Text(sentences[same_provider])]
    if likeness < 0.5:
        return [Text(N_("gleicher Anbieter"))] if same_provider else []
    params = {"percent": round(100 * likeness)}
    if same_provider:
        return [Text(N_("ähnlicher Titel (%(percent)s %%), gleicher Anbieter"), params)]
    return [Text(N_("ähnlicher Titel (%(percent)s %%)"), params)]
