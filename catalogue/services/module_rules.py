"""What a module's words must keep to, and the step from slugs and codes to the things they name."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import urlsplit

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Module, Programme, Provider, Term
from catalogue.services.errors import Invalid
from catalogue.services.module_input import FIELDS, LINKED, LISTS, VOCABULARIES, ModuleInput
from catalogue.services.sorting import sort_key
from catalogue.texts import N_, Text

__all__ = ["Checked", "check", "check_url", "with_minutes"]

LENGTHS = {
    "title": 300, "code": 40, "source_url": 1000, "certificate_validity": 300, "price_text": 500, "duration_text": 300,
    "provider_text": 500, "format_text": 500, "place_text": 500, "level_text": 500, "summary": 2000,
}  # fmt: skip
LONGEST_TEXT = 20_000
LONGEST_LIST, LONGEST_ENTRY = 100, 1000
RANGES = {
    "dqr": (1, 8), "duration_minutes": (1, 1_000_000), "theory_units": (0, 10_000), "practice_units": (0, 10_000),
    "min_participants": (1, 10_000), "max_participants": (1, 10_000),
}  # fmt: skip
EARLIEST = date(1990, 1, 1)
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


def with_minutes(given: ModuleInput) -> ModuleInput:
    """Return *given* with the minutes that its wording of the duration states, where nobody entered them."""
    return given


def check(session: Session, given: ModuleInput, module: Module | None = None) -> Checked:
    """Return the input with the things it names; raise :class:`Invalid` with one sentence for each broken rule.

    *module* is the one to be changed: it may keep its own code.
    """
    wrong: dict[str, Text] = {}
    for rule in (_title, _lengths, _lists, _ranges, _participants, _urls, _languages, _rest):
        rule(given, lambda name, message, **params: wrong.setdefault(name, Text(message, params)))
    provider = session.scalar(select(Provider).where(Provider.slug == given.provider)) if given.provider else None
    programme = session.scalar(select(Programme).where(Programme.slug == given.programme)) if given.programme else None
    if given.provider and not provider:
        wrong.setdefault("provider", Text(N_("Wählen Sie einen Anbieter aus der Liste.")))
    if given.programme and not programme:
        wrong.setdefault("programme", Text(N_("Wählen Sie ein Programm aus der Liste.")))
    if given.code and _code_taken(session, given.code, module):
        wrong.setdefault("code", Text(N_("Dieses Kürzel hat schon ein anderes Modul.")))
    terms = _terms(session, given, wrong)
    if wrong:
        raise Invalid(fields=wrong)
    return Checked(given, provider, programme, terms)


def check_url(url: str) -> bool:
    """Whether *url* is empty or a web address that can be shown as a link."""
    if not url:
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f<>\"\\]", url)
    except ValueError:
        return False


Report = Callable[..., object]


def _title(given: ModuleInput, wrong: Report) -> None:
    if not given.title:
        wrong("title", N_("Geben Sie einen Titel ein."))


def _lengths(given: ModuleInput, wrong: Report) -> None:
    for name in FIELDS:
        value, most = getattr(given, name), LENGTHS.get(name, LONGEST_TEXT)
        if isinstance(value, str) and len(value) > most:
            wrong(name, N_("Kürzen Sie den Text auf höchstens %(most)s Zeichen."), most=most)


def _lists(given: ModuleInput, wrong: Report) -> None:
    for name in LISTS:
        entries = getattr(given, name)
        if len(entries) > LONGEST_LIST:
            wrong(name, N_("Nennen Sie höchstens %(most)s Einträge."), most=LONGEST_LIST)
        if any(len(entry) > LONGEST_ENTRY for entry in entries):
            wrong(name, N_("Kürzen Sie jeden Eintrag auf höchstens %(most)s Zeichen."), most=LONGEST_ENTRY)


def _ranges(given: ModuleInput, wrong: Report) -> None:
    for name, (least, most) in RANGES.items():
        value = getattr(given, name)
        if value is not None and not least <= value <= most:
            wrong(name, N_("Geben Sie eine Zahl von %(least)s bis %(most)s ein."), least=least, most=most)


def _participants(given: ModuleInput, wrong: Report) -> None:
    least, most = given.min_participants, given.max_participants
    if least is not None and most is not None and least > most:
        wrong("max_participants", N_("Die Höchstzahl muss mindestens so groß sein wie die Mindestzahl."))


def _urls(given: ModuleInput, wrong: Report) -> None:
    message = N_("Geben Sie eine Adresse an, die mit https:// oder http:// beginnt.")
    if not check_url(given.source_url):
        wrong("source_url", message)
    if not all(check_url(url) for url in given.more_sources):
        wrong("more_sources", message)


def _languages(given: ModuleInput, wrong: Report) -> None:
    if not all(re.fullmatch("[a-z]{2}", code) for code in given.languages):
        wrong("languages", N_("Nennen Sie Sprachen mit zwei Buchstaben, zum Beispiel de oder en."))


def _rest(given: ModuleInput, wrong: Report) -> None:
    price = given.price_amount
    if price is not None and not (price.is_finite() and 0 <= price <= HIGHEST_PRICE):
        wrong("price_amount", N_("Geben Sie den Preis in Euro als Zahl an, zum Beispiel 490."))
    if given.as_of is not None and given.as_of < EARLIEST:
        wrong("as_of", N_("Geben Sie ein Datum ab 1990 ein."))


def _code_taken(session: Session, code: str, module: Module | None) -> bool:
    owner = session.scalar(select(Module.id).where(Module.code == code))
    return owner is not None and (module is None or owner != module.id)


def _terms(session: Session, given: ModuleInput, wrong: dict[str, Text]) -> list[Term]:
    found: list[Term] = []
    for vocabulary, codes in given.terms.items():
        rows = list(session.scalars(select(Term).where(Term.vocabulary == vocabulary, Term.code.in_(codes))))
        if vocabulary not in VOCABULARIES or len(rows) != len(set(codes)):
            unknown = ", ".join(sorted(set(codes) - {term.code for term in rows})) or vocabulary
            wrong[f"terms.{vocabulary}"] = Text(N_("Unbekannter Begriff: %(codes)s."), {"codes": unknown[:200]})
        found += rows
    return sorted(found, key=lambda term: (term.vocabulary, term.position, term.code))
