"""Unsere Module: all that a company said, filtered, sorted, summed and as a table to take away."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Demand, Purpose, Relevance, Run, RunState, User, Vocabulary
from catalogue.services import decision_outcomes, demand, vocabularies
from catalogue.services.decision_outcomes import DecisionOutcome
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.permissions import Actor
from catalogue.services.sorting import sort_key
from catalogue.texts import N_, Labelled

__all__ = ["SORTS", "ListQuery", "Listing", "Row", "Status", "listing", "table"]

IMPORTANCE = {Relevance.MUST: 4, Relevance.SHOULD: 3, Relevance.COULD: 2, Relevance.OPEN: 1, Relevance.NONE: 0}
PLANNED = (RunState.PLANNED, RunState.CONFIRMED, RunState.FULL)


class Status(Labelled):
    """Where a record stands in the network."""

    CONFIRM = "confirm", N_("bitte bestätigen")
    OUTDATED = "outdated", N_("noch aktuell?")
    DONE = "done", N_("umgesetzt")
    PLANNED = "planned", N_("Termin geplant")
    DECIDED = "decided", N_("entschieden")
    REVIEW = "review", N_("in Prüfung")
    ARCHIVED = "archived", N_("Modul archiviert")
    COUNTED = "counted", N_("gezählt")
    NOT_COUNTED = "not_counted", N_("zählt nicht")


@dataclass(frozen=True)
class ListQuery:
    """What the list shows; empty means all. ``sort``: a key of ``SORTS``, with "-" in front the other way round."""

    relevances: tuple[Relevance, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    people: tuple[uuid.UUID, ...] = ()
    statuses: tuple[Status, ...] = ()
    sort: str = "-relevance"


@dataclass(frozen=True)
class Row:
    """One record with where it stands; ``decision``: what the network decided about the module, if it said so."""

    demand: Demand
    status: Status
    decision: DecisionOutcome | None = None


@dataclass(frozen=True)
class Listing:
    """The rows, how many there are without filters, the sum of people (without what is not relevant), and who said anything."""

    rows: tuple[Row, ...]
    all: int
    people: int
    persons: tuple[User, ...]


def _period(row: Row) -> tuple[bool, str]:
    return (not row.demand.period, row.demand.period.replace("-Q", "-0"))  # an open period comes last


SORTS: dict[str, Callable[[Row], Any]] = {
    "module": lambda row: sort_key(row.demand.module.title),
    "relevance": lambda row: IMPORTANCE[row.demand.relevance],
    "people": lambda row: row.demand.people or 0,
    "period": _period,
    "changed": lambda row: row.demand.updated_at,
    "status": lambda row: list(Status).index(row.status),
}


def listing(session: Session, actor: Actor, query: ListQuery, today: date) -> Listing:
    """Return the own company's records as *query* asks for them."""
    said = demand.own_list(session, actor)
    planned = _planned(session, [one.module_id for one in said], today)
    told = {one.module_id: one for one in decision_outcomes.for_company(session, actor)}
    considered = decision_outcomes.considered(session, actor, [one.module_id for one in said])
    every = [_row(one, told.get(one.module_id), planned, considered) for one in said]
    rows = [row for row in every if _wanted(row, query)]
    rows.sort(key=SORTS["module"])
    name = query.sort.removeprefix("-")
    rows.sort(key=SORTS.get(name, SORTS["relevance"]), reverse=query.sort.startswith("-"))
    total = sum(row.demand.people or 0 for row in rows if row.demand.relevance != Relevance.NONE)
    persons = {one.updated_by.id: one.updated_by for one in said if one.updated_by}
    return Listing(
        tuple(rows), len(every), total, tuple(sorted(persons.values(), key=lambda user: sort_key(user.name)))
    )


def _planned(session: Session, modules: list[uuid.UUID], today: date) -> set[uuid.UUID]:
    runs = select(Run.module_id).where(Run.module_id.in_(modules), Run.starts_on >= today, Run.state.in_(PLANNED))
    return set(session.scalars(runs))


def _row(said: Demand, told: DecisionOutcome | None, planned: set[uuid.UUID], considered: set[uuid.UUID]) -> Row:
    return Row(said, _asked_back(said) or _standing(said, told, planned, considered), told)


def _asked_back(said: Demand) -> Status | None:
    """What the company should say first, or said so that nothing follows."""
    if demand.needs_confirmation(said):
        return Status.CONFIRM
    if demand.is_outdated(said):
        return Status.OUTDATED
    return Status.NOT_COUNTED if said.relevance == Relevance.NONE else None


def _standing(
    said: Demand, told: DecisionOutcome | None, planned: set[uuid.UUID], considered: set[uuid.UUID]
) -> Status:
    if told is not None and told.done_on:
        return Status.DONE
    if said.module_id in planned and said.module.is_public:
        return Status.PLANNED
    if told is not None:
        return Status.DECIDED
    if not said.module.is_public:
        return Status.ARCHIVED
    return Status.REVIEW if said.module_id in considered else Status.COUNTED


def _wanted(row: Row, query: ListQuery) -> bool:
    said = row.demand
    return (
        (not query.relevances or said.relevance in query.relevances)
        and (not query.purposes or any(one.value in said.purposes for one in query.purposes))
        and (not query.people or said.updated_by_id in query.people)
        and (not query.statuses or row.status in query.statuses)
    )


COLUMNS = (
    Column("module", "Modul"),
    Column("provider", "Anbieter"),
    Column("relevance", "Wie wichtig"),
    Column("purposes", "Wofür"),
    Column("people", "Personen", Kind.NUMBER),
    Column("period", "Zeitraum"),
    Column("format", "Gewünschtes Format"),
    Column("place", "Gewünschter Ort"),
    Column("note", "Anmerkung"),
    Column("confidentiality", "Wer sieht das"),
    Column("by", "Zuletzt geändert von"),
    Column("changed", "Zuletzt geändert am", Kind.MOMENT),
    Column("status", "Stand im Netzwerk"),
    Column("decision", "Entscheidung"),
    Column("answer", "Satz des Netzwerks"),
)


def table(session: Session, actor: Actor, listed: Listing) -> Table:
    """Return exactly the rows of the list as a table, with the sum of people in the last line."""
    formats = {code: term.label_de for code, term in vocabularies.by_code(session, Vocabulary.FORMAT).items()}
    rows = [_cells(row, formats) for row in listed.rows]
    return Table(
        f"Unsere Module {actor.company_name}", COLUMNS, rows, footer={"module": "Summe", "people": listed.people}
    )


def _cells(row: Row, formats: dict[str, str]) -> dict[str, Any]:
    said = row.demand
    return {
        "module": said.module.title,
        "provider": said.module.provider_text or (said.module.provider.name if said.module.provider else ""),
        "relevance": said.relevance,
        "purposes": [Purpose(one) for one in said.purposes],
        "people": said.people,
        "period": said.period,
        "format": formats.get(said.format_code, said.format_code),
        "place": said.place,
        "note": said.note,
        "confidentiality": said.confidentiality,
        "by": said.updated_by.name if said.updated_by else "",
        "changed": said.updated_at,
        "status": row.status,
        "decision": row.decision.kind if row.decision else None,
        "answer": row.decision.answer if row.decision else "",
    }
