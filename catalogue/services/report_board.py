"""What the board and other outsiders may see of a report: made when it is frozen, by the rule of that day, without any name.

Anybody may sit behind a shared link, people of member companies above all: every figure goes through ``disclosure`` for an unknown viewer.
Wherever a company chose to be more careful since the day of the report, its present choice counts.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Company, Confidentiality, Demand, Module, WorkflowState
from catalogue.services.disclosure import UNKNOWN, Contribution, Figures, Place, figures, limit_of, order, table
from catalogue.services.report_facts import ModuleFacts, modules_in
from catalogue.services.report_figures import Counted
from catalogue.services.report_json import LISTS, FrozenCell
from catalogue.services.report_query import NOT_STATED, ReportQuery
from catalogue.services.sorting import sort_key

__all__ = ["Board", "board_of", "disclosed"]

STRICTNESS = (Confidentiality.MEMBERS, Confidentiality.ANONYMOUS, Confidentiality.NETWORK)
_Rows = tuple[dict[str, Any], ...]
Said = Mapping[uuid.UUID, list[Contribution]]


@dataclass(frozen=True)
class Board:
    """What was kept for outsiders. ``shareable``: False where the filters look at companies, whose sums would tell about few."""

    k: int
    limit: int
    shareable: bool
    total: Figures
    columns: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    modules: tuple[dict[str, Any], ...]
    runs: tuple[dict[str, Any], ...]


def disclosed(session: Session, query: ReportQuery, counted: Counted, k: int) -> dict[str, Any]:
    """Return as JSON all that outsiders may ever see of a report with these figures."""
    kept: dict[str, Any] = {"k": k, "limit": limit_of(k, UNKNOWN)}
    if any(getattr(query, name) for name in LISTS):
        return {**kept, "shareable": False}
    everything = _published(session, ReportQuery())
    said = _contributions(session, counted)
    shown = _published(session, query)
    runs = [
        {"title": run.title, "starts_on": run.starts_on, "place": run.place, "online": run.online, "seats": run.seats}
        for run in counted.figures.runs
    ]
    found = {**kept, "shareable": True, "modules": _modules(shown, said, k), "runs": runs}
    # figures of a part of the modules could be subtracted from those of all: sums are only made of all
    return found if query.filters or query.only is not None else found | _sums(everything, said, k, counted)


def board_of(kept: Mapping[str, Any]) -> Board:
    """Return what :func:`disclosed` made."""
    lists = {name: tuple(kept.get(name, ())) for name in ("columns", "rows", "modules")}
    lists["columns"], lists["rows"] = _telling(lists["columns"], lists["rows"])
    runs = tuple({**run, "day": date.fromisoformat(run["starts_on"])} for run in kept.get("runs", ()))
    total = kept.get("total") or {}
    figures = Figures(total.get("companies"), total.get("people"))
    return Board(kept.get("k", 0), kept.get("limit", 0), bool(kept.get("shareable")), figures, **lists, runs=runs)


def _telling(columns: _Rows, rows: _Rows) -> tuple[_Rows, _Rows]:
    """Leave out columns and rows in which nothing is shown. (That is no secret: it looks the same whoever is hidden there.)"""

    def tells(cell: Mapping[str, Any]) -> bool:
        return cell["companies"] is not None or bool(cell["seats"])

    places = [place for place in range(len(columns)) if any(tells(row["cells"][place]) for row in rows)]
    kept = tuple({**row, "cells": [row["cells"][place] for place in places]} for row in rows if tells(row["total"]))
    return tuple(columns[place] for place in places), kept


def _contributions(session: Session, counted: Counted) -> Said:
    """What may enter sums, by module: said then, and not meant for the office alone, neither then nor now."""
    now = _present_choices(session)
    found: dict[uuid.UUID, list[Contribution]] = defaultdict(list)
    for record, then in zip(counted.found, counted.confidentialities, strict=True):
        present = now.get((record.company.slug, record.module.id), then)
        strictest = max(then, present, key=STRICTNESS.index)
        if strictest != Confidentiality.NETWORK:
            named = strictest == Confidentiality.MEMBERS
            found[record.module.id].append(Contribution(record.company.slug, record.people, named))
    return found


def _present_choices(session: Session) -> dict[tuple[str, uuid.UUID], str]:
    asked = select(Company.slug, Demand.module_id, Demand.confidentiality).join(
        Company, Company.id == Demand.company_id
    )
    return {(slug, module): confidentiality for slug, module, confidentiality in session.execute(asked)}


def _published(session: Session, query: ReportQuery) -> dict[uuid.UUID, ModuleFacts]:
    ids = session.scalars(select(Module.id).where(Module.state == WorkflowState.PUBLISHED)).all()
    return modules_in(session, query, ids)


def _modules(modules: Mapping[uuid.UUID, ModuleFacts], said: Said, k: int) -> list[dict[str, Any]]:
    """The modules of which something may be told, by what is told; ties by title."""
    found = [(facts, figures(said.get(id, ()), k, UNKNOWN)) for id, facts in modules.items()]
    told = [(facts, shown) for facts, shown in found if not shown.suppressed]
    told.sort(key=lambda pair: (*order(pair[1]), sort_key(pair[0].title)))
    return [
        {"slug": facts.slug, "title": facts.title, "provider": facts.provider, **asdict(shown)} for facts, shown in told
    ]


def _sums(modules: Mapping[uuid.UUID, ModuleFacts], said: Said, k: int, counted: Counted) -> dict[str, Any]:
    """Topics by levels with their margins, the seats of each beside them: those are public."""
    places = {
        Place(_codes(facts.topics), _codes(facts.levels), str(id)): said.get(id, ()) for id, facts in modules.items()
    }
    matrix = counted.figures.matrix
    topics = {line.topic.code: line for line in matrix.rows}
    found = table(places, k, UNKNOWN, tuple(topics), tuple(column.code for column in matrix.columns))
    rows = [
        {
            "topic": asdict(topics[row].topic),
            "cells": [
                _with_seats(found.cells[row, column.code], cell)
                for column, cell in zip(matrix.columns, topics[row].cells, strict=True)
            ],
            "total": _with_seats(found.row_totals[row], topics[row].total),
        }
        for row in found.ranked()
    ]
    totals = [
        _with_seats(found.column_totals[column.code], cell)
        for column, cell in zip(matrix.columns, matrix.totals, strict=True)
    ]
    columns = [asdict(column) for column in matrix.columns]
    total = _with_seats(found.total, matrix.total)
    return {"columns": columns, "rows": rows, "totals": totals, "total": total}


def _with_seats(shown: Figures, cell: FrozenCell) -> dict[str, int | None]:
    return {"companies": shown.companies, "people": shown.people, "seats": cell.seats}


def _codes(facts: Iterable[Any]) -> tuple[str, ...]:
    return tuple(fact.code for fact in facts) or (NOT_STATED,)
