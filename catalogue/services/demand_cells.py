"""From the cell of a survey to what a company says: urgency, purposes, periods and visibility in the words people use."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from catalogue.models import Confidentiality, Purpose, Relevance
from catalogue.services.findings import one_line
from catalogue.services.module_cells import Unreadable, fold, read_number
from catalogue.services.periods import is_period
from catalogue.texts import N_

__all__ = ["read_answer", "read_confidentiality", "read_period", "read_purposes", "read_relevance"]

E = TypeVar("E", bound=StrEnum)
RELEVANCES: Mapping[str, Relevance] = {
    **{one.value: one for one in Relevance},
    **{fold(one.label): one for one in Relevance},
    "ja": Relevance.OPEN, "x": Relevance.OPEN, "relevant": Relevance.OPEN, "offen": Relevance.OPEN, "nein": Relevance.NONE, "muß": Relevance.MUST,
    "sollte": Relevance.SHOULD, "könnte": Relevance.COULD,
}  # fmt: skip
PURPOSES: Mapping[str, Purpose] = {
    **{one.value: one for one in Purpose},
    **{fold(one.label): one for one in Purpose},
    "schulung": Purpose.TRAINING, "kooperation": Purpose.COOPERATION, "geschäft": Purpose.BUSINESS,
}  # fmt: skip
CONFIDENTIALITIES: Mapping[str, Confidentiality] = {
    **{one.value: one for one in Confidentiality},
    **{fold(one.label): one for one in Confidentiality},
    "netzwerkbüro": Confidentiality.NETWORK, "anonym": Confidentiality.ANONYMOUS, "mitglieder": Confidentiality.MEMBERS,
}  # fmt: skip
_PARTS = {"q": "Q", "quartal": "Q", "h": "H", "halbjahr": "H", "hj": "H"}
_PERIODS = (
    re.compile(r"(?P<year>20\d\d)"),
    re.compile(r"(?P<year>20\d\d)[-/. ]*(?P<part>[qh])(?P<n>[1-4])"),
    re.compile(r"(?P<part>[qh]) ?(?P<n>[1-4])[-/. ]*(?P<year>20\d\d)"),
    re.compile(r"(?P<n>[1-4])\. ?(?P<part>quartal|halbjahr|hj)[-/. ]*(?P<year>20\d\d)"),
)
_ANSWER = re.compile(
    r"(?P<word>[^\d()]*?)[\s(:,]*(?P<number>\d[\d.]*)?\s*(?:personen|person|pers\.?)?\s*\)?", re.IGNORECASE
)


def _one(text: str, known: Mapping[str, E], message: str) -> E | None:
    if not text.strip():
        return None
    found = known.get(fold(text))
    if found is None:
        raise Unreadable(message, cell=one_line(text)[:60])
    return found


def read_relevance(text: str) -> Relevance | None:
    """muss, soll, kann, nicht relevant; x or ja: relevant without urgency."""
    return _one(
        text, RELEVANCES, N_("„%(cell)s“ ist keine Dringlichkeit. Schreiben Sie muss, soll, kann oder nicht relevant.")
    )


def read_confidentiality(text: str) -> Confidentiality | None:
    """Who sees it, by its label."""
    return _one(
        text,
        CONFIDENTIALITIES,
        N_(
            "„%(cell)s“ ist nicht bekannt. Schreiben Sie nur Netzwerkbüro, anonym in Summen oder für Mitglieder sichtbar."
        ),
    )


def read_purposes(text: str) -> tuple[Purpose, ...] | None:
    """One or several purposes, between commas, semicolons, bars or line breaks."""
    words = [word for word in re.split(r"[,;|/+\n]| und ", text) if word.strip()]
    message = N_("„%(cell)s“ ist kein Zweck. Schreiben Sie Weiterbildung, Zusammenarbeit oder Geschäftsidee.")
    found = {_one(word, PURPOSES, message) for word in words}
    return tuple(one for one in Purpose if one in found) or None


def read_period(text: str) -> str | None:
    """2027, 2027-Q1, Q1/2027, 1. Quartal 2027, 2027-H2, 2. Halbjahr 2027; "offen" says nothing."""
    given = fold(text)
    if not given or given == "offen":
        return None
    for pattern in _PERIODS:
        if match := pattern.fullmatch(given):
            said = match.groupdict()
            period = f"{said['year']}-{_PARTS[said['part']]}{said['n']}" if said.get("part") else said["year"]
            if is_period(period):
                return period
    raise Unreadable(
        N_("„%(cell)s“ ist kein Zeitraum. Schreiben Sie zum Beispiel 2027, 1. Quartal 2027 oder 2. Halbjahr 2027."),
        cell=one_line(text)[:60],
    )


def read_answer(text: str) -> tuple[Relevance | None, int | None]:
    """The cell of a table of companies by modules: muss, 6 (people), or both: "muss 6", "soll (12 Personen)"."""
    match = _ANSWER.fullmatch(text.strip())
    if match is None:
        raise Unreadable(
            N_("„%(cell)s“ ist keine Antwort. Schreiben Sie muss, soll, kann oder eine Zahl von Personen."),
            cell=one_line(text)[:60],
        )
    return read_relevance(match["word"]), read_number(match["number"]) if match["number"] else None
