"""Files with modules: read, checked in shape, and told apart. Two formats: our own, and the list format of ``source_lists.py``."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogue.models import OfferStatus
from catalogue.services.assignments import Assignments, read_assignments
from catalogue.services.errors import Invalid
from catalogue.services.module_input import ModuleInput
from catalogue.services.source_lists import ListRow, Slug, Title, Words
from catalogue.texts import N_, Text

__all__ = ["LARGEST", "Document", "OwnRow", "Row", "check_entry", "decoded", "entries_of", "parse", "read"]

LARGEST = 64 * 1024 * 1024
MOST_ERRORS = 200
CHARSETS = {"utf-8-sig", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"}  # others are slow or dangerous to read


class OwnRow(BaseModel):
    """One module in our own format: what the source does not say is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: Slug
    title: Title
    code: Words = ""
    title_exact: bool = True
    summary: Words = ""
    description: Words = ""
    objectives: tuple[Words, ...] = ()
    contents: tuple[Words, ...] = ()
    prerequisites: Words = ""
    audience_text: Words = ""
    level_text: Words = ""
    dqr: int | None = None
    format_text: Words = ""
    place_text: Words = ""
    languages: tuple[Words, ...] = ()
    duration_text: Words = ""
    duration_minutes: int | None = None
    theory_units: int | None = None
    practice_units: int | None = None
    min_participants: int | None = None
    max_participants: int | None = None
    certificate_text: Words = ""
    certificate_validity: Words = ""
    price_text: Words = ""
    price_amount: Decimal | None = None
    provider_text: Words = ""
    provider: Words = ""
    programme: Words = ""
    offer_status: OfferStatus | None = None
    source_url: Words = ""
    more_sources: tuple[Words, ...] = ()
    as_of: date | None = None
    terms: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def to_input(self) -> ModuleInput:
        """Return the same as services take it."""
        return ModuleInput(**{name: value for name, value in self if name != "slug"})


@dataclass(frozen=True)
class Row:
    """One offer and where in its file it stands."""

    place: str
    values: OwnRow | ListRow

    @property
    def slug(self) -> str:
        """The address of the module."""
        return self.values.slug if isinstance(self.values, OwnRow) else self.values.id


@dataclass(frozen=True)
class Document:
    """Offers in their given order, the tables that go with them, and keys of the file that nobody reads."""

    rows: tuple[Row, ...]
    assignments: Assignments
    as_of: date | None = None
    unread: tuple[str, ...] = field(default=())


def read(path: Path) -> Document:
    """Return the offers of a file, or of all ``*.json`` in a folder with the tables beside them; raises :class:`Invalid`."""
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise Invalid(str(path), N_("In diesem Ordner liegt keine Datei mit Modulen (*.json)."))
        tables = read_assignments(path) if (path / "mapping.csv").is_file() else read_assignments()
        return parse({file.name: _bytes(file) for file in files}, tables)
    tables = read_assignments(path.parent) if (path.parent / "mapping.csv").is_file() else read_assignments()
    return parse({path.name: _bytes(path)}, tables)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise Invalid(
                path.name, N_("Die Datei ist größer als %(most)s MB. Teilen Sie sie auf."), most=LARGEST >> 20
            )
        return path.read_bytes()
    except OSError as error:
        raise Invalid(str(path), N_("Die Datei kann nicht gelesen werden (%(why)s)."), why=error.strerror) from error


def parse(files: dict[str, bytes], assignments: Assignments | None = None) -> Document:
    """Return the offers of *files* (name → content) in one document.

    Raises :class:`Invalid` with every wrong row and field at once: "Eintrag 3 (slug), Feld" → sentence.
    """
    wrong: dict[str, Text] = {}
    rows: list[Row] = []
    unread: set[str] = set()
    as_of: date | None = None
    for name, content in files.items():
        raw, kind, stand = entries_of(name, content)
        as_of = as_of or stand
        prefix = f"{name}, " if len(files) > 1 else ""
        for number, values in enumerate(raw, start=1):
            rows += check_entry(f"{prefix}Eintrag {number}", values, kind, wrong)
            if kind is ListRow and isinstance(values, dict):
                unread |= set(values) - set(ListRow.model_fields)
    _refuse_twins(rows, wrong)
    if wrong:
        raise Invalid(fields=dict(list(wrong.items())[:MOST_ERRORS]))
    return Document(tuple(rows), assignments or read_assignments(), as_of, tuple(sorted(unread)))


