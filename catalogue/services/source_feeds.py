"""From what a source answered to a list as imports read them: all formats become one, with a key for each entry."""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.models import SourceKind
from catalogue.services import course_pages, course_values, documents, import_mapping, source_lists
from catalogue.services.course_pages import Found, Node
from catalogue.services.documents import OwnRow
from catalogue.services.errors import Invalid
from catalogue.services.exports import CELL_LIMIT, Column, Table, csv_bytes
from catalogue.services.fetching import Answer
from catalogue.services.findings import one_line
from catalogue.services.import_lines import ENTRY_KEY, REFUSED
from catalogue.services.module_batches import NEW_PROVIDER
from catalogue.services.module_cells import KEEP, Names, fold
from catalogue.services.module_columns import BY_KEY, SLUG, flat
from catalogue.services.module_input import tidy
from catalogue.services.source_lists import ListRow
from catalogue.services.spreadsheets import Sheet, as_text, open_sheet
from catalogue.services.workbook_guard import MOST_COLUMNS, MOST_ROWS
from catalogue.texts import N_, Text

__all__ = ["Defaults", "Feed", "Unassigned", "read"]

TITLES = {ENTRY_KEY: N_("Eintrag der Quelle"), REFUSED: N_("Nicht lesbar")}
_CHARSET = re.compile(r"charset=[\"']?([\w-]{1,40})", re.I)
MOST_PARTS = 400_000  # objects and lists: each takes many times more memory than its two letters
Follow = Callable[[Sequence[str]], Sequence[Answer]]


@dataclass(frozen=True)
class Defaults:
    """What holds for entries that do not say it: slugs of a provider and a programme, and the mapping of a CSV list."""

    provider: str = ""
    programme: str = ""
    create_providers: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Feed:
    """A list to import: the sheet, what its columns hold, the headings of the source itself, sentences about what is left out."""

    sheet: Sheet
    mapping: tuple[str, ...]
    headings: tuple[str, ...] = ()
    notes: tuple[Text, ...] = ()


class Unassigned(Invalid):
    """The columns of a list say too little; ``headings`` are what somebody must assign."""

    def __init__(self, headings: Sequence[str], refused: Invalid) -> None:
        self.headings = list(headings)
        super().__init__(fields=refused.fields)


@dataclass
class Entry:
    """One module of a source: values by the keys of the columns (those it names), what identifies it, why it cannot be read."""

    key: str
    values: dict[str, Any]
    refused: str = ""


def read(kind: SourceKind, answer: Answer, names: Names, defaults: Defaults, follow: Follow) -> Feed:
    """Return the list that *answer* holds; raises Invalid if it does not hold one. *follow* gets the pages that a list links to."""
    if kind == SourceKind.CSV:
        return _csv(answer, names, defaults)
    if answer.body.count(b"{") + answer.body.count(b"[") > MOST_PARTS:
        raise Invalid("url", N_("Die Daten bestehen aus zu vielen Teilen."))
    try:
        entries, notes = _json(answer) if kind == SourceKind.JSON else _page(answer, follow)
    except RecursionError as error:
        raise Invalid("url", N_("Die Daten sind zu tief verschachtelt.")) from error
    if not entries:
        raise Invalid("url", N_("Die Antwort enthält keinen Eintrag."))
    for entry in entries:
        _settle(entry.values, names, defaults)
    return _listed(entries, names, notes)


# --- our own format


def _json(answer: Answer) -> tuple[list[Entry], list[Text]]:
    raw, kind, as_of = documents.entries_of("url", answer.body)
    _check_count(len(raw))
    entries = [_entry(number, values, kind, as_of) for number, values in enumerate(raw, start=1)]
    known = set(kind.model_fields)
    unread = sorted({str(key) for values in raw if isinstance(values, dict) for key in values if key not in known})
    notes = (
        [Text(N_("Nicht gelesene Felder: %(names)s."), {"names": _printable(", ".join(unread)[:300])})]
        if unread
        else []
    )
    return entries, notes


