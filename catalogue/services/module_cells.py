"""From a cell to a value and back. Values are plain JSON, as in the snapshots of module_history; None, "" and [] mean empty."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from catalogue.models import OfferStatus, Programme, Provider, Term
from catalogue.services import durations
from catalogue.services.exports import CELL_LIMIT
from catalogue.services.spreadsheets import Cell, as_text
from catalogue.texts import N_, Text

__all__ = ["KEEP", "Names", "Unreadable", "fold", "read_day", "read_minutes", "read_number", "read_price", "read_status",
           "read_text", "read_yes", "read_words", "read_entries", "write_entries", "write_text"]  # fmt: skip

KEEP = "‹zu lang für eine Zelle; bleibt beim Import, wie es ist›"
SEPARATOR = " | "
YES, NO = {"ja", "j", "x", "wahr", "true", "yes", "1"}, {"nein", "n", "falsch", "false", "no", "0"}
_GERMAN = re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d+)?|-?\d+(?:,\d+)?")
_POINT = re.compile(r"-?\d+\.\d{1,2}")
STATUSES = {status.value: status.value for status in OfferStatus} | {s.label.casefold(): s.value for s in OfferStatus}


class Unreadable(Exception):
    """A cell does not say what its column is for; ``text`` says what to write instead."""

    def __init__(self, message: str, **params: Any) -> None:
        self.text = Text(message, params)
        super().__init__(str(self.text))


def fold(text: str) -> str:
    """Return *text* as names are compared: without case and with single spaces."""
    return " ".join(text.casefold().split())


def _short(cell: Cell) -> str:
    text = as_text(cell).strip()
    return text if len(text) <= 60 else text[:59] + "…"


def read_text(cell: Cell) -> str:
    """Any text, trimmed."""
    return as_text(cell).strip()


def read_number(cell: Cell) -> int | None:
    """A whole number: 12, "12", "1.200"."""
    number = _decimal(cell)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) >= 2**31:
        raise Unreadable(N_("„%(cell)s“ ist keine ganze Zahl. Schreiben Sie zum Beispiel 12."), cell=_short(cell))
    return int(number)


def read_minutes(cell: Cell) -> int | None:
    """Minutes as a number, or a duration that has a fixed number of them: "16 UE", "3 Stunden"."""
    if isinstance(cell, str) and (stated := durations.minutes(cell)) is not None:
        return stated
    try:
        return read_number(cell)
    except Unreadable:
        raise Unreadable(
            N_("„%(cell)s“ ist keine Dauer in Minuten. Schreiben Sie zum Beispiel 720 oder „16 UE“."), cell=_short(cell)
        ) from None


def read_price(cell: Cell) -> str | None:
    """Euros with two decimals: 490, "1.200,00 €"."""
    amount = _decimal(cell, "€", "EUR", "Euro")
    return None if amount is None else f"{round(amount, 2):.2f}"


def _decimal(cell: Cell, *units: str) -> Decimal | None:
    text = as_text(cell).replace("\u00a0", " ").strip()
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        number = Decimal(str(cell))
        if number.is_finite() and abs(number) < 10**12:
            return number
    for unit in units:
        text = text.removesuffix(unit).removeprefix(unit).strip()
    if not text:
        return None
    try:
        if text.isascii() and len(text) <= 20 and _POINT.fullmatch(text) and not _GERMAN.fullmatch(text):
            return Decimal(text)
        if text.isascii() and len(text) <= 20 and _GERMAN.fullmatch(text):
            return Decimal(text.replace(".", "").replace(",", "."))
    except InvalidOperation:
        pass
    raise Unreadable(N_("„%(cell)s“ ist keine Zahl. Schreiben Sie zum Beispiel 12 oder 490,50."), cell=_short(cell))


def read_day(cell: Cell) -> str | None:
    """A day: a date, "16.02.2027" or "2027-02-16"."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = as_text(cell).strip()
    if not text:
        return None
    for form in ("%d.%m.%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S"):
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Unreadable(N_("„%(cell)s“ ist kein Datum. Schreiben Sie zum Beispiel 16.02.2027."), cell=_short(cell))


