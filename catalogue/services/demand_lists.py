"""What a survey means for the demand as it is now: company × module × fields, or companies in rows and modules in columns."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_

from catalogue.db import Session, local_day
from catalogue.models import Company, Demand, Module, WorkflowState
from catalogue.services import demand_cells as cells
from catalogue.services import demand_rules as rules
from catalogue.services import redirects
from catalogue.services.demand_history import Difference
from catalogue.services.demand_rules import DemandInput
from catalogue.services.errors import Invalid
from catalogue.services.findings import one_line, plain_text
from catalogue.services.module_cells import Unreadable, fold, read_day, read_number
from catalogue.services.permissions import Actor, require
from catalogue.services.sorting import sort_key
from catalogue.services.spreadsheets import column_letter
from catalogue.texts import N_, Labelled, Text

__all__ = ["LABELS", "AnswerKind", "ListRow", "Plan", "keys_of", "number", "plan"]

LABELS = {
    "company": N_("Unternehmen"), "module": N_("Modul"), "relevance": N_("Dringlichkeit"), "people": N_("Personen"),
    "period": N_("Zeitraum"), "purposes": N_("Zweck"), "confidentiality": N_("Wer sieht das?"), "note": N_("Anmerkung"),
    "day": N_("Datum"),
}  # fmt: skip
ALIASES = {
    "company": ("firma", "company", "name"), "module": ("kennung", "slug", "module"), "relevance": ("relevanz", "wie wichtig", "wie wichtig?", "priorität", "relevance"),
    "people": ("teilnehmer", "anzahl", "people"), "period": ("wann", "period"), "purposes": ("wofür", "wofür?", "purpose"),
    "confidentiality": ("wer sieht das", "vertraulichkeit", "confidentiality"), "note": ("bemerkung", "kommentar", "note"), "day": ("vom", "tag", "date"),
}  # fmt: skip
HEADINGS = {fold(name): key for key, label in LABELS.items() for name in (str(label), key, *ALIASES[key])}
READ_BY_PEOPLE = {fold("Titel")}  # the template names the module twice
ANSWERS = ("relevance", "people", "period", "purposes", "note")
COMPARED = ("relevance", "purposes", "people", "period", "confidentiality", "note")
PAIRS = 500  # company and module, in one query


class AnswerKind(Labelled):
    """What a row means for the demand."""

    NEW = "new", N_("Neu")
    CHANGED = "changed", N_("Geändert")
    CONFLICT = "conflict", N_("Neuere Angabe im Katalog")
    UNCHANGED = "unchanged", N_("Unverändert")
    WRONG = "wrong", N_("Fehlerhaft")


class Cell(NamedTuple):
    """Where it stands, and its text."""

    place: str
    text: str


class ModuleRow(NamedTuple):
    """What is needed of a module."""

    id: uuid.UUID
    slug: str
    title: str
    is_public: bool


@dataclass
class ListRow:
    """One answer: ``key`` is its row or cell, ``wanted`` what would be stored, ``errors`` cells with sentences."""

    key: str
    company_text: str = ""
    module_text: str = ""
    kind: AnswerKind = AnswerKind.WRONG
    company: Company | None = None
    module: ModuleRow | None = None
    demand: Demand | None = None
    wanted: DemandInput | None = None
    day: date | None = None
    changes: list[Difference] = field(default_factory=list)
    errors: list[tuple[str, Text]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What applying the survey would do now."""

    rows: tuple[ListRow, ...]
    ignored: tuple[str, ...]  # headings that mean nothing here
    empty: int  # rows without any answer

    def of(self, kind: AnswerKind) -> list[ListRow]:
        """Return the rows of one kind."""
        return [row for row in self.rows if row.kind == kind]

    @property
    def fingerprint(self) -> str:
        """Return a text that differs if anything else would be written."""
        facts = [(row.key, row.kind.value, row.wanted, row.day, row.demand and row.demand.version) for row in self.rows]
        return hashlib.sha256(repr(facts).encode(errors="replace")).hexdigest()[:32]


def keys_of(headings: Sequence[str]) -> list[str]:
    """Return which column each heading means, "" for none (a module's name, perhaps).

    Raises Invalid("file") without companies, with a column twice, or without anything that a company could say.
    """
    keys = [HEADINGS.get(fold(heading), "") for heading in headings]
    if twice := next((key for key in keys if key and keys.count(key) > 1), ""):
        raise Invalid("file", N_("Die Spalte „%(label)s“ steht zweimal in der Liste."), label=LABELS[twice])
    if "company" not in keys:
        raise Invalid("file", N_("Es fehlt eine Spalte mit der Überschrift „Unternehmen“."))
    if "module" in keys and not any(key in keys for key in ANSWERS):
        raise Invalid("file", N_("Es fehlt eine Spalte mit Antworten, zum Beispiel „Dringlichkeit“ oder „Personen“."))
    return keys


