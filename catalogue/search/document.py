"""What the index holds of one module: its words with weights and places, and one stored entry for facets and sorting. Pure.

Who may see a module is not the index's business: only published modules are put in.
"""

import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from whoosh import fields, formats
from whoosh.codec.whoosh3 import W3Codec, W3PerDocReader

from catalogue.models import Module, Term, Vocabulary
from catalogue.search.analysis import Token, fold, tokens
from catalogue.search.results import NOT_STATED

__all__ = [
    "INDEX_VERSION",
    "SCHEMA",
    "WORDS",
    "Entry",
    "document",
    "label_tokens",
    "labels",
    "places",
    "texts",
    "title_key",
]

INDEX_VERSION = 8  # raise it when anything here or in analysis.py changes: the index is then rebuilt
WORDS = "words"
_GAP = 20  # places between two texts, so that no phrase reaches from one into the next

# how much a word says about a module, by where it stands
TITLE, CODE, PROVIDER, CONTENTS, TERM, TOPIC, SYNONYM = 4.0, 4.0, 2.2, 2.0, 1.7, 1.0, 0.3
_TEXTS: tuple[tuple[str, float], ...] = (
    ("audience_text", 2.0), ("level_text", 2.0), ("place_text", 1.8), ("summary", 1.8), ("format_text", 1.6),
    ("provider_text", 1.8), ("certificate_text", 1.3), ("description", 1.3), ("prerequisites", 0.8), ("price_text", 1.2),
    ("duration_text", 0.8), ("certificate_validity", 0.8),
)  # fmt: skip
_REPEATED = 0.15  # what further places of the same word add


class Words(fields.FieldType):
    """A Whoosh field that takes ``{word: (weight, places)}`` as it is: analysis is ours, so is the weight of each place."""

    indexed = True
    stored = False
    unique = False
    scorable = False
    vector = None
    column_type = None
    spelling = False
    analyzer = None
    multitoken_query = "default"

    def __init__(self) -> None:
        self.format = formats.Positions()

    def index(
        self, value: Mapping[str, tuple[float, list[int]]], **_: Any
    ) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield what the posting pool wants: (word, frequency, weight, encoded places)."""
        for word, (weight, at) in value.items():
            yield word.encode(), len(at), weight, array("I", at).tobytes()


class _PerDocument(W3PerDocReader):
    """Says that no field has a length: nothing is scored by it, and Whoosh would look for a file at every single posting."""

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return default


class Codec(W3Codec):
    """Whoosh's own format in larger, uncompressed blocks; half the time to write, less to read."""

    def __init__(self) -> None:
        super().__init__(blocklimit=255, compression=0)

    def per_document_reader(self, storage: Any, segment: Any) -> _PerDocument:
        """Return what the writer asks for lengths and stored fields."""
        return _PerDocument(storage, segment)


def places(encoded: bytes) -> "array[int]":
    """Return the places that :class:`Words` encoded."""
    found = array("I")
    found.frombytes(encoded)
    return found


SCHEMA = fields.Schema(id=fields.ID(unique=True), words=Words(), entry=fields.STORED)

# (id, version, facets "name=value", position, sort title, newest, minutes, run days, folded title)
Entry = tuple[bytes, int, tuple[str, ...], int, str, int, int, tuple[int, ...], str]


class _Text(NamedTuple):
    text: str
    weight: float


def texts(module: Module) -> Iterator[_Text]:
    """Yield what *module* says itself, with the weight of each place: the title first, then what snippets may be taken from."""
    yield _Text(module.title, TITLE)
    for line in [*module.contents, *module.objectives]:
        yield _Text(line, CONTENTS)
    for name, weight in _TEXTS:
        if value := getattr(module, name):
            yield _Text(value, weight)


def labels(module: Module) -> Iterator[_Text]:
    """Yield the names by which *module* is ordered: code, provider, programme, places and vocabulary terms."""
    if module.code:
        yield _Text(module.code, CODE)
    if module.provider:
        yield _Text(module.provider.name, PROVIDER)
        yield _Text(module.provider.place, TERM)
    if module.programme:
        yield _Text(module.programme.name, PROVIDER)
    for run in module.runs:
        yield _Text(run.place, TERM)
    for term in module.terms:
        weight = TOPIC if term.vocabulary == Vocabulary.TOPIC else TERM
        yield _Text(term.label_de, weight)
        yield _Text(term.label_en, weight)
        for other in [*term.synonyms, *term.old_names]:
            yield _Text(other, SYNONYM)


