"""Purposes side by side: who wants modules for training, for working together, as a business idea, and who wants several of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from catalogue.db import Session
from catalogue.models import Purpose
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.permissions import Actor, require
from catalogue.services.report_query import ReportQuery, ReportRow
from catalogue.services.report_records import records
from catalogue.services.statements import Statements
from catalogue.texts import N_

__all__ = [
    "PURPOSE_DEFINITIONS",
    "Combination",
    "PurposeSide",
    "Purposes",
    "purposes",
    "purposes_table",
    "top_modules",
    "words_of",
]

TOP = 5
PURPOSE_DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        N_("Zweck"),
        N_("Eine Angabe kann mehrere Zwecke haben und zählt dann bei jedem. Angaben ohne Zweck stehen nur in der Überschneidung."),
    ),
    (
        N_("Überschneidung"),
        N_(
            "Jedes Unternehmen steht in genau einer Zeile: mit allen Zwecken, die es bei irgendeinem Modul nennt. Ebenso jedes Modul mit allen Zwecken, die irgendein Unternehmen nennt."
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class PurposeSide:
    """One purpose: figures and the modules that most companies want for it."""

    purpose: Purpose
    companies: int
    people: int
    records: int
    modules: int
    top: tuple[ReportRow, ...]


@dataclass(frozen=True)
class Combination:
    """Companies and modules with exactly these purposes (none: no purpose was named); ``names`` of the companies in order."""

    purposes: tuple[Purpose, ...]
    names: tuple[str, ...]
    modules: int

    @property
    def companies(self) -> int:
        """How many companies."""
        return len(self.names)


@dataclass(frozen=True)
class Purposes:
    """The three purposes and how they overlap, combinations that occur only."""

    sides: tuple[PurposeSide, ...]
    overlap: tuple[Combination, ...]
    companies: int


def purposes(session: Session, actor: Actor, query: ReportQuery) -> Purposes:
    """Return the purposes side by side, as of the query's day."""
    require(actor, "report.see")
    found = records(session, query)
    sides = tuple(_side(purpose, found.only(found.says(purpose))) for purpose in Purpose)
    return Purposes(sides, _overlap(found), len(np.unique(found.companies)))


def top_modules(found: Statements, most: int) -> tuple[tuple[ReportRow, ...], int]:
    """Return the *most* modules that most companies speak about (then most people), and how many there are at all.

    The same order as in the interest report, without making a row for each of thousands.
    """
    groups = found.by_module(lambda module: (module.slug,))
    companies, people = groups.distinct(found.companies).tolist(), groups.sums(found.people).tolist()
    ids = (found.log.modules.values[number] for number in found.column("module")[groups.first()].tolist())
    modules = [found.facts.modules[key] for key in ids]
    order = sorted(range(len(modules)), key=lambda n: (-companies[n], -people[n], modules[n].sort, modules[n].slug))
    rows = (
        ReportRow(modules[n].slug, modules[n].title, note=modules[n].provider, companies=companies[n], people=people[n])
        for n in order[:most]
    )
    return tuple(rows), len(modules)


def _side(purpose: Purpose, part: Statements) -> PurposeSide:
    top, modules = top_modules(part, TOP)
    return PurposeSide(
        purpose, len(np.unique(part.companies)), int(part.people.sum()), len(part), modules, top
    )  # fmt: skip


def _overlap(found: Statements) -> tuple[Combination, ...]:
    said = [found.says(purpose) for purpose in Purpose]
    companies, modules = (_combined(found.column(name), said) for name in ("company", "module"))
    facts, ids = found.facts.companies, found.log.companies.values
    combinations = []
    for flags in sorted(product((True, False), repeat=len(Purpose)), key=lambda flags: -sum(flags)):
        chosen = tuple(purpose for purpose, flag in zip(Purpose, flags, strict=True) if flag)
        own = sorted((facts[ids[number]] for number in companies.get(flags, ())), key=lambda company: company.sort)
        combinations.append(Combination(chosen, tuple(one.name for one in own), len(modules.get(flags, ()))))
    return tuple(one for one in combinations if one.names or one.modules)


def _combined(numbers: np.ndarray, said: Sequence[np.ndarray]) -> dict[tuple[bool, ...], list[int]]:
    """For each combination of purposes the companies (or modules) that have exactly these."""
    each, places = np.unique(numbers, return_inverse=True)
    flags = np.zeros((len(each), len(said)), bool)
    for column, mask in enumerate(said):
        flags[places[mask], column] = True
    found: dict[tuple[bool, ...], list[int]] = {}
    for number, row in zip(each.tolist(), flags.tolist(), strict=True):
        found.setdefault(tuple(row), []).append(number)
    return found


def purposes_table(found: Purposes, notes: Sequence[tuple[str, str]] = ()) -> Table:
    """Return each purpose with its figures and best modules, then the combinations with their companies."""
    columns = (
        Column("label", "Zweck"), Column("companies", "Unternehmen", Kind.NUMBER), Column("people", "Personen", Kind.NUMBER),
        Column("records", "Angaben", Kind.NUMBER), Column("modules", "Module", Kind.NUMBER), Column("names", "Welche"),
    )  # fmt: skip
    rows: list[dict[str, object]] = [
        {
            "label": side.purpose.label, "companies": side.companies, "people": side.people, "records": side.records,
            "modules": side.modules, "names": [f"{row.label} ({row.companies})" for row in side.top],
        }
        for side in found.sides
    ]  # fmt: skip
    rows += [
        {"label": "nur " + words_of(one), "companies": one.companies, "modules": one.modules, "names": list(one.names)}
        for one in found.overlap
    ]
    return Table("Zwecke nebeneinander", columns, rows, notes)


def words_of(one: Combination) -> str:
    """Return the purposes of a combination as German words."""
    return " + ".join(purpose.label for purpose in one.purposes) or "ohne Zweck"
