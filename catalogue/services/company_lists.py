"""Lists of companies: the columns are the same for export and import, so that what is exported and imported again changes nothing."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, CompanyRole, RowKind, SizeClass, Term, Vocabulary
from catalogue.services import companies, email_domains
from catalogue.services.companies import CompanyInput, CompanyQuery
from catalogue.services.errors import Invalid
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.findings import one_line, plain_text
from catalogue.services.module_cells import Names, Unreadable, fold, read_number, read_words, read_yes
from catalogue.services.permissions import Actor
from catalogue.services.sorting import slugify, sort_key
from catalogue.services.spreadsheets import column_letter
from catalogue.texts import N_, Text

__all__ = ["COLUMNS", "Change", "ListRow", "Plan", "keys_of", "plan", "table"]

SLUG, VERSION = "slug", "version"
LABELS = {
    SLUG: N_("Kennung"), VERSION: N_("Fassung"), "name": N_("Name"), "sector": N_("Branche"), "region": N_("Region"),
    "size_class": N_("Größe"), "place": N_("Ort"), "website": N_("Website"), "network": N_("Netzwerk"),
    "email_domains": N_("E-Mail-Domänen"), "note": N_("Notiz des Netzwerkbüros"), "active": N_("Aktiv"),
}  # fmt: skip
ALIASES = {
    SLUG: ("slug", "id"), VERSION: ("version",), "name": ("firma", "unternehmen", "unternehmensname", "company", "firmenname"),
    "sector": ("sector", "sektor", "wirtschaftszweig"), "region": ("bundesland",),
    "size_class": ("size", "größenklasse", "beschäftigte", "mitarbeiter", "mitarbeitende"), "place": ("place", "stadt", "sitz", "city"),
    "website": ("url", "webseite", "internet", "homepage"), "network": ("network", "verband"),
    "email_domains": ("domänen", "domänen der e-mail-adressen", "domain", "domains", "email_domains", "e-mail-domain"),
    "note": ("notiz", "bemerkung", "note"), "active": ("active", "aktiv (ja/nein)"),
}  # fmt: skip
HEADINGS = {fold(name): key for key, label in LABELS.items() for name in (str(label), key, *ALIASES[key])}
ONLY_EXPORTED = {fold("Konten"), fold("Admins")}
COLUMNS = tuple(LABELS)
LENGTHS = {"name": 200, "place": 200, "website": 500, "network": 60, "note": companies.NOTE_LENGTH}
_SIZES = {fold(str(size.label)): size for size in SizeClass} | {size.value: size for size in SizeClass}
_LIMITS = ((10, SizeClass.MICRO), (50, SizeClass.SMALL), (250, SizeClass.MEDIUM))


@dataclass(frozen=True)
class Change:
    """One field that the list changes; both sides as people read them."""

    label: str
    cell: str
    old: str
    new: str


@dataclass
class ListRow:
    """What one row means: ``wanted`` is what would be stored, ``errors`` are cells with sentences."""

    number: int
    name: str = ""
    slug: str = ""
    kind: RowKind = RowKind.WRONG
    company: Company | None = None
    wanted: CompanyInput | None = None
    changes: list[Change] = field(default_factory=list)
    errors: list[tuple[str, Text]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What applying the list would do now."""

    rows: tuple[ListRow, ...]
    ignored: tuple[str, ...]  # headings that mean nothing here
    missing: int  # companies that the list does not name; they stay as they are

    def of(self, kind: RowKind) -> list[ListRow]:
        """Return the rows of one kind."""
        return [row for row in self.rows if row.kind == kind]

    @property
    def fingerprint(self) -> str:
        """Return a text that differs if anything else would be written."""
        facts = [
            (row.number, row.kind.value, row.slug, row.wanted, row.company and row.company.version) for row in self.rows
        ]
        return hashlib.sha256(repr(facts).encode(errors="replace")).hexdigest()[:32]


def keys_of(headings: Sequence[str]) -> list[str]:
    """Return which column each heading means, "" for none; raises Invalid("file") without a name or with a column twice."""
    keys = [HEADINGS.get(fold(heading), "") for heading in headings]
    if twice := next((key for key in keys if key and keys.count(key) > 1), ""):
        raise Invalid("file", N_("Die Spalte „%(label)s“ steht zweimal in der Liste."), label=LABELS[twice])
    if "name" not in keys:
        raise Invalid("file", N_("Es fehlt eine Spalte mit der Überschrift „Name“."))
    return keys


