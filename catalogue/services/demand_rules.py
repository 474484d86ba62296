"""The words of a demand: what may be said, how it gets into the record, and when it should be asked for again."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select

from catalogue.db import Session, local_day
from catalogue.models import Confidentiality, Demand, DemandSource, Purpose, Relevance, Term, Vocabulary
from catalogue.services.errors import Invalid
from catalogue.services.periods import is_period
from catalogue.texts import N_, Text

__all__ = [
    "ON_BEHALF_SOURCES", "DemandInput", "OnBehalf", "check", "check_reason", "check_source", "input_of", "is_outdated", "needs_confirmation",
    "own_words", "said_on", "says_the_same", "write", "wrong_values",
]  # fmt: skip

PEOPLE = range(1, 100_001)
PLACE_LENGTH, NOTE_LENGTH, REASON_LENGTH = 200, 4000, 1000
OUTDATED_AFTER = timedelta(days=365)
ON_BEHALF_SOURCES = (DemandSource.CALL, DemandSource.VISIT, DemandSource.WORKSHOP, DemandSource.SURVEY)


@dataclass(frozen=True)
class DemandInput:
    """What a company says. ``version``: the version that the form was filled from (0: there was nothing yet), None: not compared."""

    relevance: Relevance = Relevance.OPEN
    purposes: tuple[Purpose, ...] = ()
    people: int | None = None
    period: str = ""
    format_code: str = ""
    place: str = ""
    note: str = ""
    confidentiality: Confidentiality = Confidentiality.NETWORK
    version: int | None = None


@dataclass(frozen=True)
class OnBehalf:
    """For whom network staff enter a demand, and where they know it from."""

    company: str  # slug
    source: DemandSource = DemandSource.CALL
    source_date: date | None = None


def check(session: Session, input: DemandInput) -> None:
    """Raise Invalid for values that no demand may have."""
    wrong = wrong_values(input)
    if input.format_code and not _is_format(session, input.format_code):
        wrong["format"] = Text(N_("Wählen Sie ein Format aus der Liste."))
    if wrong:
        raise Invalid(fields=wrong)


def wrong_values(input: DemandInput) -> dict[str, Text]:
    """Return what is wrong with the values themselves, by field."""
    wrong: dict[str, Text] = {}
    if input.people is not None and input.people not in PEOPLE:
        wrong["people"] = Text(N_("Geben Sie die Personen als Zahl von 1 bis 100000 an, zum Beispiel 6."))
    if not is_period(input.period):
        wrong["period"] = Text(
            N_("Geben Sie ein Jahr, Halbjahr oder Quartal an, zum Beispiel 2027, 2027-H1 oder 2027-Q1.")
        )
    for field, text, limit in (("place", input.place, PLACE_LENGTH), ("note", input.note, NOTE_LENGTH)):
        if len(text) > limit:
            wrong[field] = Text(N_("Kürzen Sie den Text auf höchstens %(limit)s Zeichen."), {"limit": limit})
    return wrong


def _is_format(session: Session, code: str) -> bool:
    known = select(Term.id).where(Term.vocabulary == Vocabulary.FORMAT, Term.code == code)
    return session.scalar(known) is not None


def check_source(on_behalf: OnBehalf) -> None:
    """Raise Invalid unless it is said where the information comes from and from which day, not in the future."""
    if on_behalf.source not in ON_BEHALF_SOURCES:
        raise Invalid(
            "source", N_("Nennen Sie, woher Sie die Angaben haben: Telefonat, Besuch, Workshop oder Umfrage.")
        )
    if on_behalf.source_date is None:
        raise Invalid("source_date", N_("Geben Sie an, von welchem Tag die Angaben sind."))
    if on_behalf.source_date > local_day():
        raise Invalid("source_date", N_("Der Tag darf nicht in der Zukunft liegen."))


def check_reason(reason: str) -> None:
    """Raise Invalid unless a company says, in a few sentences, why it does not stand behind what staff entered."""
    if not reason:
        raise Invalid(
            "reason", N_("Schreiben Sie in einem Satz, was nicht stimmt. Dann fragt niemand noch einmal danach.")
        )
    if len(reason) > REASON_LENGTH:
        raise Invalid("reason", N_("Kürzen Sie den Text auf höchstens %(limit)s Zeichen."), limit=REASON_LENGTH)


def input_of(demand: Demand) -> DemandInput:
    """Return what *demand* says, as input for another change."""
    return DemandInput(
        demand.relevance, tuple(Purpose(value) for value in demand.purposes), demand.people, demand.period, demand.format_code,
        demand.place, demand.note, demand.confidentiality, demand.version,
    )  # fmt: skip


def says_the_same(demand: Demand, input: DemandInput, on_behalf: OnBehalf | None) -> bool:
    """Whether *demand* is live and says already what it would say after :func:`write`."""
    source, source_date = (on_behalf.source, on_behalf.source_date) if on_behalf else (DemandSource.SELF, None)
    if demand.withdrawn_at is not None or (demand.source, demand.source_date) != (source, source_date):
        return False
    return replace(input_of(demand), version=None) == replace(_tidied(input), version=None)


def _tidied(input: DemandInput) -> DemandInput:
    purposes = tuple(purpose for purpose in Purpose if purpose in input.purposes)
    return replace(input, purposes=purposes, place=input.place.strip(), note=input.note.strip())


def write(demand: Demand, input: DemandInput, on_behalf: OnBehalf | None) -> None:
    """Make *demand* a live record that says *input*."""
    tidied = _tidied(input)
    demand.relevance = tidied.relevance
    demand.purposes = [purpose.value for purpose in tidied.purposes]
    demand.people = tidied.people
    demand.period = tidied.period
    demand.format_code = tidied.format_code
    demand.place = tidied.place
    demand.note = tidied.note
    demand.confidentiality = tidied.confidentiality
    demand.source = on_behalf.source if on_behalf else DemandSource.SELF
    demand.source_date = on_behalf.source_date if on_behalf else None
    demand.confirmed_at = None
    demand.withdrawn_at = None
    demand.refused_at, demand.refusal, demand.refusal_read_at = None, "", None


def said_on(demand: Demand) -> date:
    """Return the day from which the information is: last confirmed, told to staff, or last changed."""
    told = demand.source_date or demand.updated_at.date()
    return max(told, demand.confirmed_at.date()) if demand.confirmed_at else told


def is_outdated(demand: Demand, today: date | None = None) -> bool:
    """Whether the company should be asked "noch aktuell?" (nothing said for 12 months)."""
    return (today or local_day()) - said_on(demand) > OUTDATED_AFTER


def needs_confirmation(demand: Demand) -> bool:
    """Whether staff entered it and the company has not said yet that it is right."""
    return demand.source != DemandSource.SELF and demand.confirmed_at is None and demand.withdrawn_at is None


def own_words(demand: Demand) -> bool:
    """Whether the company itself stands behind what the record says now, or took it back."""
    return demand.source == DemandSource.SELF or demand.confirmed_at is not None or demand.refused_at is not None