def entries_of(name: str, content: bytes) -> tuple[list[Any], type[OwnRow | ListRow], date | None]:
    """Return the entries of a file as they are, which format they have, and the date of all of them; raises :class:`Invalid`."""
    found = _json(name, content)
    if isinstance(found, list):
        own = any(isinstance(entry, dict) and "slug" in entry and "id" not in entry for entry in found)
        return found, OwnRow if own else ListRow, None
    if isinstance(found, dict) and isinstance(found.get("modules"), list):
        return found["modules"], OwnRow, _day(name, found.get("as_of"))
    raise Invalid(name, N_("Erwartet wird eine Liste von Modulen."))


def decoded(content: bytes, charset: str = "") -> str:
    """Return the text of a page: as it says, else as UTF-8, else as Windows-1252 with a sign for what that does not know."""
    for name in (charset.lower(), "utf-8-sig"):
        if name in CHARSETS:
            with suppress(ValueError):
                return content.decode(name)
    return content.decode("cp1252", "replace")


def _day(name: str, text: object) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise Invalid(name, N_("„as_of“ muss ein Datum wie 2026-11-22 sein.")) from error


def _json(name: str, content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            name, N_("Die Datei ist nicht in UTF-8 gespeichert (Byte %(place)s)."), place=error.start + 1
        ) from error
    try:
        return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise Invalid(
            name,
            N_("Die Datei ist kein gültiges JSON (Zeile %(line)s, Spalte %(column)s)."),
            line=error.lineno,
            column=error.colno,
        ) from error
    except (ValueError, RecursionError) as error:
        raise Invalid(name, N_("Die Datei ist kein gültiges JSON (%(why)s)."), why=str(error)[:120]) from error


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("ein Feld steht zweimal in einem Eintrag: " + ", ".join(sorted(found))[:80])
    return found


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} ist keine Zahl")


def check_entry(place: str, values: Any, kind: type[OwnRow | ListRow], wrong: dict[str, Text]) -> Iterator[Row]:
    """Yield the entry if its shape is right; else note in *wrong* what is not, by place."""
    named = values.get("slug" if kind is OwnRow else "id") if isinstance(values, dict) else None
    place = f"{place} ({named[:60]})" if isinstance(named, str) and named.isprintable() else place
    before = len(wrong)
    for path, text in _texts(values):
        if any(ord(c) < 32 and c not in "\t\n\r" or 0xD800 <= ord(c) <= 0xDFFF or c == "\x7f" for c in text):
            wrong[f"{place}, {path}"] = Text(N_("Enthält ein Steuerzeichen, das nicht gespeichert werden kann."))
    if len(wrong) > before:
        return
    try:
        yield Row(place, kind.model_validate(values))
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=True):
            path = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in problem["loc"])
            wrong.setdefault(f"{place}, {path}" if path else place, _german(problem))


def _texts(values: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(values, str):
        yield path, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _texts(value, f"{path}.{key}" if path else str(key))
    elif isinstance(values, list):
        for number, value in enumerate(values, start=1):
            yield from _texts(value, f"{path}.{number}")


_SENTENCES = {
    "missing": N_("Dieses Feld fehlt."),
    "string_type": N_("Muss Text sein."),
    "string_pattern_mismatch": N_("Erlaubt sind Buchstaben ohne Umlaute, Ziffern, Punkt und Bindestrich."),
    "string_too_short": N_("Darf nicht leer sein."),
    "string_too_long": N_("Höchstens %(max_length)s Zeichen."),
    "list_type": N_("Muss eine Liste sein."),
    "tuple_type": N_("Muss eine Liste sein."),
    "dict_type": N_("Muss ein Objekt sein."),
    "model_type": N_("Muss ein Objekt mit Feldern sein."),
    "bool_type": N_("Muss true oder false sein."),
    "bool_parsing": N_("Muss true oder false sein."),
    "int_type": N_("Muss eine ganze Zahl sein."),
    "int_parsing": N_("Muss eine ganze Zahl sein."),
    "int_from_float": N_("Muss eine ganze Zahl sein."),
    "decimal_parsing": N_("Muss eine Zahl sein."),
    "decimal_type": N_("Muss eine Zahl sein."),
    "enum": N_("Unbekannter Wert; möglich sind %(expected)s."),
    "extra_forbidden": N_("Dieses Feld gibt es nicht."),
}


def _german(problem: Any) -> Text:
    sentence = _SENTENCES.get(problem["type"], N_("Der Wert hat nicht die erwartete Form."))
    if problem["type"].startswith("date"):
        sentence = N_("Muss ein Datum wie 2026-11-22 sein.")
    return Text(sentence, dict(problem.get("ctx") or {}))


def _refuse_twins(rows: list[Row], wrong: dict[str, Text]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        if row.slug in seen:
            wrong[f"{row.place}, id"] = Text(
                N_("Diese Kennung hat schon ein anderer Eintrag: %(first)s."), {"first": seen[row.slug]}
            )
        seen.setdefault(row.slug, row.place)
