"""What people may write about a module: one frozen value that forms, API, import and history share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.models import Module, OfferStatus, Vocabulary
from catalogue.services.findings import one_line, plain_text

__all__ = ["FIELDS", "LISTS", "VOCABULARIES", "ModuleInput", "input_of", "tidy"]

# a module is described with all vocabularies except that of the companies
VOCABULARIES = tuple(vocabulary.value for vocabulary in Vocabulary if vocabulary != Vocabulary.SECTOR)


@dataclass(frozen=True)
class ModuleInput:
    """Everything that can be edited. Empty text and None mean that the source does not say.

    ``provider`` and ``programme`` are slugs, ``terms`` maps the name of a vocabulary to codes in it, ``duration_minutes``
    counts minutes (1 UE = 45), ``price_amount`` euros.
    """

    title: str
    code: str = ""
    title_exact: bool = True
    summary: str = ""
    description: str = ""
    objectives: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    prerequisites: str = ""
    audience_text: str = ""
    level_text: str = ""
    dqr: int | None = None
    format_text: str = ""
    place_text: str = ""
    languages: tuple[str, ...] = ()
    duration_text: str = ""
    duration_minutes: int | None = None
    theory_units: int | None = None
    practice_units: int | None = None
    min_participants: int | None = None
    max_participants: int | None = None
    certificate_text: str = ""
    certificate_validity: str = ""
    price_text: str = ""
    price_amount: Decimal | None = None
    provider_text: str = ""
    provider: str = ""
    programme: str = ""
    offer_status: OfferStatus | None = None
    source_url: str = ""
    more_sources: tuple[str, ...] = ()
    as_of: date | None = None
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


FIELDS = tuple(declared.name for declared in fields(ModuleInput))
LISTS = ("objectives", "contents", "languages", "more_sources")
LINKED = ("provider", "programme", "terms")  # stored as references, not as columns of the same name


def input_of(module: Module) -> ModuleInput:
    """Return what *module* says now. Its terms, provider and programme are loaded."""
    values: dict[str, Any] = {name: getattr(module, name) for name in FIELDS if name not in LINKED}
    values |= {name: tuple(values[name] or ()) for name in LISTS}
    values["code"] = module.code or ""
    values["provider"] = module.provider.slug if module.provider else ""
    values["programme"] = module.programme.slug if module.programme else ""
    found = {name: tuple(sorted(term.code for term in module.terms_of(name))) for name in VOCABULARIES}
    values["terms"] = {name: codes for name, codes in found.items() if codes}
    return ModuleInput(**values)


def tidy(given: ModuleInput) -> ModuleInput:
    """Return *given* in the form that is stored: trimmed, line ends unified, no empty list entries, terms sorted."""
    values: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(given, name)
        if name in LISTS:
            values[name] = tuple(text for entry in value if (text := one_line(entry)))
        elif type(value) is str:
            values[name] = plain_text(value)
    values["title"] = one_line(given.title)
    values["terms"] = {
        name: tuple(sorted(set(given.terms[name])))
        for name in [*VOCABULARIES, *_strangers(given)]
        if given.terms.get(name)
    }
    if given.price_amount is not None and given.price_amount.is_finite():
        values["price_amount"] = round(given.price_amount, 2)
    return replace(given, **values)


def _strangers(given: ModuleInput) -> list[str]:
    return [name for name in given.terms if name not in VOCABULARIES]
