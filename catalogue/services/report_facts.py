"""What reports need to know of companies and modules: plain values, loaded once for a report and filtered before it counts."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, String, select, type_coerce, union
from sqlalchemy.engine import Row
from sqlalchemy.orm import InstrumentedAttribute

from catalogue.db import Session
from catalogue.models import Company, Demand, Module, ModuleMerge, Programme, Provider, Run, Term, module_term
from catalogue.search import facets
from catalogue.services.report_query import NOT_STATED, ReportQuery

__all__ = ["CompanyFacts", "Fact", "Facts", "ModuleFacts", "modules_in", "raw"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that records are grouped and filtered by: a term, a provider."""

    code: str
    label: str
    label_en: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What a report needs to know of a module; ``facets`` maps each facet to the module's values."""

    id: uuid.UUID
    slug: str
    title: str
    provider: str
    facets: Mapping[str, frozenset[str]]
    topics: tuple[Fact, ...]
    levels: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a report needs to know of a company."""

    slug: str
    name: str
    size: str
    sector: Fact | None
    region: Fact | None


def raw(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return *column* as the driver gives it. Thousands of ids, enums and JSON lists are only compared; making objects of them costs most of the time."""
    return type_coerce(column, String)


class Facts:
    """The companies and modules that a query lets through; keys are raw ids."""

    def __init__(self, session: Session, query: ReportQuery) -> None:
        terms, query = _terms(session), _resolved(session, query)
        self.companies = {key: it for key, it in _companies(session, terms) if _wants_company(query, it)}
        # every event has a demand, at this module or, before or after a merge, at the other
        merged = (select(ModuleMerge.merged_id), select(ModuleMerge.kept_id))
        known = _modules(session, terms, select(union(select(Demand.module_id), *merged).subquery()))
        self.modules = {key: it for key, it in known if _wants_module(query, it)}


def modules_in(session: Session, query: ReportQuery, module_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ModuleFacts]:
    """Return those of the modules that the query's filters of modules let through."""
    query = _resolved(session, query)
    found = _modules(session, _terms(session), select(Module.id).where(Module.id.in_(module_ids)))
    return {facts.id: facts for _, facts in found if _wants_module(query, facts)}


_TERM_COLUMNS = (
    raw(Term.id).label("id"), Term.vocabulary, Term.code, Term.label_de, Term.label_en, Term.position,
    raw(Term.parent_id).label("parent_id"),
)  # fmt: skip
_Terms = Mapping[Any, Row[Any]]


def _terms(session: Session) -> dict[Any, Row[Any]]:
    found: Iterable[Row[Any]] = session.execute(select(*_TERM_COLUMNS))
    return {term.id: term for term in found}


def _resolved(session: Session, query: ReportQuery) -> ReportQuery:
    """Return *query* with the terms that stand for merged ones now."""
    known = facets.labels(session, "de")
    companies = {"sector": query.company_sectors, "region": query.company_regions}
    said = facets.resolved(companies, known)
    return replace(
        query,
        filters=facets.resolved(query.filters, known),
        company_sectors=said["sector"],
        company_regions=said["region"],
    )


def _fact(term: Row[Any]) -> Fact:
    return Fact(term.code, term.label_de, term.label_en, term.position)


def _companies(session: Session, terms: _Terms) -> Iterator[tuple[Any, CompanyFacts]]:
    columns = (
        raw(Company.id).label("id"), Company.slug, Company.name, Company.size_class,
        raw(Company.sector_id).label("sector_id"), raw(Company.region_id).label("region_id"),
    )  # fmt: skip
    for row in session.execute(select(*columns).where(Company.active)):
        sector, region = (_fact(terms[id]) if id in terms else None for id in (row.sector_id, row.region_id))
        yield row.id, CompanyFacts(row.slug, row.name, str(row.size_class or ""), sector, region)


def _modules(session: Session, terms: _Terms, wanted: Select[Any]) -> Iterator[tuple[Any, ModuleFacts]]:
    chosen: dict[Any, list[Row[Any]]] = defaultdict(list)
    tagged = select(raw(module_term.c.module_id), raw(module_term.c.term_id)).where(module_term.c.module_id.in_(wanted))
    for module_key, term_key in session.execute(tagged):
        chosen[module_key].append(terms[term_key])
    places: dict[Any, list[Row[Any]]] = defaultdict(list)
    held = select(raw(Run.module_id), raw(Run.region_id)).where(Run.module_id.in_(wanted), Run.region_id.is_not(None))
    for module_key, region_key in session.execute(held):
        places[module_key].append(terms[region_key])
    columns = (
        raw(Module.id).label("key"), Module.id, Module.slug, Module.title, Module.provider_text, Module.offer_status, Module.dqr,
        Provider.slug.label("provider"), Provider.name.label("provider_name"), Programme.slug.label("programme"),
    )  # fmt: skip
    joined = select(*columns).outerjoin(Provider, Module.provider_id == Provider.id)
    joined = joined.outerjoin(Programme, Module.programme_id == Programme.id).where(Module.id.in_(wanted))
    rows: Iterable[Row[Any]] = session.execute(joined)
    for row in rows:
        own = sorted(chosen[row.key], key=lambda term: term.position)
        facets = _facets(row, [*own, *places[row.key]], terms)
        topics, levels = (tuple(_fact(t) for t in own if t.vocabulary == name) for name in ("topic", "level"))
        provider = row.provider_name or row.provider_text
        yield row.key, ModuleFacts(row.id, row.slug, row.title, provider, facets, topics, levels)


def _facets(row: Row[Any], chosen: Iterable[Row[Any]], terms: _Terms) -> dict[str, frozenset[str]]:
    """The values by which the catalogue finds the module: its terms and those above them, regions of its runs included."""
    facets: dict[str, set[str]] = defaultdict(set)
    for term in chosen:
        at: Row[Any] | None = term
        while at is not None and at.code not in facets[term.vocabulary]:
            facets[term.vocabulary].add(at.code)
            at = terms.get(at.parent_id) if at.parent_id else None
    single = {"provider": row.provider, "programme": row.programme, "status": row.offer_status, "dqr": row.dqr}
    known = {facet: frozenset({str(value)}) for facet, value in single.items() if value is not None}
    return {facet: frozenset(values) for facet, values in facets.items()} | known


def _wants_module(query: ReportQuery, module: ModuleFacts) -> bool:
    if query.only is not None and module.id not in query.only:
        return False
    for facet, values in query.filters.items():
        own = module.facets.get(facet, frozenset()) or frozenset({NOT_STATED})
        matches = own.issuperset(values) if facet in query.all_of else not own.isdisjoint(values)
        if values and not matches:
            return False
    return True


def _wants_company(query: ReportQuery, company: CompanyFacts) -> bool:
    pairs = (
        (query.companies, company.slug),
        (query.company_sectors, company.sector.code if company.sector else NOT_STATED),
        (query.company_regions, company.region.code if company.region else NOT_STATED),
        (query.company_sizes, company.size or NOT_STATED),
    )
    return all(not wanted or value in wanted for wanted, value in pairs)
