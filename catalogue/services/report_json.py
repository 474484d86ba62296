"""Questions and figures of frozen reports as JSON and back. The shape is documented in docs/reports.md and only ever gains keys."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar

from catalogue.models import RunState
from catalogue.services.report_facts import Fact
from catalogue.services.report_query import By, ReportQuery, ReportRow, TrendPoint

__all__ = [
    "SCHEMA", "Figures", "FrozenCell", "FrozenLine", "FrozenMatrix", "FrozenRun", "figures_of", "json_of", "query_json", "query_of",
    "same_question",
]  # fmt: skip

SCHEMA = 1
STEPS = (1, 5, 10, 20, 30)  # fixed, so that two reports can be compared
LISTS = (
    "companies", "company_sectors", "company_regions", "company_sizes", "relevances", "purposes", "periods", "sources",
)  # fmt: skip
Value = TypeVar("Value")


@dataclass(frozen=True)
class FrozenCell:
    """People and companies who wanted it, seats on offer, runs that did not say how many; whether it was a gap by the rule of that day."""

    people: int = 0
    seats: int = 0
    open_runs: int = 0
    records: int = 0
    gap: bool = False
    companies: int = 0

    @property
    def step(self) -> int:
        """Heat step 0 to 5."""
        return sum(self.people >= least for least in STEPS)

    @property
    def is_empty(self) -> bool:
        """Whether nobody wanted or offered anything."""
        return not (self.people or self.records or self.seats or self.open_runs)

    @property
    def difference(self) -> int:
        """Seats minus people."""
        return self.seats - self.people


@dataclass(frozen=True)
class FrozenLine:
    """One topic: a cell per column and the cell in which everything counts once."""

    topic: Fact
    cells: tuple[FrozenCell, ...]
    total: FrozenCell


@dataclass(frozen=True)
class FrozenMatrix:
    """Topics by levels. What belongs to several topics is in several rows and once in the totals."""

    columns: tuple[Fact, ...]
    rows: tuple[FrozenLine, ...]
    totals: tuple[FrozenCell, ...]
    total: FrozenCell

    @property
    def gaps(self) -> int:
        """Number of cells in which at least ten people found no seat."""
        return sum(cell.gap for row in self.rows for cell in row.cells)


@dataclass(frozen=True)
class FrozenRun:
    """A coming run as it was planned on the day of the report, who wanted its module at that time, and who had answered.

    Reports that were frozen before answers were counted have none.
    """

    id: str
    module: str  # its slug
    title: str
    starts_on: str
    place: str
    online: bool
    state: str
    needed: int | None
    seats: int | None
    people: int
    companies: int
    asked: int = 0
    committed: int = 0
    booked: int = 0

    @property
    def counted(self) -> int:
        """The people who count towards the minimum: those who come, or want to where nobody was asked; or the seats taken."""
        return max(self.committed if self.asked else self.people, self.booked)

    @property
    def day(self) -> date:
        """The day on which it begins."""
        return date.fromisoformat(self.starts_on)

    @property
    def missing(self) -> int:
        """How many people are missing."""
        return max(0, (self.needed or 0) - self.counted)

    @property
    def run_state(self) -> RunState:
        """Its state."""
        return RunState(self.state)


@dataclass(frozen=True)
class Figures:
    """All figures of a report."""

    members: int  # companies of the network when it was counted
    total: ReportRow
    by: Mapping[By, tuple[ReportRow, ...]]
    matrix: FrozenMatrix
    trend: tuple[TrendPoint, ...]
    runs: tuple[FrozenRun, ...]

    @property
    def summary(self) -> dict[str, int]:
        """The figures at the top of the report."""
        return {
            "members": self.members,
            "companies": self.total.companies,
            "people": self.total.people,
            "records": self.total.records,
            "seats": self.matrix.total.seats,
            "gaps": self.matrix.gaps,
        }


def json_of(figures: Figures) -> dict[str, Any]:
    """Return *figures* as JSON."""
    return {
        "schema": SCHEMA,
        "members": figures.members,
        "total": asdict(figures.total),
        "interest": {by.value: [asdict(row) for row in rows] for by, rows in figures.by.items()},
        "matrix": {"level": asdict(figures.matrix)},
        "trend": [{**asdict(point), "month": point.month.isoformat()} for point in figures.trend],
        "runs": [asdict(run) for run in figures.runs],
    }


def figures_of(kept: Mapping[str, Any]) -> Figures:
    """Return the figures that were kept as JSON, also by an older or newer version of this software."""
    matrix = kept["matrix"]["level"]
    rows = tuple(
        FrozenLine(_made(Fact, row["topic"]), _cells(row["cells"]), _made(FrozenCell, row["total"]))
        for row in matrix["rows"]
    )
    columns = tuple(_made(Fact, column) for column in matrix["columns"])
    return Figures(
        kept["members"],
        _made(ReportRow, kept["total"]),
        {
            By(by): tuple(_made(ReportRow, row) for row in rows)
            for by, rows in kept["interest"].items()
            if by in set(By)
        },
        FrozenMatrix(columns, rows, _cells(matrix["totals"]), _made(FrozenCell, matrix["total"])),
        tuple(_made(TrendPoint, {**point, "month": date.fromisoformat(point["month"])}) for point in kept["trend"]),
        tuple(_made(FrozenRun, run) for run in kept["runs"]),
    )


def _cells(kept: Iterable[Mapping[str, Any]]) -> tuple[FrozenCell, ...]:
    return tuple(_made(FrozenCell, cell) for cell in kept)


def _made(kind: type[Value], kept: Mapping[str, Any]) -> Value:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in kept.items() if name in known})


def query_json(query: ReportQuery, text: str = "") -> dict[str, Any]:
    """Return what limits *query* as JSON. Its day and moment stand beside it, rows and order are not kept: a report has all."""
    return {
        "text": text,
        "only": sorted(str(one) for one in query.only) if query.only is not None else None,
        "filters": {name: list(values) for name, values in sorted(query.filters.items()) if values},
        "all_of": sorted(query.all_of & {name for name, values in query.filters.items() if values}),
        **{name: list(getattr(query, name)) for name in LISTS if getattr(query, name)},
    }


def query_of(kept: Mapping[str, Any], as_of: date, at: datetime | None, by: By = By.MODULE) -> ReportQuery:
    """Return the question that was kept, for rows *by*, as of its day and moment."""
    said: dict[str, Any] = {name: tuple(kept[name]) for name in LISTS if name in kept}
    return ReportQuery(
        by=by,
        as_of=as_of,
        at=at,
        filters={name: tuple(values) for name, values in kept.get("filters", {}).items()},
        all_of=frozenset(kept.get("all_of", ())),
        only=frozenset(uuid.UUID(one) for one in kept["only"]) if kept.get("only") is not None else None,
        **said,
    )


def same_question(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two kept questions limit the figures alike; a search text counts, what it found that day does not."""
    beside = {"only": None, "words": None}
    return {**one, **beside} == {**other, **beside}