def read_yes(cell: Cell) -> bool | None:
    """ja or nein."""
    text = as_text(cell).strip().casefold()
    if text in YES or text in NO:
        return text in YES
    if not text:
        return None
    raise Unreadable(N_("„%(cell)s“ ist weder „ja“ noch „nein“."), cell=_short(cell))


def read_status(cell: Cell) -> str | None:
    """The maturity of an offer, by its label."""
    text = fold(as_text(cell))
    if not text or text == "offen":
        return None
    if text not in STATUSES:
        labels = ", ".join(status.label for status in OfferStatus)
        raise Unreadable(
            N_("„%(cell)s“ ist kein Reifegrad. Möglich sind: %(labels)s."), cell=_short(cell), labels=labels
        )
    return STATUSES[text]


def read_entries(cell: Cell) -> list[str]:
    """The entries of a list: one per line, or in one line with " | " between them."""
    text = as_text(cell)
    parts = text.split("\n") if "\n" in text else text.split(SEPARATOR.strip())
    return [entry for part in parts if (entry := " ".join(part.split()))]


def read_words(cell: Cell) -> list[str]:
    """Words with commas, lines or "|" between them, in lower case."""
    return [word.casefold() for word in re.split(r"[\s,;|]+", as_text(cell)) if word]


def write_text(value: str) -> str:
    """The text, unless no cell holds it."""
    return value if len(value) <= CELL_LIMIT else KEEP


def write_entries(value: Sequence[str]) -> str:
    """One entry per line; a single one that looks like several ends with a line break, so that it stays one."""
    text = "\n".join(value)
    return write_text(text + "\n" if len(value) == 1 and "|" in text else text)


@dataclass(frozen=True)
class Names:
    """How providers, programmes and terms are called in lists: by name where that is clear, else by slug or code."""

    by_name: Mapping[tuple[str, str], str]  # (kind, folded name) → slug or code
    written: Mapping[tuple[str, str], str]  # (kind, slug or code) → what stands in the cell

    @classmethod
    def of(cls, providers: Sequence[Provider], programmes: Sequence[Programme], terms: Sequence[Term]) -> "Names":
        """Return the names of all these things."""
        named = [("provider", one.slug, one.name) for one in providers]
        named += [("programme", one.slug, one.name) for one in programmes]
        named += [(f"terms.{one.vocabulary}", one.code, one.label_de) for one in terms]
        by_name, written = _named(named)
        for one in terms:  # other words lead to the term, too, unless they mean another one already
            for word in (one.label_en, *one.synonyms, *one.old_names):
                by_name.setdefault((f"terms.{one.vocabulary}", fold(word)), one.code)
        return cls(by_name, written)

    def find(self, kind: str, name: str) -> str | None:
        """Return the slug or code of what is called *name*."""
        return self.by_name.get((kind, fold(name)))

    def reader(self, kind: str, message: str) -> Callable[[Cell], str]:
        """Return a function that reads one name."""

        def read(cell: Cell) -> str:
            text = read_text(cell)
            found = self.find(kind, text) if text else ""
            if found is None:
                raise Unreadable(message, cell=_short(cell))
            return found

        return read

    def read_terms(self, kind: str, cell: Cell) -> list[str]:
        """Return the codes of the terms that the cell names, sorted."""
        codes = set()
        for name in read_entries(cell):
            found = self.find(kind, name)
            if found is None:
                raise Unreadable(N_("„%(cell)s“ steht nicht in diesem Vokabular."), cell=_short(name))
            codes.add(found)
        return sorted(codes)

    def write(self, kind: str, value: str) -> str:
        """Return what stands in the cell for a slug or code."""
        return self.written.get((kind, value), value)

    def write_terms(self, kind: str, codes: Sequence[str]) -> str:
        """Return the labels of the terms with " | " between them."""
        return SEPARATOR.join(self.write(kind, code) for code in codes)


def _named(named: Sequence[tuple[str, str, str]]) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    by_name: dict[tuple[str, str], str] = {}
    for kind, key, name in named:
        by_name.setdefault((kind, fold(name)), key)
    for kind, key, _ in named:  # a code always means itself
        by_name[kind, fold(key)] = key
    clear = {
        (kind, key): name
        for kind, key, name in named
        if by_name[kind, fold(name)] == key and "|" not in name and "\n" not in name and name.strip()
    }
    return by_name, {(kind, key): clear.get((kind, key), key) for kind, key, _ in named}
