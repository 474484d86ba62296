"""What a module's words must keep to, and the step from slugs and codes to the things they name."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, Programme, Provider, Term
from catalogue.services import durations
from catalogue.services.findings import Findings
from catalogue.services.module_input import FIELDS, LINKED, LISTS, VOCABULARIES, ModuleInput
from catalogue.services.module_references import Looked
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["Checked", "check", "with_duration", "without_derived_duration"]

LENGTHS = {
    "title": 300, "code": 40, "source_url": 1000, "certificate_validity": 300, "price_text": 500, "duration_text": 300,
    "provider_text": 500, "format_text": 500, "place_text": 500, "level_text": 500, "summary": 2000,
}  # fmt: skip
LONGEST_TEXT = 20_000
LONGEST_LIST, LONGEST_ENTRY = 100, 1000
RANGES = {
    "dqr": (1, 8), "duration_minutes": (1, 1_000_000), "theory_units": (0, 10_000), "practice_units": (0, 10_000),
}  # fmt: skip
HIGHEST_PRICE = Decimal(1_000_000)


@dataclass(frozen=True)
class Checked:
    """An input that keeps all rules, with the things it names."""

    given: ModuleInput
    provider: Provider | None
    programme: Programme | None
    terms: list[Term]

    def write_to(self, module: Module) -> None:
        """Set every editable column and reference of *module*."""
        for name in FIELDS:
            if name not in LINKED:
                value = getattr(self.given, name)
                setattr(module, name, list(value) if name in LISTS else value)
        module.code = self.given.code or None
        module.sort_title = sort_key(self.given.title)
        module.provider, module.programme, module.terms = self.provider, self.programme, self.terms


def with_duration(session: Session, given: ModuleInput) -> ModuleInput:
    """Return *given* with the minutes and classes that its wording of the duration states, where nobody entered them."""
    if given.duration_minutes is None:
        given = replace(given, duration_minutes=durations.minutes(given.duration_text))
    if not given.terms.get("duration"):
        wanted = Term.code.in_(durations.classes(given.duration_text))
        codes = session.scalars(
            select(Term.code).where(Term.vocabulary == "duration", wanted).order_by(Term.code)
        ).all()
        given = replace(given, terms={**given.terms, "duration": tuple(codes)} if codes else given.terms)
    return given


def without_derived_duration(before: ModuleInput, given: ModuleInput) -> ModuleInput:
    """Return *given* without minutes and classes that only repeat what the wording of *before* stated: a form sends them along."""
    if given.duration_minutes == before.duration_minutes == durations.minutes(before.duration_text):
        given = replace(given, duration_minutes=None)
    classes = set(given.terms.get("duration", ()))
    if classes == set(before.terms.get("duration", ())) and classes <= set(durations.classes(before.duration_text)):
        given = replace(given, terms={name: codes for name, codes in given.terms.items() if name != "duration"})
    return given


def check(session: Session, given: ModuleInput, module: Module | None = None, known: Looked | None = None) -> Checked:
    """Return the input with the things it names; raise :class:`Invalid` with one sentence for each broken rule.

    *module* is the one to be changed: it may keep its own code. *known* finds what the input names (default: the database).
    """
    known = known or Looked(session)
    findings = Findings()
    findings.required("title", given.title, N_("Geben Sie einen Titel ein."))
    _check_texts(given, findings)
    _check_numbers(given, findings)
    if not all(re.fullmatch("[a-z]{2}", code) for code in given.languages):
        findings.add("languages", N_("Nennen Sie Sprachen mit zwei Buchstaben, zum Beispiel de oder en."))
    provider = known.provider(given.provider) if given.provider else None
    programme = known.programme(given.programme) if given.programme else None
    if given.provider and not provider:
        findings.add("provider", N_("Wählen Sie einen Anbieter aus der Liste."))
    if given.programme and not programme:
        findings.add("programme", N_("Wählen Sie ein Programm aus der Liste."))
    if given.code and _code_taken(known, given.code, module):
        findings.add("code", N_("Dieses Kürzel hat schon ein anderes Modul."))
    terms = _terms(known, given, findings)
    findings.raise_any()
    return Checked(replace(given, terms=_codes(given, terms)), provider, programme, terms)


def _check_texts(given: ModuleInput, findings: Findings) -> None:
    for name in FIELDS:
        value = getattr(given, name)
        if isinstance(value, str):
            findings.length(name, value, LENGTHS.get(name, LONGEST_TEXT))
    for name in LISTS:
        entries = getattr(given, name)
        if len(entries) > LONGEST_LIST:
            findings.add(name, N_("Nennen Sie höchstens %(most)s Einträge."), most=LONGEST_LIST)
        if any(len(entry) > LONGEST_ENTRY for entry in entries):
            findings.add(name, N_("Kürzen Sie jeden Eintrag auf höchstens %(most)s Zeichen."), most=LONGEST_ENTRY)
    findings.url("source_url", given.source_url)
    findings.url("more_sources", *given.more_sources)


def _check_numbers(given: ModuleInput, findings: Findings) -> None:
    for name, (least, most) in RANGES.items():
        findings.within(name, getattr(given, name), least, most)
    findings.participants(given.min_participants, given.max_participants)
    findings.day("as_of", given.as_of)
    price = given.price_amount
    if price is not None and not (price.is_finite() and 0 <= price <= HIGHEST_PRICE):
        findings.add("price_amount", N_("Geben Sie den Preis in Euro als Zahl an, zum Beispiel 490."))


def _code_taken(known: Looked, code: str, module: Module | None) -> bool:
    owner = known.owner_of(code)
    return owner is not None and (module is None or owner != module.id)


def _terms(known: Looked, given: ModuleInput, findings: Findings) -> list[Term]:
    wanted = {(vocabulary, code) for vocabulary, codes in given.terms.items() for code in codes}
    found = known.terms({key for key in wanted if key[0] in VOCABULARIES})
    for vocabulary in given.terms:
        unknown = sorted(code for name, code in wanted - set(found) if name == vocabulary)
        if unknown:
            findings.add(f"terms.{vocabulary}", N_("Unbekannter Begriff: %(codes)s."), codes=", ".join(unknown)[:200])
    terms = {term.id: term for term in (found[key] for key in wanted & set(found))}
    return sorted(terms.values(), key=lambda term: (term.vocabulary, term.position, term.code))


def _codes(given: ModuleInput, terms: list[Term]) -> dict[str, tuple[str, ...]]:
    """The codes of *given* as they are now: some may have been merged since they were written down."""
    return {name: tuple(sorted(one.code for one in terms if one.vocabulary == name)) for name in given.terms}
