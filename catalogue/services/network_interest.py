"""Interest in the whole network as a member may see it: topics by levels, and the modules that enough companies want.

Every figure comes from services/disclosure.py. Filters choose among published modules only: that a figure stands or does not stand never
depends on the filter. There is no filter by region, sector or size of the companies: parts of a sum could be subtracted from the sum.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Confidentiality, Module, WorkflowState
from catalogue.services import disclosure
from catalogue.services.demand_log import NOBODY, DemandLog, demand_log, raw
from catalogue.services.disclosure import Contribution, Figures, Place
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.interest import own_slug
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact, Facts, ModuleFacts
from catalogue.services.report_query import NOT_STATED, ReportQuery

__all__ = ["Overview", "Wanted", "modules_table", "overview", "step", "topics_table"]

STEPS = (5, 10, 15, 20, 30)  # companies, fixed, so that two days look alike
NO_TOPIC = Fact(NOT_STATED, "ohne Thema", "no topic", 999)
NO_LEVEL = Fact(NOT_STATED, "ohne Stufe", "no level", 999)


@dataclass(frozen=True)
class Wanted:
    """A module that enough other companies want."""

    slug: str
    title: str
    topics: tuple[Fact, ...]
    figures: Figures


@dataclass(frozen=True)
class Overview:
    """What others want. ``topics`` is the list to choose from, ``rows`` those shown, most wanted first; ``others``: modules without a figure."""

    topics: tuple[Fact, ...]
    rows: tuple[Fact, ...]
    levels: tuple[Fact, ...]
    table: disclosure.Table
    modules: tuple[Wanted, ...]
    others: int

    def cell(self, topic: Fact, level: Fact) -> Figures:
        """Return the figures of one topic at one level."""
        return self.table.cells[topic.code, level.code]

    @property
    def told(self) -> tuple[Fact, ...]:
        """The topics that have any figure."""
        return tuple(fact for fact in self.rows if not self.table.row_totals[fact.code].suppressed)

    @property
    def untold(self) -> tuple[Fact, ...]:
        """The topics without a figure."""
        return tuple(fact for fact in self.rows if self.table.row_totals[fact.code].suppressed)


@dataclass(frozen=True)
class _Listed:
    slug: str
    title: str
    topics: tuple[Fact, ...]
    levels: tuple[Fact, ...]

    @property
    def place(self) -> Place:
        return Place(tuple(fact.code for fact in self.topics), tuple(fact.code for fact in self.levels), self.slug)


def overview(session: Session, actor: Actor, k: int, topic: str = "") -> Overview:
    """Return what *actor* may know of the interest of other companies; *topic*: only this one (an unknown code shows all)."""
    require(actor, "interest.see")
    facts = Facts(session, ReportQuery())
    modules, said, own = _modules(session, facts), _said(session, facts), own_slug(session, actor)
    places = {module.place: said.get(key, []) for key, module in modules.items()}
    topics = _known(fact for module in modules.values() for fact in module.topics)
    levels = _known(fact for module in modules.values() for fact in module.levels)
    rows = [fact for fact in topics if fact.code == topic] or list(topics)
    names = {fact.code: fact for fact in rows}
    table = disclosure.table(places, k, own, [*names], [fact.code for fact in levels])
    shown = [module for module in modules.values() if any(fact.code in names for fact in module.topics)]
    wanted = _wanted(shown, table.parts)
    return Overview(
        topics, tuple(names[code] for code in table.ranked()), levels, table, wanted, len(shown) - len(wanted)
    )


def step(figures: Figures) -> int:
    """Return the heat step 0 to 5 of *figures*."""
    return sum((figures.companies or 0) >= least for least in STEPS)


def topics_table(found: Overview, notes: Sequence[tuple[str, str]]) -> Table:
    """Return the topics by levels as the page shows them; what is suppressed is empty."""
    columns = [Column("topic", "Thema")]
    for level in (*found.levels, Fact("total", "Alle Stufen")):
        columns.append(Column(f"{level.code} companies", f"{level.label}: Unternehmen mindestens", Kind.NUMBER))
        columns.append(Column(f"{level.code} people", f"{level.label}: Personen mindestens", Kind.NUMBER))

    def line(label: str, cells: Iterable[tuple[str, Figures]]) -> dict[str, Any]:
        values: dict[str, Any] = {"topic": label}
        for code, shown in cells:
            values |= {f"{code} companies": shown.companies, f"{code} people": shown.people}
        return values

    rows = [
        line(row.label, [*((level.code, found.cell(row, level)) for level in found.levels), ("total", found.table.row_totals[row.code])])
        for row in found.rows
    ]  # fmt: skip
    footer = line("Alle Themen", [*found.table.column_totals.items(), ("total", found.table.total)])
    return Table("Interesse im Netzwerk", columns, rows, notes, footer if len(rows) > 1 else None)


def modules_table(found: Overview, notes: Sequence[tuple[str, str]]) -> Table:
    """Return the modules that enough companies want, in the order of the page."""
    columns = [
        Column("title", "Modul"), Column("topics", "Themen"),
        Column("companies", "Unternehmen mindestens", Kind.NUMBER), Column("people", "Personen mindestens", Kind.NUMBER),
    ]  # fmt: skip
    rows = [
        {
            "title": one.title,
            "topics": [fact.label for fact in one.topics],
            "companies": one.figures.companies,
            "people": one.figures.people,
        }
        for one in found.modules
    ]
    return Table("Gefragte Module", columns, rows, notes)


def _wanted(modules: Iterable[_Listed], told: Mapping[str, Figures]) -> tuple[Wanted, ...]:
    """The modules that have a figure, by what the figure shows; equal ones in the order of titles."""
    shown = [Wanted(one.slug, one.title, one.topics, told[one.slug]) for one in modules if one.slug in told]
    return tuple(sorted(shown, key=lambda one: disclosure.order(one.figures)))


def _known(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(set(facts), key=lambda fact: (fact.position, fact.code)))


def _modules(session: Session, facts: Facts) -> dict[Any, _Listed]:
    """Published modules by raw id, in the order of titles."""
    published = set(session.scalars(select(raw(Module.id)).where(Module.state == WorkflowState.PUBLISHED)))
    known = facts.memory.get("listed")
    if known is None:
        titles = sorted(facts.modules.items(), key=lambda pair: (pair[1].sort, pair[1].slug))
        known = facts.memory["listed"] = {key: _listed(module) for key, module in titles}
    return {key: listed for key, listed in known.items() if key in published}


def _listed(module: ModuleFacts) -> _Listed:
    return _Listed(module.slug, module.title, module.topics or (NO_TOPIC,), module.levels or (NO_LEVEL,))


def _said(session: Session, facts: Facts) -> dict[Any, list[Contribution]]:
    """What active companies let count, by raw module id; "nur Netzwerkbüro" is not among it. The same for all, until somebody says something."""
    log = demand_log(session)
    known = facts.memory.get("contributions")
    if known is None or known[0] != log.stamp:
        known = facts.memory["contributions"] = (log.stamp, _contributions(log, facts))
    found: dict[Any, list[Contribution]] = known[1]
    return found


def _contributions(log: DemandLog, facts: Facts) -> dict[Any, list[Contribution]]:
    found: dict[Any, list[Contribution]] = defaultdict(list)
    names, modules = log.confidentialities.values, log.modules.values
    slugs = [facts.companies[key].slug if key in facts.companies else "" for key in log.companies.values]
    rows = log.until()
    columns = (log.columns[name][rows].tolist() for name in ("module", "company", "people", "confidentiality"))
    for module, company, people, who in zip(*columns, strict=True):
        if slugs[company] and names[who] != Confidentiality.NETWORK:
            given = None if people == NOBODY else people
            found[modules[module]].append(Contribution(slugs[company], given, names[who] == Confidentiality.MEMBERS))
    return dict(found)
