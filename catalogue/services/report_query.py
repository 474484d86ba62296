"""What a report is asked and what it answers: plain values, the same for page, API, export and command line."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from catalogue.models import Confidentiality, DemandSource, Purpose, Relevance
from catalogue.texts import N_, Labelled

__all__ = [
    "DEFINITIONS", "FIGURES", "NOT_STATED", "Behind", "By", "Report", "ReportQuery", "ReportRow", "ReportSort", "TrendPoint",
    "named_period", "period_order",
]  # fmt: skip

NOT_STATED = "none"  # key of the row, and value of the filter, for what nobody said

DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        N_("Angabe"),
        N_(
            "Ein Unternehmen sagt etwas zu einem Modul. Kolleginnen und Kollegen teilen sich eine Angabe. Zurückgezogene Angaben und „nicht relevant“ zählen nicht."
        ),
    ),
    (
        N_("Unternehmen"),
        N_(
            "Verschiedene Mitgliedsunternehmen mit mindestens einer Angabe in der Zeile. In der Summe zählt jedes Unternehmen einmal."
        ),
    ),
    (
        N_("Personen"),
        N_(
            "Summe der genannten Personen je Angabe. Wer zwei Module braucht, ist bei beiden dabei. Angaben ohne Zahl zählen 0 Personen."
        ),
    ),
    (
        N_("muss, soll, kann, offen"),
        N_("Zahl der Angaben mit dieser Dringlichkeit. Offen heißt: als relevant markiert, sonst nichts gesagt."),
    ),
    (
        N_("Weiterbildung, Zusammenarbeit, Geschäftsidee"),
        N_("Zahl der Angaben mit diesem Zweck; eine Angabe kann mehrere haben."),
    ),
    (
        N_("Summe"),
        N_(
            "Jede Angabe zählt einmal, auch wenn ihr Modul mehrere Themen hat und deshalb in mehreren Zeilen steht. Die Summe kann also kleiner sein als die Zeilen zusammen."
        ),
    ),
    (
        N_("Stand"),
        N_(
            "Ende dieses Tages, Berliner Zeit: was die Unternehmen bis dahin gesagt hatten. Thema, Branche, Region und Zugehörigkeit gelten nach heutigem Stand."
        ),
    ),
    (
        N_("Plätze"),
        N_(
            "Höchstzahl der geplanten und bestätigten Termine veröffentlichter Module in den 12 Monaten nach dem Stand. Ausgebuchte und abgesagte Termine zählen nicht."
        ),
    ),
)


class By(Labelled):
    """What the rows of a report are."""

    MODULE = "module", N_("Modul")
    TOPIC = "topic", N_("Thema")
    COMPANY = "company", N_("Unternehmen")
    SECTOR = "sector", N_("Branche")
    REGION = "region", N_("Region")
    PERIOD = "period", N_("Zeitraum")


class ReportSort(StrEnum):
    """How rows are ordered; ties by the next figure, then by label. Default: figures falling, periods in time."""

    DEFAULT = ""
    LABEL = "label"
    COMPANIES = "companies"
    PEOPLE = "people"


@dataclass(frozen=True)
class ReportQuery:
    """One question to the demand. Empty tuples mean: no limit. Values within a filter are alternatives, filters add up.

    ``filters`` and ``all_of`` are those of the catalogue (facets of modules); ``only`` limits to these modules (a search text);
    the ``company_…`` filters look at who said it: slugs of companies, codes of terms, size classes.
    ``as_of``: the end of that day in Berlin; None: now. ``at``: this moment of that day instead of its end.
    """

    by: By = By.MODULE
    as_of: date | None = None
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    all_of: frozenset[str] = frozenset()
    only: frozenset[uuid.UUID] | None = None
    companies: tuple[str, ...] = ()
    company_sectors: tuple[str, ...] = ()
    company_regions: tuple[str, ...] = ()
    company_sizes: tuple[str, ...] = ()
    relevances: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sort: ReportSort = ReportSort.DEFAULT
    at: datetime | None = None


FIGURES = ("companies", "people", "must", "should", "could", "open", "training", "cooperation", "business")


@dataclass(slots=True)  # not frozen: a report of all modules makes thousands, and freezing takes most of the time
class ReportRow:
    """One line of figures; :data:`DEFINITIONS` says what each counts. ``key``: slug, code, period or "none"."""

    key: str
    label: str
    label_en: str = ""
    note: str = ""  # for a module its provider
    records: int = 0
    companies: int = 0
    people: int = 0
    must: int = 0
    should: int = 0
    could: int = 0
    open: int = 0
    training: int = 0
    cooperation: int = 0
    business: int = 0
    note_en: str = ""


@dataclass(frozen=True)
class Report:
    """The answer: rows as ordered, the total in which everything counts once, and the day it speaks of."""

    query: ReportQuery
    as_of: date
    rows: tuple[ReportRow, ...]
    total: ReportRow


@dataclass(frozen=True)
class TrendPoint:
    """Figures at the end of one month (or at the as-of date, for the last one)."""

    month: date  # its first day
    companies: int
    people: int
    records: int


@dataclass(frozen=True)
class Behind:
    """One statement behind a figure, with names: for network staff only."""

    company: str
    company_slug: str
    module: str
    module_slug: str
    relevance: Relevance
    purposes: tuple[Purpose, ...]
    people: int | None
    period: str
    format: str
    place: str
    note: str
    confidentiality: Confidentiality
    source: DemandSource
    source_date: date | None
    at: datetime
    format_en: str = ""


def named_period(period: str) -> tuple[str, str]:
    """Return "2027-Q1" as German and English words; "" is "ohne Angabe"."""
    if not period:
        return N_("ohne Angabe"), "not stated"
    year, _, part = period.partition("-")
    names = {"Q": ("Quartal", "quarter"), "H": ("Halbjahr", "half")}
    if not part:
        return year, year
    german, english = names[part[0]]
    return f"{part[1]}. {german} {year}", f"{english} {part[1]} of {year}"


def period_order(period: str) -> tuple[str, int, int]:
    """Return the key that puts "2027" before "2027-H1" before "2027-Q1" before "2027-Q2" before "2027-H2"."""
    year, _, part = period.partition("-")
    if not part:
        return year, 0, 0
    number = int(part[1])
    return (year, 2 * number - 1, 1) if part[0] == "H" else (year, number, 2)
