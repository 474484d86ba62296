"""What reports need to know of companies and modules: plain values, loaded once for a report and filtered before it counts."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.engine import Row

from catalogue.db import Session
from catalogue.models import Company, Module, Programme, Provider, Run, Term, module_term
from catalogue.search import facets
from catalogue.services.demand_log import raw
from catalogue.services.kept import kept
from catalogue.services.report_query import NOT_STATED, ReportQuery
from catalogue.services.sorting import sort_key

AT_ONCE = 500  # modules asked for by id

__all__ = ["CompanyFacts", "Fact", "Facts", "ModuleFacts", "level_keys", "modules_in", "topic_keys"]


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
    sort: str  # of the title, in German order


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a report needs to know of a company."""

    slug: str
    name: str
    size: str
    sector: Fact | None
    region: Fact | None
    sort: str = ""  # of the name, in German order


class Facts:
    """The companies and modules that a query lets through; keys are raw ids."""

    def __init__(self, session: Session, query: ReportQuery) -> None:
        known, query = _known(session), _resolved(session, query)
        self.companies, self.modules = known.companies, known.modules
        self.known, self.memory = known, known.memory
        if query.companies or query.company_sectors or query.company_regions or query.company_sizes:
            self.companies = {key: it for key, it in known.companies.items() if _wants_company(query, it)}
        if query.filters or query.only is not None:
            self.modules = {key: it for key, it in known.modules.items() if _wants_module(query, it)}


def level_keys(module: ModuleFacts) -> tuple[str, ...]:
    """Return the codes of the module's levels, ("none",) without any."""
    return tuple(fact.code for fact in module.levels) or (NOT_STATED,)


def topic_keys(module: ModuleFacts) -> tuple[str, ...]:
    """Return the codes of the module's topics, ("none",) without any."""
    return tuple(fact.code for fact in module.topics) or (NOT_STATED,)


def modules_in(session: Session, query: ReportQuery, module_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ModuleFacts]:
    """Return those of the modules that the query's filters of modules let through."""
    known, query = _known(session), _resolved(session, query)
    found = {id: known.by_id[id] for id in module_ids if id in known.by_id}
    return {id: facts for id, facts in found.items() if _wants_module(query, facts)}


@dataclass(frozen=True)
class _Known:
    """Everything, with the version of each module from which its facts are."""

    around: tuple[Any, ...]
    versions: Mapping[Any, Any]
    companies: Mapping[Any, CompanyFacts]
    modules: Mapping[Any, ModuleFacts]
    by_id: Mapping[uuid.UUID, ModuleFacts]
    memory: dict[Any, Any] = field(default_factory=dict)  # what counting works out again and again


_STAMPED = (Term, Provider, Programme, Company, Run)


def _known(session: Session) -> _Known:
    """Return the facts of all active companies and all modules, of which only those are read anew that changed."""

    def stamp() -> tuple[Any, ...]:  # every change of these counts up a version, whoever makes it
        return tuple(_stamp(session, model) for model in (Module, *_STAMPED))

    def make(stamps: tuple[Any, ...], previous: _Known | None) -> _Known:
        around, terms = stamps[1:], _terms(session)
        rows: Iterable[Any] = session.execute(select(raw(Module.id), Module.version, raw(Module.updated_at)))
        versions = {key: (version, at) for key, version, at in rows}
        if previous is None or previous.around != around:
            modules = dict(_modules(session, terms, None))
        else:
            changed = [key for key, version in versions.items() if previous.versions.get(key) != version]
            modules = {key: facts for key, facts in previous.modules.items() if key in versions}
            modules |= dict(_modules(session, terms, changed))
        by_id = {facts.id: facts for facts in modules.values()}
        return _Known(around, versions, dict(_companies(session, terms)), modules, by_id)

    return kept(session, "report_facts", stamp, make)


def _stamp(session: Session, model: Any) -> tuple[Any, ...]:
    asked = select(func.count(), func.sum(model.version), func.max(model.updated_at))
    return tuple(session.execute(asked).one())


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
        raw(Company.id).label("id"), Company.slug, Company.name, Company.sort_name, Company.size_class,
        raw(Company.sector_id).label("sector_id"), raw(Company.region_id).label("region_id"),
    )  # fmt: skip
    for row in session.execute(select(*columns).where(Company.active)):
        sector, region = (_fact(terms[id]) if id in terms else None for id in (row.sector_id, row.region_id))
        yield row.id, CompanyFacts(row.slug, row.name, str(row.size_class or ""), sector, region, row.sort_name)


def _modules(session: Session, terms: _Terms, keys: list[Any] | None) -> Iterator[tuple[Any, ModuleFacts]]:
    """The facts of the modules with these raw ids (None: of all)."""
    tagged, held = module_term.c, select(Run.module_id, Run.region_id).where(Run.region_id.is_not(None)).subquery().c
    chosen = _term_rows(session, terms, tagged.module_id, tagged.term_id, keys)
    places = _term_rows(session, terms, held.module_id, held.region_id, keys)
    columns = (
        raw(Module.id).label("key"), Module.id, Module.slug, Module.title, Module.provider_text, Module.offer_status, Module.dqr,
        Provider.slug.label("provider"), Provider.name.label("provider_name"), Programme.slug.label("programme"),
    )  # fmt: skip
    joined = select(*columns).outerjoin(Provider, Module.provider_id == Provider.id)
    joined = joined.outerjoin(Programme, Module.programme_id == Programme.id)
    for row in _limited(session, joined, Module.id, keys):
        own = sorted(chosen[row.key], key=lambda term: term.position)
        facets = _facets(row, [*own, *places[row.key]], terms)
        topics, levels = (tuple(_fact(t) for t in own if t.vocabulary == name) for name in ("topic", "level"))
        provider = row.provider_name or row.provider_text
        yield row.key, ModuleFacts(row.id, row.slug, row.title, provider, facets, topics, levels, sort_key(row.title))


def _term_rows(
    session: Session, terms: _Terms, module: ColumnElement[Any], term: ColumnElement[Any], keys: list[Any] | None
) -> dict[Any, list[Row[Any]]]:
    found: dict[Any, list[Row[Any]]] = defaultdict(list)
    for module_key, term_key in _limited(session, select(raw(module), raw(term)), module, keys):
        found[module_key].append(terms[term_key])
    return found


def _limited(session: Session, statement: Select[Any], column: Any, keys: list[Any] | None) -> Iterable[Any]:
    """Ask for all rows, or for those of a few modules; of very many, asking for all and choosing is quicker."""
    if keys is None:
        return session.execute(statement)
    found: list[Row[Any]] = []
    for start in range(0, len(keys), AT_ONCE):
        part = [key if isinstance(key, uuid.UUID) else uuid.UUID(key) for key in keys[start : start + AT_ONCE]]
        found += session.execute(statement.where(column.in_(part)))
    return found


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
