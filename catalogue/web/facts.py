"""The facts of a module as pages show them: what is known with its label, what is missing by name. Nothing is guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import get_locale, gettext, ngettext

from catalogue.models import Module, Run, RunState, Term, Vocabulary
from catalogue.web.filters import day, label, number

__all__ = ["Fact", "Facts", "entry_facts", "next_run", "old_year", "run_text", "sheet_facts", "today", "upcoming"]

OLD_AFTER_YEARS = 2
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Fact:
    """One label with its value; ``aside`` is shown grey behind it; ``terms`` are drawn as signs instead of the value.

    ``german`` says that the value is the wording of the source, which is never translated.
    """

    key: str
    name: str
    value: str
    aside: str = ""
    terms: tuple[Term, ...] = ()
    german: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known, and the labels of what is not."""

    known: tuple[Fact, ...]
    missing: tuple[str, ...]

    @property
    def by_key(self) -> dict[str, Fact]:
        """The known facts by key."""
        return {fact.key: fact for fact in self.known}


def today() -> date:
    """Return the date in Berlin."""
    return datetime.now(BERLIN).date()


def next_run(module: Module, on: date | None = None) -> Run | None:
    """Return the first run from *on* (today) that is not cancelled."""
    on = on or today()
    return next((run for run in module.runs if run.starts_on >= on and run.state != RunState.CANCELLED), None)


def upcoming(module: Module, on: date | None = None) -> list[Run]:
    """Return the runs that are not over, cancelled ones included: whoever has planned with one must see it."""
    on = on or today()
    return [run for run in module.runs if (run.ends_on or run.starts_on) >= on]


def old_year(module: Module, on: date | None = None) -> int | None:
    """Return the year of the information if it is older than two years and nobody confirmed it since."""
    on = on or today()
    dates = [found for found in (module.as_of, module.confirmed_at.date() if module.confirmed_at else None) if found]
    return max(dates).year if dates and (on - max(dates)).days > OLD_AFTER_YEARS * 365 else None


def entry_facts(module: Module) -> Facts:
    """The few facts that a list shows."""
    facts = [
        _level(module),
        _terms(module, Vocabulary.FORMAT, module.format_text),
        Fact("duration", gettext("Dauer"), _duration(module), german=bool(module.duration_text)),
        _audience(module),
    ]
    return _sorted_out(facts)


def sheet_facts(module: Module) -> Facts:
    """All facts of the data sheet."""
    units = _units(module)
    facts = [
        _terms(module, Vocabulary.FORMAT, module.format_text, both=True),
        Fact("duration", gettext("Dauer"), _duration(module), units, german=bool(module.duration_text)),
        _level(module),
        _worded("audience", gettext("Zielgruppe"), module.audience_text, module.terms_of(Vocabulary.AUDIENCE)),
        _worded("place", gettext("Ort"), module.place_text),
        Fact("participants", gettext("Teilnehmende"), _participants(module)),
        _worded("prerequisites", gettext("Voraussetzungen"), module.prerequisites),
        _certificate(module),
        _worded("price", gettext("Kosten und Förderung"), module.price_text, module.terms_of(Vocabulary.PRICE)),
        Fact("language", gettext("Sprache"), ", ".join(_language(code) for code in module.languages)),
        *_only_if_known(module),
    ]
    return _sorted_out(facts)


def _only_if_known(module: Module) -> list[Fact]:
    """Facts that most modules need not have: they are not called missing."""
    facts = [
        _terms(module, Vocabulary.HV_LEVEL, ""),
        Fact("dqr", gettext("DQR-Niveau"), str(module.dqr or "")),
        _terms(module, Vocabulary.LEGAL_FRAME, ""),
        Fact("shares", gettext("Theorie und Praxis"), _shares(module)),
    ]
    return [fact for fact in facts if fact.value]


def _sorted_out(facts: Iterable[Fact]) -> Facts:
    facts = list(facts)
    return Facts(
        tuple(fact for fact in facts if fact.value or fact.terms),
        tuple(fact.name for fact in facts if not fact.value and not fact.terms),
    )


def _joined(terms: Iterable[Term]) -> str:
    return ", ".join(label(term) for term in terms)


def _worded(key: str, name: str, text: str, terms: Iterable[Term] = ()) -> Fact:
    """The wording of the source, the terms where there is none."""
    return Fact(key, name, text or _joined(terms), german=bool(text))


def _level(module: Module) -> Fact:
    terms = module.terms_of(Vocabulary.LEVEL)
    return Fact("level", gettext("Niveau"), "" if terms else module.level_text, terms=tuple(terms), german=not terms)


def _terms(module: Module, vocabulary: Vocabulary, text: str, *, both: bool = False) -> Fact:
    """A fact from vocabulary terms, the published wording where there are none; *both*: the wording first, if it says more."""
    joined = _joined(module.terms_of(vocabulary))
    value = (text or joined) if both else (joined or text)
    return Fact(vocabulary.value, label(vocabulary), value, german=value == text)


def _audience(module: Module) -> Fact:
    terms = module.terms_of(Vocabulary.AUDIENCE)
    value = _joined(terms[:2]) + (" …" if len(terms) > 2 else "") if terms else module.audience_text
    return Fact("audience", gettext("Zielgruppe"), value, german=not terms)


def _duration(module: Module) -> str:
    if module.duration_text:
        return module.duration_text
    if not module.duration_minutes:
        return ""
    hours = module.duration_minutes / 60
    return str(ngettext("%(hours)s Stunde", "%(hours)s Stunden", round(hours), hours=number(round(hours, 1))))


def _units(module: Module) -> str:
    if not module.units or "UE" in module.duration_text:
        return ""
    return str(gettext("(%(n)s UE zu 45 Minuten)", n=number(round(module.units, 1))))


def _participants(module: Module) -> str:
    low, high = module.min_participants, module.max_participants
    if low and high:
        return str(low if low == high else gettext("%(low)s bis %(high)s", low=low, high=high))
    if high:
        return str(gettext("höchstens %(n)s", n=high))
    return str(gettext("mindestens %(n)s", n=low)) if low else ""


def _certificate(module: Module) -> Fact:
    value = module.certificate_text or _joined(module.terms_of(Vocabulary.CERTIFICATE))
    aside = gettext("gültig: %(time)s", time=module.certificate_validity) if module.certificate_validity else ""
    german = bool(module.certificate_text)
    return Fact("certificate", gettext("Abschluss"), value or aside, aside if value else "", german=german)


def _language(code: str) -> str:
    locale = get_locale()
    return str(locale.languages.get(code, code)) if locale else code


def _shares(module: Module) -> str:
    parts = []
    if module.theory_units:
        parts.append(gettext("%(n)s UE Theorie", n=module.theory_units))
    if module.practice_units:
        parts.append(gettext("%(n)s UE Praxis", n=module.practice_units))
    return ", ".join(parts)


def run_text(run: Run) -> str:
    """ "16.02.2027, Bernburg"."""
    place = gettext("online") if run.online and not run.place else run.place
    return ", ".join(part for part in (day(run.starts_on), place) if part)