def plan(
    session: Session,
    actor: Actor,
    headings: Sequence[str],
    lines: Sequence[Sequence[Any]],
    day: date,
    *,
    lock: bool = False,
) -> Plan:
    """Return what the lines (row number, then texts) mean; *day*: of the survey. With *lock* nobody changes the records meanwhile."""
    require(actor, "demand.on_behalf")
    reader = _Reader(session, keys_of(headings), headings, day)
    rows, empty = [], 0
    for given in reader.answers(lines):
        if _says_something(given):
            rows.append(reader.read(given))
        else:
            empty += 1
    known = _known(session, [(row.company.id, row.module.id) for row in rows if row.company and row.module], lock)
    for row in rows:
        _weigh(row, known, reader.values.get(row.key, {}))
    return Plan(tuple(rows), reader.ignored, empty)


def number(session: Session, headings: Sequence[str], lines: Sequence[Sequence[Any]]) -> int:
    """Return how many answers the lines hold: with modules in columns there are many in a row. Raises Invalid("file")."""
    reader = _Reader(session, keys_of(headings), headings, local_day())
    return sum(_says_something(given) for given in reader.answers(lines))


def _says_something(given: Mapping[str, Cell]) -> bool:
    return any(given[key].text.strip() for key in (*ANSWERS, "answer") if key in given)


def _known(session: Session, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]], lock: bool) -> dict[Any, Demand]:
    found: dict[Any, Demand] = {}
    for start in range(0, len(pairs), PAIRS):
        some = tuple_(Demand.company_id, Demand.module_id).in_(pairs[start : start + PAIRS])
        statement = select(Demand).where(some)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        found |= {(one.company_id, one.module_id): one for one in session.scalars(statement)}
    return found


class _Reader:
    """Reads the answers of one survey and remembers which it has seen."""

    def __init__(self, session: Session, keys: list[str], headings: Sequence[str], day: date) -> None:
        self.keys, self.headings, self.day, self.today = keys, headings, day, local_day()
        companies = list(session.scalars(select(Company)))
        self.companies = {one.sort_name: one for one in companies} | {one.slug: one for one in companies}
        self.modules = _modules(session)
        self.columns = {} if "module" in keys else self._columns()
        self.ignored = tuple(
            text for place, text in enumerate(headings)
            if text and not keys[place] and place not in self.columns and fold(text) not in READ_BY_PEOPLE
        )  # fmt: skip
        self.seen: dict[tuple[uuid.UUID, uuid.UUID], str] = {}
        self.values: dict[str, dict[str, Any]] = {}

    def _columns(self) -> dict[int, str]:
        """The columns that are modules; raises Invalid("file") if none is."""
        found = {place: text for place, text in enumerate(self.headings) if not self.keys[place] and self._module(text)}
        if not found:
            raise Invalid("file", N_("Es fehlt eine Spalte „Modul“, oder Spalten, die wie Module im Katalog heißen."))
        return found

    def _module(self, text: str) -> ModuleRow | None:
        return self.modules.get(text.strip()) or self.modules.get(sort_key(text))

    def answers(self, lines: Sequence[Sequence[Any]]) -> Iterator[Mapping[str, Cell]]:
        """Yield the cells of each answer by what they mean."""
        for number, *texts in lines:
            line = {
                key: Cell(f"{column_letter(place)}{number}", str(texts[place]) if place < len(texts) else "")
                for place, key in enumerate(self.keys) if key
            }  # fmt: skip
            if not self.columns:
                yield line | {"key": Cell(str(number), "")}
            for place, heading in self.columns.items():
                cell = f"{column_letter(place)}{number}"
                answer = Cell(cell, str(texts[place]) if place < len(texts) else "")
                yield {name: line[name] for name in ("company", "day") if name in line} | {
                    "module": Cell(cell, heading), "answer": answer, "key": Cell(cell, ""),
                }  # fmt: skip

    def read(self, given: Mapping[str, Cell]) -> ListRow:
        row = ListRow(given["key"].place)
        row.company_text, row.module_text = one_line(given["company"].text), one_line(given["module"].text)
        row.company = self._company(row, given["company"])
        row.module = self._module(row.module_text)
        if row.module is None:
            text = Text(N_("„%(cell)s“ ist kein Modul im Katalog."), {"cell": row.module_text[:60]})
            row.errors.append((given["module"].place, text if row.module_text else Text(N_("Nennen Sie das Modul."))))
        if row.company and row.module:
            before = self.seen.setdefault((row.company.id, row.module.id), row.key)
            if before != row.key:
                text = Text(
                    N_("Dieses Unternehmen hat zu diesem Modul schon in %(place)s geantwortet."), {"place": before}
                )
                row.errors.append((given["module"].place, text))
        self.values[row.key] = self._values(row, given)
        return row

    def _company(self, row: ListRow, cell: Cell) -> Company | None:
        found = self.companies.get(row.company_text) or self.companies.get(sort_key(row.company_text)[:200])
        if not row.company_text:
            row.errors.append((cell.place, Text(N_("Nennen Sie das Unternehmen."))))
        elif found is None:
            text = N_(
                "„%(cell)s“ ist kein Unternehmen im Katalog. Schreiben Sie den Namen wie dort, oder legen Sie es zuerst an."
            )
            row.errors.append((cell.place, Text(text, {"cell": row.company_text[:60]})))
        elif not found.active:
            row.errors.append((cell.place, Text(N_("Dieses Unternehmen ist stillgelegt."))))
        return found if found and row.company_text else None

    def _values(self, row: ListRow, given: Mapping[str, Cell]) -> dict[str, Any]:
        """What the cells say, without those that say nothing."""
        values: dict[str, Any] = {}
        for key, cell in given.items():
            if key not in READERS:
                continue
            try:
                value = READERS[key](cell.text)
            except Unreadable as error:
                row.errors.append((cell.place, error.text))
                continue
            if key == "answer":
                values |= {
                    name: one for name, one in zip(("relevance", "people"), value, strict=True) if one is not None
                }
            elif value not in (None, ""):
                values[key] = value
        row.day = date.fromisoformat(values.pop("day")) if "day" in values else self.day
        if row.day > self.today:
            place = given["day"].place if "day" in given else row.key
            row.errors.append((place, Text(N_("Der Tag darf nicht in der Zukunft liegen."))))
        self._check(row, given, values)
        return values

    def _check(self, row: ListRow, given: Mapping[str, Cell], values: dict[str, Any]) -> None:
        for name, text in rules.wrong_values(replace(DemandInput(), **values)).items():
            row.errors.append((given.get(name, given.get("answer", given["module"])).place, text))