@lru_cache(maxsize=20_000)
def label_tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a label; labels are few and come again and again."""
    return tuple(tokens(text))


def _words(module: Module) -> dict[str, tuple[float, list[int]]]:
    """Return the weight and the places of each word. Repetition adds a little to the weight of the best place."""
    taken: list[tuple[Sequence[Token], float]] = [(tokens(part.text), part.weight) for part in texts(module)]
    taken += [(label_tokens(part.text), part.weight) for part in labels(module)]
    weights: dict[str, float] = {}
    at: dict[str, list[int]] = {}
    offset = 0
    for words, weight in taken:
        last = 0
        for word, _, _, last, _ in words:  # noqa: B007 - the last one is needed below
            known = weights.get(word)
            if known is None:
                weights[word] = weight
                at[word] = [offset + last]
                continue
            high, low = (known, weight) if known > weight else (weight, known)
            weights[word] = min(high + _REPEATED * min(low, 1.0), high * 1.5)
            at[word].append(offset + last)
        offset += last + _GAP
    return {word: (weight, at[word]) for word, weight in weights.items()}


def title_key(text: str) -> str:
    """Return the folded words of a title, by which a title typed in full is recognised."""
    return " ".join(token.word for token in tokens(text) if not token.joined)[:300]


def document(module: Module, terms: Mapping[uuid.UUID, Term]) -> dict[str, Any]:
    """Return the fields of *module* for a Whoosh writer. *terms* holds all terms by id, for the ones above a module's own."""
    return {"id": module.id.hex, "words": _words(module), "entry": _entry(module, terms)}


def _entry(module: Module, terms: Mapping[uuid.UUID, Term]) -> Entry:
    newest = module.published_at or module.created_at
    return (
        module.id.bytes,
        module.version,
        tuple(_facets(module, terms)),
        module.position,
        fold(module.sort_title),
        int(newest.timestamp()) if newest else 0,
        module.duration_minutes or 0,
        tuple(sorted(run.starts_on.toordinal() for run in module.runs if run.state not in ("cancelled", "held"))),
        title_key(module.title),
    )


_TERM_FACETS = (
    Vocabulary.TOPIC, Vocabulary.AUDIENCE, Vocabulary.LEVEL, Vocabulary.HV_LEVEL, Vocabulary.FORMAT, Vocabulary.DURATION,
    Vocabulary.CERTIFICATE, Vocabulary.PRICE,
)  # fmt: skip


def _facets(module: Module, terms: Mapping[uuid.UUID, Term]) -> Iterator[str]:
    for vocabulary in _TERM_FACETS:
        yield from _values(vocabulary, _with_parents(module.terms_of(vocabulary), terms))
    regions = [
        *module.terms_of(Vocabulary.REGION),
        *(terms[run.region_id] for run in module.runs if run.region_id and run.region_id in terms),
    ]
    yield from _values(Vocabulary.REGION, _with_parents(regions, terms))
    yield from _values("provider", {module.provider.slug} if module.provider else ())
    yield from _values("programme", {module.programme.slug} if module.programme else ())
    yield from _values("status", {module.offer_status.value} if module.offer_status else ())
    yield from _values("dqr", {str(module.dqr)} if module.dqr else ())


def _values(facet: str, codes: Iterable[str]) -> Iterator[str]:
    stated = sorted(codes)
    for code in stated or [NOT_STATED]:
        yield f"{facet}={code}"


def _with_parents(chosen: Iterable[Term], terms: Mapping[uuid.UUID, Term]) -> set[str]:
    """Return the codes of *chosen* and of all terms above them: a module on "Zelle" is found under its parent, too."""
    codes: set[str] = set()
    for term in chosen:
        at: Term | None = term
        while at is not None and at.code not in codes:
            codes.add(at.code)
            at = terms.get(at.parent_id) if at.parent_id else None
    return codes