def plan(session: Session, actor: Actor, headings: Sequence[str], lines: Sequence[Sequence[Any]]) -> Plan:
    """Return what the lines (row number, then texts) mean for the companies as they are now."""
    keys = keys_of(headings)
    reader = _Reader(session, companies.find_all(session, actor), keys)
    rows = tuple(reader.read(int(line[0]), [str(cell) for cell in line[1:]]) for line in lines)
    ignored = [
        heading for heading, key in zip(headings, keys, strict=True) if not key and fold(heading) not in ONLY_EXPORTED
    ]
    named = {row.company.id for row in rows if row.company}
    return Plan(rows, tuple(one for one in ignored if one), sum(one.id not in named for one in reader.known))


def _names(session: Session) -> Names:
    wanted = select(Term).where(
        Term.vocabulary.in_((Vocabulary.SECTOR, Vocabulary.REGION)), Term.merged_into_id.is_(None)
    )
    return Names.of([], [], list(session.scalars(wanted.order_by(Term.retired, Term.position, Term.code))))


class _Reader:
    """Reads the rows of one list and remembers which companies it has named."""

    def __init__(self, session: Session, known: list[Company], keys: list[str]) -> None:
        self.names, self.known, self.keys = _names(session), known, keys
        self.by_slug = {one.slug: one for one in known}
        self.by_name = {one.sort_name: one for one in known}
        self.seen: dict[str, int] = {}

    def read(self, number: int, cells: list[str]) -> ListRow:
        row, given = ListRow(number), self._values(number, cells)
        row.errors = given.errors
        row.name, row.slug = given.values.get("name", ""), given.values.get(SLUG, "")
        row.company = self._company(row)
        self._check_named_once(row)
        self._check(row, given.values)
        base = companies.values_of(row.company) if row.company else CompanyInput("")
        row.wanted = replace(base, **{key: value for key, value in given.values.items() if key not in (SLUG, VERSION)})
        row.slug = row.company.slug if row.company else row.slug
        row.changes = [
            Change(LABELS[key], self._cell(number, key), self._shown(base, key), self._shown(row.wanted, key))
            for key in self.keys
            if key not in ("", SLUG, VERSION) and getattr(base, key) != getattr(row.wanted, key)
        ]
        row.kind = self._kind(row)
        return row

    @staticmethod
    def _kind(row: ListRow) -> RowKind:
        if row.errors:
            return RowKind.WRONG
        if row.company is None:
            return RowKind.NEW
        return RowKind.CHANGED if row.changes else RowKind.UNCHANGED

    def _cell(self, number: int, key: str) -> str:
        return f"{column_letter(self.keys.index(key))}{number}" if key in self.keys else str(number)

    def _values(self, number: int, cells: list[str]) -> "_Given":
        given = _Given()
        for place, key in enumerate(self.keys):
            if not key:
                continue
            text = cells[place] if place < len(cells) else ""
            try:
                value = self._value(key, text)
            except Unreadable as error:
                given.errors.append((self._cell(number, key), error.text))
            except Invalid as error:
                given.errors += [(self._cell(number, key), sentence) for sentence in error.fields.values()]
            else:
                if value is not None or key == "size_class":
                    given.values[key] = value
        return given

    def _value(self, key: str, text: str) -> Any:
        if len(text) > LENGTHS.get(key, 1000):
            raise Unreadable(N_("Kürzen Sie den Text auf höchstens %(most)s Zeichen."), most=LENGTHS.get(key, 1000))
        if key == VERSION:
            return read_number(text)
        if key == "active":
            return read_yes(text)
        if key == "size_class":
            return _size(text)
        if key == "email_domains":
            return tuple(email_domains.checked(word) for word in dict.fromkeys(read_words(text)))
        if key == "website":
            return companies.website(text.strip())
        if key in ("sector", "region"):
            return self._term(key, text)
        return plain_text(text) if key == "note" else one_line(text)

    def _term(self, key: str, text: str) -> str:
        code = self.names.find(f"terms.{key}", text) if text.strip() else ""
        if code is None:
            raise Unreadable(N_("„%(cell)s“ steht nicht in diesem Vokabular."), cell=one_line(text)[:60])
        return code

    def _company(self, row: ListRow) -> Company | None:
        return self.by_slug.get(row.slug) if row.slug else self.by_name.get(sort_key(row.name)[:200])

    def _check_named_once(self, row: ListRow) -> None:
        slug = row.slug or (row.company.slug if row.company else "")
        for key, mark in ((SLUG, slug), ("name", sort_key(row.name))):
            if not mark:
                continue
            before = self.seen.setdefault(f"{key} {mark}", row.number)
            if before != row.number:
                text = Text(N_("Dieses Unternehmen steht schon in Zeile %(number)s."), {"number": before})
                row.errors.append((self._cell(row.number, key if row.slug else "name"), text))
                return

    def _check(self, row: ListRow, values: Mapping[str, Any]) -> None:
        if not sort_key(row.name) and "name" in values:
            row.errors.append((self._cell(row.number, "name"), Text(N_("Geben Sie den Namen des Unternehmens an."))))
        same = self.by_name.get(sort_key(row.name)[:200])
        if same is not None and same is not row.company:
            row.errors.append(
                (self._cell(row.number, "name"), Text(N_("„%(name)s“ gibt es schon."), {"name": same.name}))
            )
        if row.slug and row.company is None and row.slug != slugify(row.slug):
            text = Text(N_("Nehmen Sie nur kleine Buchstaben, Ziffern und Bindestriche."))
            row.errors.append((self._cell(row.number, SLUG), text))
        version = values.get(VERSION)
        if version is not None and row.company is not None and version != row.company.version:
            text = Text(
                N_("Dieses Unternehmen wurde geändert, nachdem die Liste entstand. Laden Sie die Liste neu herunter.")
            )
            row.errors.append((self._cell(row.number, VERSION), text))

    def _shown(self, values: CompanyInput, key: str) -> str:
        return written(self.names, values, key)