READERS: dict[str, Callable[[str], Any]] = {
    "relevance": cells.read_relevance, "people": read_number, "period": cells.read_period, "purposes": cells.read_purposes,
    "confidentiality": cells.read_confidentiality, "note": plain_text, "day": read_day, "answer": cells.read_answer,
}  # fmt: skip


def _modules(session: Session) -> dict[str, ModuleRow]:
    """Modules by slug, code and title; merged ones lead to those that stand for them. A title of two modules means neither."""
    columns = (Module.id, Module.slug, Module.code, Module.title, Module.sort_title, Module.state)
    rows = list(session.execute(select(*columns)))
    known = {row.id: ModuleRow(row.id, row.slug, row.title, row.state == WorkflowState.PUBLISHED) for row in rows}
    ends = redirects.targets(session)
    titles: dict[str, set[uuid.UUID]] = {}
    for row in rows:
        if row.state in (WorkflowState.PUBLISHED, WorkflowState.ARCHIVED):
            titles.setdefault(sort_key(row.title), set()).add(ends.get(row.id, row.id))
    found = {title: known[next(iter(ids))] for title, ids in titles.items() if len(ids) == 1}
    found |= {row.code: known[ends.get(row.id, row.id)] for row in rows if row.code}
    return found | {row.slug: known[ends.get(row.id, row.id)] for row in rows}


def _weigh(row: ListRow, known: Mapping[Any, Demand], values: Mapping[str, Any]) -> None:
    """Say what the row would change, and of which kind it is."""
    if row.company is None or row.module is None or row.day is None:
        return
    row.demand = known.get((row.company.id, row.module.id))
    live = row.demand if row.demand is not None and row.demand.withdrawn_at is None else None
    base = replace(rules.input_of(live), version=None) if live else DemandInput()
    row.wanted = replace(base, **values)
    if live is None and not row.module.is_public:
        row.errors.append(
            (row.key, Text(N_("Dieses Modul ist nicht mehr im Katalog und kann nicht neu vorgemerkt werden.")))
        )
    if row.errors:
        return
    row.changes = [
        Difference(name, getattr(base, name) if live else None, getattr(row.wanted, name))
        for name in COMPARED
        if (getattr(base, name) if live else None) != getattr(row.wanted, name)
    ]
    if live is not None and not row.changes:
        row.kind = AnswerKind.UNCHANGED
    elif row.demand is not None and _newer(row.demand, row.day):
        row.kind = AnswerKind.CONFLICT
    else:
        row.kind = AnswerKind.CHANGED if live else AnswerKind.NEW


def _newer(said: Demand, day: date) -> bool:
    """Whether what is known is newer than the survey; what the company itself said or took back on the same day goes before it."""
    stated = said.withdrawn_at.date() if said.withdrawn_at else rules.said_on(said)
    return stated >= day if said.withdrawn_at or rules.own_words(said) else stated > day
