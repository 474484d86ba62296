"""The list format: offers as other people's lists write them, one object with ``id``, ``title``, ``topic_facts`` … per offer."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from catalogue.services import durations
from catalogue.services.module_input import ModuleInput
from catalogue.services.recognition import offer_status

__all__ = ["ListRow", "Slug", "Title", "Words", "input_of", "summary_of"]

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,119}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]

SUMMARY_LENGTH = 300
# facts that speak of the offer, its dates and its visitors, not of what is taught
_ABOUT_OFFER = re.compile(
    r"\d+\s+(Teilnehmende|Auszubildende|Führungskräfte|Lehrkräfte)|nahmen teil|^Termine?\b|^Vom \d|^Fand am|^Fachtagung am"
    r"|^\d{1,2}\.(–\d{1,2}\.)?\d{2}\.\d{4}$|^\d+\. MEET|Pilotdurchführung|Qualifizierung seit|\bAbsolventen\b|Abschlüsse"
    r"|[Ll]aut (der )?Quelle|^Angebot (von|aus)|Angebotslinie|^Teil (von|der|des)|^Durchführung|durchgeführt|Kursprogramm"
    r"|^Neue Seminare|genannt|konsortium|^Verstetigung|Zum Zeitpunkt|zum Zeitpunkt|^Schließt mit|^Wissenstest"
    r"|^In den Quellen|werden über .* geschult|^Vier Wochen online|^An drei Abenden",
    re.I,
)
_PREREQUISITES = re.compile(r"^Voraussetzung(?:en)?\s*:\s*(.+)$", re.S)
_VALIDITY = re.compile(r"(?<!\w)gültig(?!\w)")
_AT_MOST = re.compile(r"(?:[Hh]öchstens|[Mm]aximal|[Mm]ax\.)\s+(\d{1,4})\s+(?:Teilnehm|Personen|Plätze)")
_AT_LEAST = re.compile(r"(?:[Mm]indestens|[Mm]in\.)\s+(\d{1,4})\s+(?:Teilnehm|Personen)")
_PRICE = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{2}))?\s*(?:EUR|Euro|€)")


class ListRow(BaseModel):
    """One offer of a list. What a source does not say is null or missing."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: Slug
    title: Title
    provider: Words | None = None
    project: Words | None = None
    topic_facts: list[Words] | None = None
    duration: Words | None = None
    format: Words | None = None
    location: Words | None = None
    audience: Words | None = None
    level: Words | None = None
    price: Words | None = None
    certificate: Words | None = None
    source_url: Words | None = None
    title_exact: bool = True
    more_sources: list[Words] = Field(default_factory=list)


def input_of(row: ListRow) -> ModuleInput:
    """Return what *row* says, without provider, programme, terms and as-of date, which need more than the row."""
    facts = [fact for fact in row.topic_facts or () if fact]
    needed = [found[1] for fact in facts if (found := _PREREQUISITES.match(fact))]
    rest = [fact for fact in facts if not _PREREQUISITES.match(fact)]
    about = [fact for fact in rest if _ABOUT_OFFER.search(fact)]
    taught = [fact for fact in rest if fact not in about]
    duration = row.duration or ""
    units = durations.units(duration, "\n".join(facts))
    return ModuleInput(
        title=row.title,
        title_exact=row.title_exact,
        summary=summary_of(taught or about),
        description="\n".join(f"- {_literal(fact)}" for fact in about),
        contents=tuple(taught),
        prerequisites="\n".join(needed),
        audience_text=row.audience or "",
        level_text=row.level or "",
        format_text=row.format or "",
        place_text=row.location or "",
        duration_text=duration,
        duration_minutes=durations.minutes(duration),
        theory_units=units[0] if units else None,
        practice_units=units[1] if units else None,
        min_participants=_first_number(_AT_LEAST, facts),
        max_participants=_first_number(_AT_MOST, facts),
        certificate_text=row.certificate or "",
        certificate_validity="; ".join(fact for fact in facts if _VALIDITY.search(fact))[:300],
        price_text=row.price or "",
        price_amount=_price(row.price or ""),
        provider_text=row.provider or "",
        offer_status=offer_status(*facts),
        source_url=row.source_url or "",
        more_sources=tuple(row.more_sources),
    )


def summary_of(facts: Iterable[str]) -> str:
    """Return the first facts as they are, joined, at most so many as fit into a short text."""
    summary = ""
    for fact in facts:
        longer = f"{summary}; {fact}" if summary else fact
        if len(longer) > SUMMARY_LENGTH:
            break
        summary = longer
    return summary


def _literal(fact: str) -> str:
    """Return *fact* so that Markdown shows it as it is: "5. Akademie" is no list, "<" no tag."""
    return re.sub(r"([*`<\[\]\\])", r"\\\1", re.sub(r"^(\d+)([.)]\s)", r"\1\\\2", fact))


def _first_number(pattern: re.Pattern[str], facts: Iterable[str]) -> int | None:
    return next((int(found[1]) for fact in facts if (found := pattern.search(fact))), None)


def _price(text: str) -> Decimal | None:
    """Return the amount in euros if *text* names exactly one."""
    found = {f"{whole.replace('.', '')}.{cents or '00'}" for whole, cents in _PRICE.findall(text)}
    return Decimal(found.pop()) if len(found) == 1 else None
