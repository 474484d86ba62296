"""Recognises vocabulary terms in the words of an offer, for lists that name no terms.

The words are those of the column ``recognised_by`` of ``data/vocabularies`` (``*`` stands for any letters), and for terms that
staff added the label and synonyms. HV levels have a notation of their own (DGUV Information 209-093), durations a meaning.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalogue.models import OfferStatus, Term, Vocabulary
from catalogue.services import durations
from catalogue.services.tables import entries
from catalogue.services.vocabularies import table

__all__ = ["Offer", "Recogniser", "fold", "hv_levels", "offer_status"]

_FOLD = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u00ad": None})  # fmt: skip
_STEPS = {"S": ["s-e", "1s", "2s", "3s"], "E": ["s-e", "1e", "2e", "3e"]}
_LEVEL = re.compile(r"(?<![\w/-])([123])([SE])(?![\w-])")
_AWARE = re.compile(r"(?:Stufen?|HV|Hochvolt)[ -](S|E|S/E)(?![\w-])|(?<!\w)(S/E)(?!\w)")
_RANGE = re.compile(r"(?<![\w])((?:[123]?[SE]/?)+)\s*(?:bis|–|-)\s*((?:[123][SE]/?)+)(?![\w])")
_FOR_WHOM = re.compile(r"(?:(?<!\w)(?:für|for)\s+(.+)|(?i:(train.the.trainer)))")
_REMOTE = {"online", "webinar", "selbstlern"}
_STATUS = (
    (OfferStatus.DISCONTINUED, re.compile(r"(?<!\w)(wird nicht mehr angeboten|Angebot (?:ist |wurde )?eingestellt)")),
    (OfferStatus.PILOTED, re.compile(r"(?<!\w)(Pilotdurchf|Pilotkurs|Pilotschulung|[Pp]ilotiert)")),
    (OfferStatus.DRAFTING, re.compile(r"(?<!\w)([Gg]eplantes|noch in Entwicklung|in Konzeption|in Ausarbeitung)")),
)


@dataclass(frozen=True)
class Offer:
    """The words of an offer, as far as terms are recognised in them."""

    title: str
    facts: tuple[str, ...] = ()
    audience: str = ""
    level: str = ""
    format: str = ""
    duration: str = ""
    place: str = ""
    certificate: str = ""
    price: str = ""

    def words(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Return the texts in which terms of *vocabulary* may be recognised."""
        return {
            Vocabulary.TOPIC: (self.title, *self.facts),
            Vocabulary.AUDIENCE: (self.audience, *(found[0] for found in _FOR_WHOM.finditer(self.title))),
            Vocabulary.LEVEL: (self.level,),
            Vocabulary.FORMAT: (self.format,) if self.format else (self.title, *self.facts),
            Vocabulary.CERTIFICATE: (self.certificate or self.title, self.duration),
            Vocabulary.LEGAL_FRAME: (self.title, self.level, self.certificate, *self.facts),
            Vocabulary.PRICE: (self.price, *self.facts),
            Vocabulary.REGION: (self.place,),
        }.get(vocabulary, ())


def fold(text: str) -> str:
    """Return *text* in lower case, umlauts as two letters, one kind of hyphen."""
    return unicodedata.normalize("NFC", text).lower().translate(_FOLD)


class Recogniser:
    """Knows the terms of all vocabularies and the words that give them away."""

    def __init__(self, terms: Mapping[Vocabulary, Iterable[Term]]) -> None:
        self._patterns = {
            vocabulary: {term.code: pattern for term in found if (pattern := _pattern(_words(term, given)))}
            for vocabulary, found in terms.items()
            for given in [{row["code"]: entries(row["recognised_by"]) for row in table(vocabulary)}]
        }

    def terms(self, offer: Offer) -> dict[str, tuple[str, ...]]:
        """Return the codes found in *offer* by vocabulary."""
        found = {vocabulary: self._codes(vocabulary, offer) for vocabulary in self._patterns}
        taught = [fact for fact in offer.facts if not fact.startswith("Voraussetzung")]
        found[Vocabulary.HV_LEVEL] = hv_levels(offer.level, offer.title, *taught)
        found[Vocabulary.DURATION] = durations.classes(offer.duration)
        _complete(found)
        return {name.value: tuple(sorted(set(codes))) for name, codes in found.items() if codes}

    def _codes(self, vocabulary: Vocabulary, offer: Offer) -> tuple[str, ...]:
        text = fold("\n".join(offer.words(vocabulary)))
        return (
            tuple(code for code, pattern in self._patterns[vocabulary].items() if pattern.search(text)) if text else ()
        )


def _complete(found: dict[Vocabulary, tuple[str, ...]]) -> None:
    """Add what follows from other findings, drop the general where something particular was found."""
    if levels := set(found[Vocabulary.HV_LEVEL]):  # the ladder is defined nowhere else; S stands for service
        found[Vocabulary.LEGAL_FRAME] += ("dguv-209-093",)
        found[Vocabulary.TOPIC] += ("sicherheit", "wartung") if levels & {"2s", "3s"} else ("sicherheit",)
    formats = set(found[Vocabulary.FORMAT])
    if formats and formats <= _REMOTE and not found[Vocabulary.REGION]:
        found[Vocabulary.REGION] = ("online",)
    if len(found[Vocabulary.CERTIFICATE]) > 1:
        found[Vocabulary.CERTIFICATE] = tuple(code for code in found[Vocabulary.CERTIFICATE] if code != "zertifikat")


def _words(term: Term, given: Mapping[str, tuple[str, ...]]) -> list[str]:
    if term.code in given and (given[term.code] or term.vocabulary == Vocabulary.DURATION):
        return [term.label_de, *given[term.code]]
    return [term.label_de, *term.synonyms]


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    parts = [re.escape(fold(word)).replace(r"\*", r"\w*") for word in words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None


def hv_levels(*texts: str) -> tuple[str, ...]:
    """Return the HV levels that *texts* name: "2S + 3S" → 2s, 3s; "1S/1E bis 3S/3E" → all six; "S bis 3S" → s-e, 1s, 2s, 3s."""
    found: set[str] = set()
    for text in texts:
        for start, end in _RANGE.findall(text):
            found |= _between(start, end)
        found |= {f"{step}{kind}".lower() for step, kind in _LEVEL.findall(text)}
        found |= {f"{step}{kind}".lower() for step, kind in re.findall(r"/([123])([SE])(?!\w)", text)}
        if _AWARE.search(text):
            found.add("s-e")
    return tuple(sorted(found))


def _between(start: str, end: str) -> set[str]:
    first = int(start[0]) if start[0].isdigit() else 0
    kinds = {letter for letter in end if letter in _STEPS}
    last = int(end[0])
    return {code for kind in kinds for code in _STEPS[kind][first : last + 1]}


def offer_status(*texts: str) -> OfferStatus | None:
    """Return how far the offer has come, where its own words say so."""
    return next((status for status, pattern in _STATUS if any(pattern.search(text) for text in texts)), None)
