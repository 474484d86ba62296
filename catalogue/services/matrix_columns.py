"""The columns that the matrix of topics can have: levels, regions, periods. Which of them statements and runs belong to."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from catalogue.services.periods import first_day, last_day
from catalogue.services.report_facts import CompanyFacts, Fact, level_keys
from catalogue.services.report_query import NOT_STATED, named_period, period_order
from catalogue.services.statements import Groups, Statements
from catalogue.services.supply import NO_REGION, YEAR, Offer
from catalogue.texts import N_, Labelled

__all__ = [
    "ANY_TIME", "PAST", "WITHOUT_LEVEL", "Across", "column_groups", "columns_of", "columns_of_offer", "in_order", "quarters_ahead",
]  # fmt: skip

PAST = "past"  # key of the column for periods that were over before the day of the report
WITHOUT_LEVEL = Fact(NOT_STATED, N_("ohne Stufe"), "no level", 999)
ANY_TIME = Fact(NOT_STATED, N_("Zeitraum offen"), "any time", 999)


class Across(Labelled):
    """What the columns are."""

    LEVEL = "level", N_("Niveau")
    REGION = "region", N_("Region")
    PERIOD = "period", N_("Zeitraum")


def column_groups(found: Statements, across: Across, after: date) -> Groups:
    """Return the columns that each statement is in, in a report of the day *after*; a year stays a year, it is not spread over its quarters."""
    if across == Across.LEVEL:
        return found.by_module(level_keys)
    if across == Across.REGION:
        return found.by_company(_region_keys)
    said = found.by_period()
    codes = [_period("" if key == NOT_STATED else key, after).code for key in said.keys]
    keys = tuple(dict.fromkeys(codes))
    return Groups(keys, said.statements, np.array([keys.index(code) for code in codes], np.int64)[said.groups])


def _region_keys(company: CompanyFacts) -> tuple[str]:
    return (_region(company).code,)


def columns_of(found: Statements, across: Across, after: date) -> dict[str, Fact]:
    """Return the columns that any of the statements is in, by their codes."""
    if across == Across.LEVEL:
        modules = (found.facts.modules[found.log.modules.values[n]] for n in np.unique(found.column("module")).tolist())
        facts = [fact for module in modules for fact in module.levels or (WITHOUT_LEVEL,)]
    elif across == Across.REGION:
        ids = (found.log.companies.values[number] for number in np.unique(found.companies).tolist())
        facts = [_region(found.facts.companies[key]) for key in ids]
    else:
        facts = [_period(found.log.periods.values[n], after) for n in np.unique(found.column("period")).tolist()]
    return {fact.code: fact for fact in facts}


def columns_of_offer(across: Across, offer: Offer, after: date, known: Iterable[str]) -> tuple[Fact, ...]:
    """Return the columns of *offer*: a run counts in every one of the *known* periods that it begins in."""
    if across == Across.LEVEL:
        return offer.module.levels or (WITHOUT_LEVEL,)
    if across == Across.REGION:
        return (offer.region,)
    named = (period for period in known if period not in (PAST, NOT_STATED, ""))
    fitting = tuple(_period(period, after) for period in named if _covers(period, offer.starts_on))
    return (*fitting, ANY_TIME) if offer.starts_on <= after + YEAR else fitting


def quarters_ahead(after: date) -> list[Fact]:
    """Return the quarters in which the 12 months after a day lie."""
    first, last = (day.year * 4 + (day.month - 1) // 3 for day in (after, after + YEAR))
    return [_period(f"{number // 4}-Q{number % 4 + 1}", after) for number in range(first, last + 1)]


def in_order(across: Across, columns: Iterable[Fact]) -> list[Fact]:
    """Return *columns* as they stand on the page: what nobody said comes last, what is over first."""
    if across != Across.PERIOD:
        return sorted(columns, key=lambda fact: (fact.code == NOT_STATED, fact.position, fact.code))
    return sorted(columns, key=lambda fact: (fact.code == NOT_STATED, fact.code != PAST, period_order(fact.code)))


def _region(company: CompanyFacts) -> Fact:
    return company.region or NO_REGION


def _covers(period: str, day: date) -> bool:
    first, last = first_day(period), last_day(period)
    return first is not None and last is not None and first <= day <= last


def _period(period: str, after: date) -> Fact:
    last = last_day(period)
    if last is None:
        return ANY_TIME
    return Fact(PAST, N_("Zeitraum vorbei"), "past") if last <= after else Fact(period, *named_period(period))
