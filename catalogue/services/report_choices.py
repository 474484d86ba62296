"""What a report can be limited to: values that demand speaks of, each with its name and whether it is chosen."""

from collections.abc import Iterable

from catalogue.db import Session
from catalogue.models import DemandSource, Purpose, Relevance, SizeClass, Vocabulary
from catalogue.search import facets as catalogue_facets
from catalogue.search.results import FACETS, Facet, FacetValue
from catalogue.services import vocabularies
from catalogue.services.demand_log import demand_log
from catalogue.services.permissions import Actor, require
from catalogue.services.report_facts import Facts
from catalogue.services.report_query import NOT_STATED, ReportQuery, named_period
from catalogue.services.report_records import periods_said
from catalogue.services.sorting import sort_key
from catalogue.texts import N_

__all__ = ["STATEMENT_FACETS", "choices", "described"]

# filters that look at companies and at what they said: parameter of the URL → field of the query
STATEMENT_FACETS: dict[str, str] = {
    "relevance": "relevances", "purpose": "purposes", "period": "periods", "company_sector": "company_sectors",
    "company_region": "company_regions", "company_size": "company_sizes", "company": "companies", "source": "sources",
}  # fmt: skip
NAMES = {
    "relevance": N_("Dringlichkeit"), "purpose": N_("Zweck"), "period": N_("Zeitraum"), "company": N_("Unternehmen"),
    "company_sector": N_("Branche des Unternehmens"), "company_region": N_("Region des Unternehmens"),
    "company_size": N_("Größe des Unternehmens"), "source": N_("Herkunft"),
}  # fmt: skip
_Pairs = Iterable[tuple[str, str]]


def choices(session: Session, actor: Actor, query: ReportQuery, language: str = "de") -> list[Facet]:
    """Return all filters with their values; those of *query* are selected, unknown ones are shown as they are."""
    require(actor, "report.see")
    facts = Facts(session, ReportQuery())
    found = [
        _facet(name, NAMES[name], getattr(query, STATEMENT_FACETS[name]), pairs)
        for name, pairs in _statements(session, facts, language).items()
    ]
    labels = catalogue_facets.labels(session, language).values
    used = _used(session, facts)
    for name in FACETS:
        pairs = [(code, label) for code, (label, _) in labels[name].items() if code in used[name]]
        chosen = query.filters.get(name, ())
        found.append(_facet(name, catalogue_facets.NAMES[name], chosen, pairs, name in query.all_of))
    return [facet for facet in found if facet.values]


def _used(session: Session, facts: Facts) -> dict[str, set[str]]:
    """The values of each facet that modules have of which companies spoke."""
    keys = demand_log(session).modules.values
    known = facts.memory.get("facets said")
    if known is None or known[0] != len(keys):
        said = [facts.modules[key] for key in keys if key in facts.modules]
        used = {name: {code for one in said for code in one.facets.get(name, (NOT_STATED,))} for name in FACETS}
        known = facts.memory["facets said"] = (len(keys), used)
    found: dict[str, set[str]] = known[1]
    return found


def described(session: Session, actor: Actor, query: ReportQuery, as_of: str, text: str = "") -> list[tuple[str, str]]:
    """Return what was asked as names and German words: the day, the rows, search words, each filter. For exports."""
    notes = [("Stand", as_of), ("Zeilen", str(query.by.label))]
    if text:
        notes.append(("Suchtext", text))
    for facet in choices(session, actor, query):
        if facet.selected:
            joiner = " und " if facet.match_all else " oder "
            notes.append((facet.label, joiner.join(value.label for value in facet.selected)))
    return notes


def _facet(name: str, label: str, chosen: tuple[str, ...], pairs: _Pairs, match_all: bool = False) -> Facet:
    known = dict(pairs)
    known |= {value: value for value in chosen if value not in known}
    values = tuple(FacetValue(code, text, 0, code in chosen) for code, text in known.items())
    return Facet(name, label, values, match_all)


def _statements(session: Session, facts: Facts, language: str) -> dict[str, _Pairs]:
    companies = sorted(facts.companies.values(), key=lambda company: sort_key(company.name))
    place = 0 if language == "de" else 1

    def terms(vocabulary: Vocabulary, used: set[str]) -> list[tuple[str, str]]:
        found = vocabularies.by_code(session, vocabulary)
        known = sorted((found[code] for code in used if code in found), key=lambda term: term.position)
        return [*((term.code, term.label(language)) for term in known), _unknown(place)]

    return {
        "relevance": [(value.value, value.label) for value in Relevance if value != Relevance.NONE],
        "purpose": [*((value.value, value.label) for value in Purpose), _unknown(place)],
        "period": [*((value, named_period(value)[place]) for value in periods_said(session)), _unknown(place)],
        "company_sector": terms(Vocabulary.SECTOR, {it.sector.code for it in companies if it.sector}),
        "company_region": terms(Vocabulary.REGION, {it.region.code for it in companies if it.region}),
        "company_size": [*((value.value, value.label) for value in SizeClass), _unknown(place)],
        "company": [(company.slug, company.name) for company in companies],
        "source": [(value.value, value.label) for value in DemandSource],
    }


def _unknown(place: int) -> tuple[str, str]:
    return NOT_STATED, named_period("")[place]
