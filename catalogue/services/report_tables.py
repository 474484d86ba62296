"""Reports as tables to take away: the columns and rows that the page shows, in its order, with what was asked beside them."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import (
    Company,
    DemandSource,
    OfferStatus,
    Programme,
    Provider,
    Purpose,
    Relevance,
    SizeClass,
    Term,
    Vocabulary,
)
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.report_query import NOT_STATED, Behind, Report, ReportQuery, TrendPoint, named_period
from catalogue.texts import N_, Labelled

__all__ = ["behind_table", "described", "interest_table", "trend_table"]

INTEREST_COLUMNS = (
    Column("label", ""), Column("note", ""), Column("key", "Kennung"), Column("companies", "Unternehmen", Kind.NUMBER),
    Column("people", "Personen", Kind.NUMBER), Column("must", "muss", Kind.NUMBER), Column("should", "soll", Kind.NUMBER),
    Column("could", "kann", Kind.NUMBER), Column("open", "offen", Kind.NUMBER),
    Column("training", "Weiterbildung", Kind.NUMBER), Column("cooperation", "Zusammenarbeit", Kind.NUMBER),
    Column("business", "Geschäftsidee", Kind.NUMBER),
)  # fmt: skip
BEHIND_COLUMNS = (
    Column("company", "Unternehmen"), Column("module", "Modul"), Column("relevance", "Dringlichkeit"), Column("purposes", "Zweck"),
    Column("people", "Personen", Kind.NUMBER), Column("period", "Zeitraum"), Column("format", "Format"), Column("place", "Ort"),
    Column("note", "Anmerkung"), Column("confidentiality", "Wer sieht das?"), Column("source", "Herkunft"),
    Column("source_date", "Angabe vom", Kind.DATE), Column("at", "Zuletzt geändert", Kind.MOMENT),
)  # fmt: skip
TREND_COLUMNS = (
    Column("month", "Monat"), Column("companies", "Unternehmen", Kind.NUMBER), Column("people", "Personen", Kind.NUMBER),
    Column("records", "Angaben", Kind.NUMBER),
)  # fmt: skip
SECOND_LINE = {"module": "Anbieter", "company": "Branche, Region"}


def interest_table(report: Report, notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the rows of *report* as shown, with the total as footer."""
    by = report.query.by
    second = SECOND_LINE.get(by)
    columns = [Column("label", by.label), *([Column("note", second)] if second else []), *INTEREST_COLUMNS[2:]]
    rows = [asdict(row) for row in report.rows]
    title = f"Bedarf nach {by.label}, Stand {report.as_of.isoformat()}"
    return Table(title, columns, rows, tuple(notes), {**asdict(report.total), "key": ""})


def behind_table(rows: Iterable[Behind], notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the statements behind a figure, one line each."""
    lines = [{**asdict(row), "period": named_period(row.period)[0]} for row in rows]
    return Table("Angaben hinter der Zahl", BEHIND_COLUMNS, lines, tuple(notes))


def trend_table(points: Iterable[TrendPoint], notes: Iterable[tuple[str, str]] = ()) -> Table:
    """Return the months, oldest first."""
    lines = [{**asdict(point), "month": f"{point.month:%m/%Y}"} for point in points]
    return Table("Bedarf im Verlauf", TREND_COLUMNS, lines, tuple(notes))


def described(session: Session, report_query: ReportQuery, as_of: str, text: str = "") -> list[tuple[str, str]]:
    """Return what was asked, as name and German words: the day, the rows, each filter. *text*: the search words."""
    labels = _Labels(session)
    notes = [("Stand", as_of), ("Zeilen", str(report_query.by.label))]
    if text:
        notes.append(("Suchtext", text))
    for facet, values in report_query.filters.items():
        name, words = labels.of_facet(facet, values)
        joiner = " und " if facet in report_query.all_of else ", "
        notes.append((name, joiner.join(words)))
    return notes + labels.of_statements(report_query)


FACET_NAMES = {
    "provider": N_("Anbieter"), "programme": N_("Programm"), "status": N_("Reifegrad"), "dqr": N_("DQR"),
}  # fmt: skip


class _Labels:
    """Names for the codes in a query."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def of_facet(self, facet: str, values: Iterable[str]) -> tuple[str, list[str]]:
        """Return the facet's name and the names of its values; unknown ones as they are."""
        name = FACET_NAMES.get(facet) or Vocabulary(facet).label
        if facet in FACET_NAMES:
            return name, [self._named(facet, value) for value in values]
        return name, self.terms(Vocabulary(facet), values)

    def _named(self, facet: str, value: str) -> str:
        if value == NOT_STATED or facet not in ("provider", "programme"):
            return self._member(OfferStatus, value) if facet == "status" else self._word(value)
        model = Provider if facet == "provider" else Programme
        return self.session.scalar(select(model.name).where(model.slug == value)) or value

    def terms(self, vocabulary: Vocabulary, codes: Iterable[str]) -> list[str]:
        """Return the German labels of *codes*."""
        wanted = list(codes)
        rows = select(Term.code, Term.label_de).where(Term.vocabulary == vocabulary, Term.code.in_(wanted))
        known = {row.code: row.label_de for row in self.session.execute(rows)}
        return [known.get(code, self._word(code)) for code in wanted]

    def of_statements(self, query: ReportQuery) -> list[tuple[str, str]]:
        """Return the filters that look at companies and at what they said."""
        chosen = select(Company.slug, Company.name).where(Company.slug.in_(query.companies))
        names = {row.slug: row.name for row in self.session.execute(chosen)}
        parts: list[tuple[str, list[str]]] = [
            ("Unternehmen", [names.get(slug, slug) for slug in query.companies]),
            ("Branche des Unternehmens", self.terms(Vocabulary.SECTOR, query.company_sectors)),
            ("Region des Unternehmens", self.terms(Vocabulary.REGION, query.company_regions)),
            ("Größe des Unternehmens", [self._member(SizeClass, value) for value in query.company_sizes]),
            ("Dringlichkeit", [self._member(Relevance, value) for value in query.relevances]),
            ("Zweck", [self._member(Purpose, value) for value in query.purposes]),
            ("Zeitraum", [named_period("" if value == NOT_STATED else value)[0] for value in query.periods]),
            ("Herkunft", [self._member(DemandSource, value) for value in query.sources]),
        ]
        return [(name, ", ".join(words)) for name, words in parts if words]

    def _member(self, kind: type[Labelled], value: str) -> str:
        return str(kind(value).label) if value in set(kind) else self._word(value)

    @staticmethod
    def _word(value: str) -> str:
        return "ohne Angabe" if value == NOT_STATED else value
