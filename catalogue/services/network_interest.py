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
from catalogue.models import Company, Confidentiality, Demand, Module, Term, Vocabulary, WorkflowState
from catalogue.models.module import module_term
from catalogue.services import disclosure
from catalogue.services.demand_log import raw
from catalogue.services.disclosure import Contribution, Figures, Place
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.interest import COUNTS, own_slug
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Fact
from catalogue.services.report_query import NOT_STATED

__all__ = ["Overview", "Wanted", "modules_table", "overview", "step", "topics_table"]

STEPS = (5, 10, 15, 20, 30)  # companies, fixed, so that two days look alike
WITHOUT = {
    Vocabulary.TOPIC: Fact(NOT_STATED, "ohne Thema", "no topic", 999),
    Vocabulary.LEVEL: Fact(NOT_STATED, "ohne Stufe", "no level", 999),
}


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
    modules, said, own = _modules(session), _said(session), own_slug(session, actor)
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


def _modules(session: Session) -> dict[Any, _Listed]:
    """Published modules by raw id, in the order of titles."""
    published = Module.state == WorkflowState.PUBLISHED
    terms: dict[tuple[Any, Vocabulary], list[Fact]] = defaultdict(list)
    columns = (raw(module_term.c.module_id), Term.vocabulary, Term.code, Term.label_de, Term.label_en, Term.position)
    tagged = select(*columns).join(Term, Term.id == module_term.c.term_id).where(Term.vocabulary.in_(WITHOUT))
    for key, vocabulary, *values in session.execute(tagged.order_by(Term.position, Term.code)):
        terms[key, vocabulary].append(Fact(*values))

    def of(key: Any, vocabulary: Vocabulary) -> tuple[Fact, ...]:
        return tuple(terms.get((key, vocabulary), (WITHOUT[vocabulary],)))

    listed = select(raw(Module.id), Module.slug, Module.title).where(published).order_by(Module.sort_title, Module.slug)
    return {
        key: _Listed(slug, title, of(key, Vocabulary.TOPIC), of(key, Vocabulary.LEVEL))
        for key, slug, title in session.execute(listed)
    }


def _said(session: Session) -> dict[Any, list[Contribution]]:
    """What active companies let count, by raw module id; "nur Netzwerkbüro" is not among it."""
    active = select(raw(Company.id), Company.slug).where(Company.active)
    companies = {key: slug for key, slug in session.execute(active)}  # noqa: C416 (a row is no pair for dict)
    columns = (raw(Demand.module_id), raw(Demand.company_id), Demand.people, raw(Demand.confidentiality))
    found: dict[Any, list[Contribution]] = defaultdict(list)
    for module, company, people, confidentiality in session.execute(select(*columns).where(COUNTS)):
        if slug := companies.get(company):
            found[module].append(Contribution(slug, people, confidentiality == Confidentiality.MEMBERS))
    return found
