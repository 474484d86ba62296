"""What the companies said, at a moment: from the demand itself (now) or by replaying its events (any day)."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Row

from catalogue.db import Session
from catalogue.models import (
    Company,
    Confidentiality,
    Demand,
    DemandEvent,
    DemandSource,
    Module,
    Programme,
    Provider,
    Purpose,
    Relevance,
    Run,
    Term,
    module_term,
)
from catalogue.services.report_query import NOT_STATED, ReportQuery

__all__ = [
    "CompanyFacts",
    "Fact",
    "ModuleFacts",
    "Record",
    "end_of_day",
    "modules_in",
    "purposes_of",
    "records",
    "replayed",
]

BERLIN = ZoneInfo("Europe/Berlin")


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


@dataclass(frozen=True, slots=True)
class Record:
    """What one company said about one module: active, and relevant in some way."""

    company: CompanyFacts
    module: ModuleFacts
    relevance: str
    purposes: tuple[str, ...]
    people: int | None
    period: str
    format_code: str
    place: str
    note: str
    confidentiality: str
    source: str
    source_date: date | None
    at: datetime


def end_of_day(day: date) -> datetime:
    """Return the first moment after *day* in Berlin (days of 23 and 25 hours included)."""
    return datetime.combine(day + timedelta(days=1), time.min, BERLIN)


def records(session: Session, query: ReportQuery) -> list[Record]:
    """Return all records that *query* asks for, as of its day."""
    wanted = _filter(query)
    facts = _Facts(session)
    if query.as_of is None:
        found = (facts.record(row.company_id, row.module_id, row._asdict()) for row in _now(session))
    else:
        found = (_of_event(facts, event) for event in _last_events(session, end_of_day(query.as_of)))
    return [record for record in found if record is not None and wanted(record)]


def replayed(
    session: Session, query: ReportQuery, until: datetime
) -> Iterator[tuple[datetime, uuid.UUID, Record | None]]:
    """Yield every change before *until* as written: when, of which demand, and what it said then (None: nothing any more)."""
    wanted = _filter(query)
    facts = _Facts(session)
    changes = select(*_EVENT_COLUMNS).where(DemandEvent.at < until).order_by(DemandEvent.id)
    for event in session.execute(changes):
        record = _of_event(facts, event)
        yield event.at, event.demand_id, record if record is not None and wanted(record) else None


def _now(session: Session) -> Iterator[Row[Any]]:
    columns = (
        Demand.company_id, Demand.module_id, Demand.relevance, Demand.purposes, Demand.people, Demand.period,
        Demand.format_code, Demand.place, Demand.note, Demand.confidentiality, Demand.source, Demand.source_date,
        Demand.updated_at,
    )  # fmt: skip
    active = Demand.withdrawn_at.is_(None) & (Demand.relevance != Relevance.NONE)
    return iter(session.execute(select(*columns).where(active)))


_EVENT_COLUMNS = (
    DemandEvent.demand_id, DemandEvent.company_id, DemandEvent.module_id, DemandEvent.at, DemandEvent.action,
    DemandEvent.snapshot,
)  # fmt: skip


def _last_events(session: Session, until: datetime) -> Iterator[Row[Any]]:
    """The last event before *until* of each demand. Last means written last: clocks may go back, numbers do not."""
    last = select(func.max(DemandEvent.id)).where(DemandEvent.at < until).group_by(DemandEvent.demand_id)
    return iter(session.execute(select(*_EVENT_COLUMNS).where(DemandEvent.id.in_(last))))


def _of_event(facts: "_Facts", event: Row[Any]) -> Record | None:
    said = event.snapshot
    if said.get("withdrawn") or said.get("relevance") in (None, Relevance.NONE.value):
        return None
    return facts.record(
        event.company_id, event.module_id, {**said, "format_code": said.get("format"), "updated_at": event.at}
    )


class _Facts:
    """Companies and modules that demand speaks of, loaded once for a report."""

    def __init__(self, session: Session) -> None:
        terms = _terms(session)
        self.companies = dict(_companies(session, terms))
        self.modules = dict(_modules(session, terms, select(Demand.module_id)))  # every event has a demand

    def record(self, company_id: uuid.UUID, module_id: uuid.UUID, said: Mapping[str, Any]) -> Record | None:
        """Return the record, or None if the company has left the network."""
        company, module = self.companies.get(company_id), self.modules.get(module_id)
        if company is None or module is None:
            return None
        source_date = said.get("source_date")
        return Record(
            company, module, str(said["relevance"]), tuple(said.get("purposes") or ()), said.get("people"),
            said.get("period") or "", said.get("format_code") or "", said.get("place") or "", said.get("note") or "",
            str(said.get("confidentiality") or Confidentiality.NETWORK), str(said.get("source") or DemandSource.SELF),
            date.fromisoformat(source_date) if isinstance(source_date, str) else source_date, said["updated_at"],
        )  # fmt: skip


_TERM_COLUMNS = (Term.id, Term.vocabulary, Term.code, Term.label_de, Term.label_en, Term.position, Term.parent_id)
_Terms = Mapping[uuid.UUID, Row[Any]]


def _terms(session: Session) -> dict[uuid.UUID, Row[Any]]:
    found: Iterable[Row[Any]] = session.execute(select(*_TERM_COLUMNS))
    return {term.id: term for term in found}


def _fact(term: Row[Any]) -> Fact:
    return Fact(term.code, term.label_de, term.label_en, term.position)


def _companies(session: Session, terms: _Terms) -> Iterator[tuple[uuid.UUID, CompanyFacts]]:
    columns = (Company.id, Company.slug, Company.name, Company.size_class, Company.sector_id, Company.region_id)
    for row in session.execute(select(*columns).where(Company.active)):
        sector, region = (_fact(terms[id]) if id in terms else None for id in (row.sector_id, row.region_id))
        yield row.id, CompanyFacts(row.slug, row.name, str(row.size_class or ""), sector, region)


def modules_in(session: Session, query: ReportQuery, module_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ModuleFacts]:
    """Return those of the modules that the query's filters of modules let through."""
    found = _modules(session, _terms(session), select(Module.id).where(Module.id.in_(module_ids)))
    return {module_id: facts for module_id, facts in found if _wants_module(query, facts)}


