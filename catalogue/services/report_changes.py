"""What rose, fell, is new or gone between two reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalogue.models import FrozenReport
from catalogue.services import frozen_reports
from catalogue.services.report_facts import Fact
from catalogue.services.report_json import Figures, FrozenCell, FrozenMatrix, same_question
from catalogue.services.report_query import By, ReportRow
from catalogue.services.sorting import sort_key

__all__ = ["CellChange", "Change", "Comparison", "Direction", "changes", "compare"]


class Direction(StrEnum):
    """Where a row went: its people decide, then its companies."""

    NEW = "new"
    ROSE = "rose"
    FELL = "fell"
    GONE = "gone"
    SAME = "same"


@dataclass(frozen=True)
class Change:
    """One row in both reports; a row that one of them does not have counts nothing there."""

    key: str
    label: str
    label_en: str
    note: str
    before: ReportRow | None
    after: ReportRow | None

    @property
    def direction(self) -> Direction:
        """Where it went."""
        if self.before is None:
            return Direction.NEW
        if self.after is None:
            return Direction.GONE
        difference = self.people or self.companies
        return Direction.ROSE if difference > 0 else Direction.FELL if difference < 0 else Direction.SAME

    @property
    def people(self) -> int:
        """People more than before."""
        return self.difference("people")

    @property
    def companies(self) -> int:
        """Companies more than before."""
        return self.difference("companies")

    def difference(self, figure: str) -> int:
        """How much more than before *figure* is."""
        before, after = (getattr(row, figure) if row else 0 for row in (self.before, self.after))
        return int(after) - int(before)


@dataclass(frozen=True)
class CellChange:
    """People and seats of one topic at one level, before and after."""

    topic: Fact
    level: Fact
    before: FrozenCell
    after: FrozenCell

    @property
    def people(self) -> int:
        """People more than before."""
        return self.after.people - self.before.people

    @property
    def seats(self) -> int:
        """Seats more than before."""
        return self.after.seats - self.before.seats


@dataclass(frozen=True)
class Comparison:
    """Two reports, the earlier one first. ``alike``: both asked the same."""

    earlier: FrozenReport
    later: FrozenReport
    before: Figures
    after: Figures
    alike: bool
    by: Mapping[By, tuple[Change, ...]]
    cells: tuple[CellChange, ...]

    @property
    def total(self) -> Change:
        """The totals."""
        return Change("total", self.after.total.label, "", "", self.before.total, self.after.total)

    def count(self, by: By, direction: Direction) -> int:
        """How many rows went that way."""
        return sum(change.direction == direction for change in self.by[by])


def compare(one: FrozenReport, other: FrozenReport) -> Comparison:
    """Return what changed between two reports, in whichever order they are given."""
    earlier, later = sorted((one, other), key=lambda report: (frozen_reports.moment_of(report), report.made_at))
    before, after = frozen_reports.figures(earlier), frozen_reports.figures(later)
    return Comparison(
        earlier, later, before, after, same_question(earlier.query, later.query),
        {by: changes(before.by.get(by, ()), after.by.get(by, ())) for by in By},
        tuple(_cell_changes(before.matrix, after.matrix)),
    )  # fmt: skip


def changes(before: Iterable[ReportRow], after: Iterable[ReportRow]) -> tuple[Change, ...]:
    """Return every row of both, the largest change first."""
    old, new = ({row.key: row for row in rows} for rows in (before, after))
    found = []
    for key in {**new, **old}:
        row = new.get(key) or old[key]
        found.append(Change(key, row.label, row.label_en, row.note, old.get(key), new.get(key)))
    return tuple(
        sorted(found, key=lambda one: (-abs(one.people), -abs(one.companies), one.direction == Direction.SAME, sort_key(one.label)))
    )  # fmt: skip


def _cell_changes(before: FrozenMatrix, after: FrozenMatrix) -> list[CellChange]:
    """Return the cells of topic and level that differ, the largest change first."""
    old, new = _cells(before), _cells(after)
    found = []
    for place, (topic, level, _) in {**old, **new}.items():
        was, now = (cells[place][2] if place in cells else FrozenCell() for cells in (old, new))
        if (was.people, was.seats) != (now.people, now.seats):
            found.append(CellChange(topic, level, was, now))
    return sorted(found, key=lambda one: (-abs(one.people), -abs(one.seats), one.topic.label, one.level.position))


def _cells(matrix: FrozenMatrix) -> dict[tuple[str, str], tuple[Fact, Fact, FrozenCell]]:
    return {
        (row.topic.code, level.code): (row.topic, level, cell)
        for row in matrix.rows
        for level, cell in zip(matrix.columns, row.cells, strict=True)
    }