@dataclass
class _Given:
    values: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, Text]] = field(default_factory=list)


def _size(text: str) -> SizeClass | None:
    """A class by its label, or the number of people."""
    if not text.strip():
        return None
    if (found := _SIZES.get(fold(text))) is not None:
        return found
    try:
        people = read_number(text)
    except Unreadable:
        people = None
    if people is None or people < 1:
        labels = ", ".join(str(size.label) for size in SizeClass)
        raise Unreadable(
            N_("„%(cell)s“ ist keine Größe. Möglich sind eine Zahl oder: %(labels)s."),
            cell=one_line(text)[:60],
            labels=labels,
        )
    return next((size for limit, size in _LIMITS if people < limit), SizeClass.LARGE)


def written(names: Names, values: CompanyInput, key: str) -> str:
    """Return what stands in the cell of one column."""
    value = getattr(values, key)
    if key == "active":
        return "ja" if value else "nein"
    if key in ("sector", "region"):
        return names.write(f"terms.{key}", value)
    if key == "email_domains":
        return ", ".join(value)
    return str(value.label) if isinstance(value, SizeClass) else str(value or "")


def table(session: Session, actor: Actor, query: CompanyQuery) -> Table:
    """Return all companies that *query* finds with all columns; staff only, because of the notes."""
    names = _names(session)
    rows = []
    for one in companies.find(session, actor, query, everything=True).companies:
        values = companies.values_of(one)
        plain = {key: written(names, values, key) for key in COLUMNS if key not in (SLUG, VERSION)}
        admins = [member.user.name for member in one.memberships if member.role == CompanyRole.ADMIN]
        rows.append(
            plain
            | {
                SLUG: one.slug,
                VERSION: one.version,
                "people": len(one.memberships),
                "admins": sorted(admins, key=sort_key),
            }
        )
    columns = [Column(key, label, Kind.NUMBER if key == VERSION else Kind.TEXT) for key, label in LABELS.items()]
    extra = [Column("people", N_("Konten"), Kind.NUMBER), Column("admins", N_("Admins"))]
    notes = [
        (
            N_("Hinweis"),
            N_("Diese Liste lässt sich ändern und wieder einlesen. Konten und Admins werden dabei nicht gelesen."),
        )
    ]
    return Table("Unternehmen", [*columns, *extra], rows, notes)