def _modules(session: Session, terms: _Terms, wanted: Select[Any]) -> Iterator[tuple[uuid.UUID, ModuleFacts]]:
    of_module: dict[uuid.UUID, list[Row[Any]]] = defaultdict(list)
    tagged = select(module_term.c.module_id, module_term.c.term_id).where(module_term.c.module_id.in_(wanted))
    for module_id, term_id in session.execute(tagged):
        of_module[module_id].append(terms[term_id])
    places: dict[uuid.UUID, list[Row[Any]]] = defaultdict(list)
    held = select(Run.module_id, Run.region_id).where(Run.module_id.in_(wanted), Run.region_id.is_not(None))
    for at in session.execute(held):
        places[at.module_id].append(terms[at.region_id])
    columns = (
        Module.id, Module.slug, Module.title, Module.provider_text, Module.offer_status, Module.dqr,
        Provider.slug.label("provider"), Provider.name.label("provider_name"), Programme.slug.label("programme"),
    )  # fmt: skip
    joined = select(*columns).outerjoin(Provider, Module.provider_id == Provider.id)
    joined = joined.outerjoin(Programme, Module.programme_id == Programme.id).where(Module.id.in_(wanted))
    rows: Iterable[Row[Any]] = session.execute(joined)
    for row in rows:
        own = sorted(of_module[row.id], key=lambda term: term.position)
        facets = _facets(row, [*own, *places[row.id]], terms)
        topics, levels = (tuple(_fact(t) for t in own if t.vocabulary == name) for name in ("topic", "level"))
        provider = row.provider_name or row.provider_text
        yield row.id, ModuleFacts(row.id, row.slug, row.title, provider, facets, topics, levels)


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


def _filter(query: ReportQuery) -> Callable[[Record], bool]:
    """Return the test that a record must pass; the part about modules is answered once per module."""
    known: dict[uuid.UUID, bool] = {}

    def wanted(record: Record) -> bool:
        module = record.module
        if module.id not in known:
            known[module.id] = _wants_module(query, module)
        return known[module.id] and _wants_company(query, record.company) and _wants_statement(query, record)

    return wanted


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


def _wants_statement(query: ReportQuery, record: Record) -> bool:
    pairs = (
        (query.relevances, record.relevance),
        (query.periods, record.period or NOT_STATED),
        (query.sources, record.source),
    )
    if not all(not wanted or value in wanted for wanted, value in pairs):
        return False
    purposes: tuple[str, ...] = record.purposes or (NOT_STATED,)
    return not query.purposes or any(purpose in query.purposes for purpose in purposes)


def purposes_of(record: Record) -> tuple[Purpose, ...]:
    """Return the purposes as members, in their own order, unknown words left out."""
    return tuple(purpose for purpose in Purpose if purpose.value in record.purposes)