def _entry(number: int, values: Any, kind: type[OwnRow | ListRow], as_of: Any) -> Entry:
    """Return one entry; one of the wrong shape only with what names it."""
    wrong: dict[str, Text] = {}
    for row in documents.check_entry("", values, kind, wrong):
        own = row.values
        given = own.to_input() if isinstance(own, OwnRow) else source_lists.input_of(own)
        told = flat(tidy(given))
        if isinstance(own, OwnRow):
            said = {key for key in told if key.partition(".")[0] in own.model_fields_set}
            said &= {key for key in told if not key.startswith("terms.") or key.removeprefix("terms.") in own.terms}
        else:
            said = {key for key, value in told.items() if value not in (None, "", [])}
        if as_of is not None and not told["as_of"]:
            told["as_of"], said = as_of.isoformat(), said | {"as_of"}
        named = {"source.programme": own.project} if isinstance(own, ListRow) and own.project else {}
        return Entry(f"slug {row.slug}", {SLUG: row.slug} | {key: told[key] for key in told if key in said} | named)
    return Entry(f"place {number}" if not (slug := _harmless(values, "slug", "id")) else f"slug {slug}",
                 {SLUG: slug, "title": _harmless(values, "title")}, _sentences(wrong))  # fmt: skip


def _harmless(values: Any, *keys: str) -> str:
    """Return the first of the texts under *keys*."""
    told = values if isinstance(values, dict) else {}
    return _printable(next((told[key] for key in keys if isinstance(told.get(key), str)), "")[:120])


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


def _sentences(wrong: Mapping[str, Text]) -> str:
    """Return what is wrong with an entry, field by field, in one text."""
    told = [
        f"{place.removeprefix(', ').rpartition('), ')[2]}: {text}"
        for place, text in itertools.islice(wrong.items(), 20)
    ]
    return _printable("\n".join(told)[:2000])


# --- pages


def _page(answer: Answer, follow: Follow) -> tuple[list[Entry], list[Text]]:
    found = _courses(answer)
    told = [(course, answer.url) for course in found.courses]
    if not told:
        for page in follow(found.links):
            try:
                one = _courses(page)
            except Invalid:
                found.notes.append(Text(N_("Auf dieser Seite steht kein Kurs: %(url)s"), {"url": page.url}))
                continue
            told += [(course, page.url) for course in one.courses]
            found.notes += one.notes
    _check_count(len(told))
    values = [(course_values.identity_of(course, url), course_values.values_of(course, url)) for course, url in told]
    if any(_has_dates(course) for course, _ in told):
        found.notes.append(Text(N_("Die Seite nennt Termine. Termine werden nicht übernommen.")))
    keys = _unique([key or f"title {fold(one.get('title', ''))}" for key, one in values])
    return [Entry(key, one) for key, (_, one) in zip(keys, values, strict=True)], found.notes


def _has_dates(course: Node) -> bool:
    return any(
        one.get("startDate") for one in course_pages.many(course.get("hasCourseInstance")) if isinstance(one, dict)
    )


def _courses(answer: Answer) -> Found:
    charset = _CHARSET.search(answer.headers.get("content-type", ""))
    return course_pages.find(answer.body, charset[1] if charset else "", answer.url)


def _check_count(number: int) -> None:
    if number > MOST_ROWS:
        raise Invalid("url", N_("Die Liste hat mehr als %(most)s Zeilen. Teilen Sie sie."), most=MOST_ROWS)


def _unique(keys: Sequence[str]) -> list[str]:
    """Return *keys* with a number behind those that came before."""
    seen: Counter[str] = Counter()
    result = []
    for key in keys:
        seen[key] += 1
        result.append(key if seen[key] == 1 else f"{key} #{seen[key]}")
    return result


# --- what both have in common


def _settle(values: dict[str, Any], names: Names, defaults: Defaults) -> None:
    """Name the provider and the programme as the catalogue knows them; keep what it does not know as wording."""
    wording, slug = values.get("provider_text", ""), values.get("provider", "")
    provider = names.find("provider", slug) if slug else None
    provider = provider or (names.find("provider", wording) if wording else None)
    if provider and names.find("provider", wording) == provider:
        values.pop("provider_text", None)
    elif not provider and (name := wording or slug) and defaults.create_providers and not defaults.provider:
        provider = NEW_PROVIDER + name
        values.pop("provider_text", None)
    values["provider"] = provider or defaults.provider or slug
    if not values["provider"]:
        del values["provider"]
    programme = (
        values.get("programme") or names.find("programme", values.pop("source.programme", "")) or defaults.programme
    )
    if programme:
        values["programme"] = programme
    if "terms.format" not in values and (code := names.find("terms.format", values.get("format_text", ""))):
        values["terms.format"] = [code]


