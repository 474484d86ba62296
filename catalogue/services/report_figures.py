"""All figures of a report at once, from one replay of what was said, and what they rest on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalogue.db import Session
from catalogue.services import planning, reports
from catalogue.services.demand_matrix import Cell, Matrix, matrix
from catalogue.services.permissions import Actor, require
from catalogue.services.prospects import Prospect
from catalogue.services.report_facts import Fact
from catalogue.services.report_json import Figures, FrozenCell, FrozenLine, FrozenMatrix, FrozenRun
from catalogue.services.report_query import By, ReportQuery
from catalogue.services.report_records import records
from catalogue.services.statements import Record, Statements

__all__ = ["Counted", "count"]


@dataclass(frozen=True)
class Counted:
    """Figures, what they rest on (see :func:`_basis`), the statements themselves and who may see each."""

    figures: Figures
    basis: dict[str, Any]
    found: Statements
    confidentialities: Sequence[str]


def count(session: Session, actor: Actor, query: ReportQuery) -> Counted:
    """Return all figures for *query* as of its day or moment, whatever its rows and order are."""
    require(actor, "report.see")
    found = records(session, query)
    by = {by: reports.interest(session, actor, replace(query, by=by), found) for by in By}
    figures = Figures(
        planning.companies_total(session, actor),
        by[By.MODULE].total,
        {key: report.rows for key, report in by.items()},
        _matrix(matrix(session, actor, query, found=found)),
        tuple(reports.trend(session, actor, query)),
        tuple(_run(one) for one in planning.prospects(session, actor, query, found)),
    )
    names = found.log.confidentialities.values
    confidentialities = [names[number] for number in found.column("confidentiality").tolist()]
    return Counted(figures, _basis(found), found, confidentialities)


def _matrix(found: Matrix) -> FrozenMatrix:
    def cells(some: Iterable[Cell]) -> tuple[FrozenCell, ...]:
        return tuple(_cell(cell) for cell in some)

    rows = tuple(FrozenLine(_plain(row.topic), cells(row.cells), _cell(row.total)) for row in found.rows)
    return FrozenMatrix(tuple(map(_plain, found.columns)), rows, cells(found.totals), _cell(found.total))


def _cell(cell: Cell) -> FrozenCell:
    return FrozenCell(cell.people, cell.seats, cell.open_runs, cell.records, cell.is_gap, cell.companies)


def _plain(fact: Fact) -> Fact:
    return Fact(fact.code, fact.label, fact.label_en, fact.position)


def _run(one: Prospect) -> FrozenRun:
    run = one.run
    return FrozenRun(
        str(run.id), run.module.slug, run.module.title, run.starts_on.isoformat(), run.place, run.online, run.state.value,
        one.needed, one.seats, one.people, one.companies, one.asked, one.committed, run.booked or 0,
    )  # fmt: skip


def _basis(found: Iterable[Record]) -> dict[str, Any]:
    """What topics, levels, sectors … the modules and companies had: the reasons why a later recount may differ."""
    modules = {record.module.id: record.module for record in found}
    companies = {record.company.slug: record.company for record in found}
    return {
        "modules": {
            str(id): {
                "title": module.title,
                "topics": [[fact.code, fact.label] for fact in module.topics],
                "levels": [[fact.code, fact.label] for fact in module.levels],
            }
            for id, module in modules.items()
        },
        "companies": {
            slug: {
                "name": company.name,
                "sector": [company.sector.code, company.sector.label] if company.sector else None,
                "region": [company.region.code, company.region.label] if company.region else None,
                "size": company.size,
            }
            for slug, company in companies.items()
        },
    }
