"""The columns of a list of modules, the same for export and import: what is exported, edited and imported again changes only what was edited."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catalogue.db import Session
from catalogue.models import ModuleVersion, OfferStatus, Programme, Provider, Term, WorkflowState
from catalogue.services import module_cells as cells
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.module_cells import Names
from catalogue.services.module_history import input_from, plain
from catalogue.services.module_input import VOCABULARIES, ModuleInput, input_of
from catalogue.services.module_listing import ListingQuery, listing
from catalogue.services.permissions import Actor
from catalogue.services.spreadsheets import Cell
from catalogue.texts import N_, Labelled

__all__ = [
    "BY_KEY",
    "COLUMNS",
    "KEPT",
    "SLUG",
    "VERSION",
    "ModuleColumn",
    "flat",
    "input_of_flat",
    "names_of",
    "round_trip",
]

SLUG, VERSION = "slug", "version"
KEPT = object()  # what reading gives for a cell that says: leave it as it is
Read = Callable[[Names, Cell], Any]
Write = Callable[[Names, Any], Any]


@dataclass(frozen=True)
class ModuleColumn:
    """One column: key (a field of ModuleInput, "terms.<vocabulary>", "slug" or "version"), heading, reading, writing.

    ``aliases`` are other headings that mean this column, in the form of :func:`module_cells.fold`.
    """

    key: str
    label: str
    read: Read
    write: Write
    kind: Kind = Kind.TEXT
    aliases: tuple[str, ...] = ()

    def value(self, names: Names, cell: Cell) -> Any:
        """Return what the cell says as plain JSON, or ``KEPT``; raises Unreadable."""
        if isinstance(cell, str) and cell.strip() == cells.KEEP:
            return KEPT
        return self.read(names, cell)


def _text(key: str, label: str, *aliases: str) -> ModuleColumn:
    return ModuleColumn(
        key, label, lambda _, cell: cells.read_text(cell), lambda _, value: cells.write_text(value), aliases=aliases
    )


def _lines(key: str, label: str, *aliases: str) -> ModuleColumn:
    return ModuleColumn(
        key,
        label,
        lambda _, cell: cells.read_entries(cell),
        lambda _, value: cells.write_entries(value),
        aliases=aliases,
    )


def _number(key: str, label: str, *aliases: str) -> ModuleColumn:
    return ModuleColumn(
        key, label, lambda _, cell: cells.read_number(cell), lambda _, value: value, Kind.NUMBER, aliases
    )


def _terms(key: str, label: str, *aliases: str) -> ModuleColumn:
    kind = f"terms.{key}"
    return ModuleColumn(
        kind, label, lambda names, cell: names.read_terms(kind, cell), lambda names, value: names.write_terms(kind, value), aliases=aliases
    )  # fmt: skip


def _named(key: str, label: str, message: str, *aliases: str) -> ModuleColumn:
    return ModuleColumn(
        key, label, lambda names, cell: names.reader(key, message)(cell), lambda names, value: names.write(key, value), aliases=aliases
    )  # fmt: skip


COLUMNS = (
    _text(SLUG, N_("Kennung"), "slug", "id", "modul-id", "kennung im katalog"),
    _number(VERSION, N_("Fassung")),
    _text("code", N_("Kürzel"), "code", "kurzzeichen", "modulkürzel", "nummer", "modulnummer", "kursnummer"),
    _text("title", N_("Titel"), "title", "name", "modul", "modultitel", "bezeichnung", "kurs", "kurstitel", "seminar", "thema des moduls"),
    ModuleColumn(
        "title_exact", N_("Titel wörtlich"), lambda _, cell: _or(cells.read_yes(cell), True), lambda _, value: "ja" if value else "nein",
        aliases=("title_exact", "der titel ist wörtlich der des anbieters"),
    ),
    _text("summary", N_("Kurzbeschreibung"), "summary", "zusammenfassung", "kurztext"),
    _text("description", N_("Beschreibung"), "description", "langtext", "text"),
    _lines("objectives", N_("Lernziele"), "objectives", "ziele", "lernergebnisse", "kompetenzen"),
    _lines("contents", N_("Inhalte"), "contents", "inhalt", "lerninhalte", "themeninhalte"),
    _text("prerequisites", N_("Voraussetzungen"), "prerequisites", "zugangsvoraussetzungen", "teilnahmevoraussetzungen"),
    _terms("topic", N_("Themen"), "topic", "thema", "themenfeld", "themen"),
    _text("audience_text", N_("Zielgruppe im Wortlaut"), "audience", "zielgruppe", "audience_text"),
    _terms("audience", N_("Zielgruppen")),
    _text("level_text", N_("Niveau im Wortlaut"), "level_text"),
    _terms("level", N_("Niveau"), "level", "niveaustufe"),
    _terms("hv_level", N_("HV-Stufe"), "hv_level", "hv", "hv stufe"),
    _number("dqr", N_("DQR-Niveau"), "dqr"),
    _text("format_text", N_("Format im Wortlaut"), "format_text", "durchführung", "durchführungsform"),
    _terms("format", N_("Format"), "format", "lernformat"),
    _text("place_text", N_("Ort"), "location", "veranstaltungsort", "place_text", "standort"),
    _terms("region", N_("Region"), "region", "bundesland"),
    ModuleColumn(
        "languages", N_("Sprachen"), lambda _, cell: cells.read_words(cell), lambda _, value: ", ".join(value),
        aliases=("languages", "sprache", "kurssprache"),
    ),
    _text("duration_text", N_("Dauer im Wortlaut"), "dauer", "duration", "umfang", "duration_text", "kursdauer"),
    ModuleColumn(
        "duration_minutes", N_("Dauer in Minuten"), lambda _, cell: cells.read_minutes(cell), lambda _, value: value, Kind.NUMBER,
        ("duration_minutes", "minuten"),
    ),
    _terms("duration", N_("Dauerklasse")),
    _number("theory_units", N_("Theorie in UE"), "theory_units", "theorie", "theorie (ue)"),
    _number("practice_units", N_("Praxis in UE"), "practice_units", "praxis", "praxis (ue)"),
    _number("min_participants", N_("Teilnehmende mindestens"), "min_participants", "mindestteilnehmerzahl", "min. teilnehmende"),
    _number("max_participants", N_("Teilnehmende höchstens"), "max_participants", "höchstteilnehmerzahl", "max. teilnehmende", "plätze"),
    _text("certificate_text", N_("Abschluss im Wortlaut"), "certificate", "certificate_text", "zertifikat"),
    _terms("certificate", N_("Abschluss")),
    _text("certificate_validity", N_("Gültigkeit des Abschlusses"), "certificate_validity", "gültigkeit"),
    _text("price_text", N_("Kosten im Wortlaut"), "kosten", "price_text", "gebühr", "teilnahmegebühr", "kosten und förderung im wortlaut"),
    ModuleColumn(
        "price_amount", N_("Preis in Euro"), lambda _, cell: cells.read_price(cell), lambda _, value: _decimal(value), Kind.NUMBER,
        ("preis", "price", "price_amount", "preis in eur", "preis (euro)", "preis in €"),
    ),
    _terms("price", N_("Kosten und Förderung"), "förderung"),
    _terms("legal_frame", N_("Rechtsrahmen"), "legal_frame", "regelwerk", "rechtsgrundlage"),
    _named("provider", N_("Anbieter"), N_("Den Anbieter „%(cell)s“ gibt es im Katalog nicht."), "provider", "träger", "bildungsträger", "veranstalter"),
    _text("provider_text", N_("Anbieter im Wortlaut"), "provider_text"),
    _named("programme", N_("Programm"), N_("Das Programm „%(cell)s“ gibt es im Katalog nicht."), "programme", "project", "projekt"),
    ModuleColumn(
        "offer_status", N_("Reifegrad"), lambda _, cell: cells.read_status(cell), lambda _, value: _label(value),
        aliases=("offer_status", "status", "stand der entwicklung"),
    ),
    _text("source_url", N_("Quelle"), "source_url", "url", "link", "internetadresse", "webseite", "website"),
    _lines("more_sources", N_("Weitere Quellen"), "more_sources"),
    ModuleColumn(
        "as_of", N_("Stand der Angaben"), lambda _, cell: cells.read_day(cell), lambda _, value: _day(value), Kind.DATE,
        ("as_of", "stand", "stand vom"),
    ),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _decimal(value: str | None) -> Any:
    return input_from({"title": "", "price_amount": value}).price_amount


def _day(value: str | None) -> Any:
    return input_from({"title": "", "as_of": value}).as_of


def _label(value: str | None) -> Labelled | None:
    return OfferStatus(value) if value else None


def names_of(session: Session) -> Names:
    """Return how everything that modules refer to is called in lists."""
    terms = sa.select(Term).where(Term.merged_into_id.is_(None))  # their names lead to the terms that stand for them
    return Names.of(
        list(session.scalars(sa.select(Provider).order_by(Provider.sort_name, Provider.slug))),
        list(session.scalars(sa.select(Programme).order_by(Programme.name, Programme.slug))),
        list(session.scalars(terms.order_by(Term.retired, Term.position, Term.code))),
    )


def flat(given: ModuleInput) -> dict[str, Any]:
    """Return *given* as plain JSON by the keys of the columns; every key is there."""
    values = plain(given)
    terms = values.pop("terms")
    return values | {f"terms.{name}": terms.get(name, []) for name in VOCABULARIES}


def input_of_flat(values: Mapping[str, Any]) -> ModuleInput:
    """Return the input that *values* (by the keys of the columns) stand for."""
    terms = {name: codes for name in VOCABULARIES if (codes := values.get(f"terms.{name}"))}
    return input_from({key: value for key, value in values.items() if not key.startswith("terms.")} | {"terms": terms})


def round_trip(session: Session, actor: Actor, query: ListingQuery) -> Table:
    """Return everything that can be imported of all modules that *query* finds; archived ones only if it asks for them."""
    found = listing(session, actor, query, everything=True).modules
    modules = [module for module in found if query.state or module.state != WorkflowState.ARCHIVED]
    names, numbers = names_of(session), _version_numbers(session)
    rows = []
    for module in modules:
        values = flat(input_of(module)) | {SLUG: module.slug, VERSION: numbers.get(module.id)}
        rows.append({column.key: column.write(names, values[column.key]) for column in COLUMNS})
    notes = [
        (
            N_("Hinweis"),
            N_("Kennung und Fassung sagen beim Import, welches Modul gemeint ist und was Sie geändert haben."),
        )
    ]
    return Table("Module alle Spalten", [Column(one.key, one.label, one.kind) for one in COLUMNS], rows, notes)


def _version_numbers(session: Session) -> dict[Any, int]:
    newest = sa.select(ModuleVersion.module_id, sa.func.max(ModuleVersion.number)).group_by(ModuleVersion.module_id)
    return {row[0]: row[1] for row in session.execute(newest)}