def _listed(entries: Sequence[Entry], names: Names, notes: Sequence[Text]) -> Feed:
    """Return the entries as a list with the columns that any of them names; a cell that says nothing leaves the module as it is."""
    used = {key for entry in entries for key in entry.values}
    keys = [key for key in BY_KEY if key in used or key == "title"]
    columns = [Column(key, BY_KEY[key].label) for key in keys] + [
        Column(key, TITLES[key]) for key in (ENTRY_KEY, REFUSED)
    ]
    rows = [
        {key: _cell(key, entry.values[key], names) if key in entry.values else KEEP for key in keys}
        | {ENTRY_KEY: entry.key, REFUSED: entry.refused}
        for entry in entries
    ]
    sheet = open_sheet("source.csv", csv_bytes(Table("", columns, rows)))
    return Feed(sheet, (*keys, ENTRY_KEY, REFUSED), notes=tuple(notes))


def _cell(key: str, value: Any, names: Names) -> str:
    if key == "provider" and isinstance(value, str) and value.startswith(NEW_PROVIDER):
        return value.removeprefix(NEW_PROVIDER)
    text = as_text(BY_KEY[key].write(names, value))
    return text if len(text) <= CELL_LIMIT else KEEP


# --- lists


def _csv(answer: Answer, names: Names, defaults: Defaults) -> Feed:
    """Return the list with its rows at their old places, a column of keys, and the provider and programme where it names none."""
    if answer.body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"<", b"{") or "html" in answer.headers.get(
        "content-type", ""
    ):
        raise Invalid("url", N_("Die Antwort ist keine CSV-Liste, sondern eine Internetseite oder JSON."))
    sheet = open_sheet("source.csv", answer.body)
    known = bool(defaults.mapping)
    guessed = import_mapping.guess(sheet.headings)
    mapping = [defaults.mapping.get(heading, "") for heading in sheet.headings] if known else guessed
    try:
        mapping = import_mapping.checked(sheet.headings, mapping)
    except Invalid as refused:
        raise Unassigned(sheet.headings, refused) from refused
    added = {key: slug for key, slug in (("provider", defaults.provider), ("programme", defaults.programme)) if slug}
    extra = [key for key in added if key not in mapping]
    if len(mapping) + len(extra) + 1 > MOST_COLUMNS:
        raise Invalid("url", N_("Die Liste hat mehr als %(most)s Spalten."), most=MOST_COLUMNS - len(extra) - 1)
    places = {key: place for place, key in enumerate(mapping) if key}
    lines = [(line.number, [as_text(cell) for cell in line.cells]) for line in sheet.lines()]
    for _, cells in lines:
        cells += [""] * (len(mapping) - len(cells)) + [added[key] for key in extra]
        for key in added.keys() & places.keys():
            cells[places[key]] = cells[places[key]].strip() or names.write(key, added[key])
    keys = _keys_of_lines([cells for _, cells in lines], places)
    by_number = {number: [*cells, key] for (number, cells), key in zip(lines, keys, strict=True)}
    headings = [*sheet.headings, *(BY_KEY[key].label for key in extra), TITLES[ENTRY_KEY]]
    columns = [Column(str(place), heading) for place, heading in enumerate(headings)]
    rows = [_numbered(by_number.get(number, ())) for number in range(2, max(by_number, default=1) + 1)]
    made = open_sheet("source.csv", csv_bytes(Table("", columns, rows)))
    return Feed(made, (*mapping, *extra, ENTRY_KEY), tuple(sheet.headings))


def _numbered(cells: Sequence[str]) -> dict[str, str]:
    return {str(place): cell for place, cell in enumerate(cells)}


def _keys_of_lines(lines: Sequence[Sequence[str]], places: Mapping[str, int]) -> list[str]:
    """Return what identifies each line: slug, else code, else an address that no other line has, else address and title."""

    def told(cells: Sequence[str], key: str) -> str:
        return one_line(cells[places[key]]) if key in places else ""

    addresses = Counter(told(cells, "source_url") for cells in lines)
    keys = []
    for cells in lines:
        url, title = told(cells, "source_url"), fold(told(cells, "title"))
        own = next((f"{key} {text}" for key in (SLUG, "code") if (text := told(cells, key))), "")
        keys.append(own or (f"url {url}" if url and addresses[url] == 1 else f"title {url} {title}"))
    return _unique(keys)
