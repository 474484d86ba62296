"""What companies say about modules at a moment, as columns that are counted at once; taken one by one they are records."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

from catalogue.services.demand_log import NOBODY, PURPOSES, DemandLog, Numbers
from catalogue.services.report_facts import CompanyFacts, Facts, ModuleFacts
from catalogue.services.report_query import NOT_STATED, ReportQuery

__all__ = ["Groups", "Record", "Statements", "statements_of"]

MOST_KINDS = 40  # ways of grouping that are remembered
MOST_MADE = 20  # reports that are remembered; one of 5,000 modules takes 2 MB
T = TypeVar("T")


class Record(NamedTuple):
    """What one company said about one module: active, and relevant in some way. (A tuple: thousands are made for a report.)"""

    company: CompanyFacts
    module: ModuleFacts
    relevance: str
    purposes: tuple[str, ...]
    people: int | None
    period: str
    source: str


@dataclass(frozen=True)
class Groups:
    """Which statements belong to which group: two columns of the same length, a place among the statements and one among ``keys``.

    A statement may be in several groups (topics), or in none.
    """

    keys: tuple[str, ...]
    statements: Numbers
    groups: Numbers

    def sums(self, values: Numbers) -> Numbers:
        """Return the sum of *values* (one per statement) in each group."""
        return np.bincount(self.groups, values[self.statements], len(self.keys)).astype(np.int64)

    def distinct(self, values: Numbers) -> Numbers:
        """Return how many different *values* (numbers from 0, one per statement) there are in each group."""
        width = int(values.max(initial=0)) + 1
        pairs = np.unique(self.groups.astype(np.int64) * width + values[self.statements])
        return np.bincount(pairs // width, minlength=len(self.keys))

    def first(self) -> Numbers:
        """Return the place of one statement of each group."""
        found = np.zeros(len(self.keys), np.int64)
        found[self.groups[::-1]] = self.statements[::-1]
        return found


@dataclass(frozen=True)
class _Kind:
    """The groups of all companies or modules of a log: those of number n are ``members[starts[n]:starts[n + 1]]``, places in ``keys``."""

    ids: list[Any]
    count: int
    keys: tuple[str, ...]
    starts: Numbers
    members: Numbers


def _kind_of(ids: list[Any], facts: Any, keys_of: Callable[[Any], tuple[str, ...]]) -> _Kind:
    places: dict[str, int] = {}
    starts, members, count = [0], list[int](), len(ids)
    for key in ids[:count]:
        if key in facts:
            members += [places.setdefault(name, len(places)) for name in keys_of(facts[key])]
        starts.append(len(members))
    return _Kind(ids, count, tuple(places), np.array(starts, np.int64), np.array(members, np.int64))


class Statements(Sequence[Record]):
    """Statements in the order in which they were last said. ``rows`` are their places in *log*."""

    def __init__(self, log: DemandLog, facts: Facts, rows: Numbers) -> None:
        self.log, self.facts, self.rows = log, facts, rows

    def column(self, name: str) -> Numbers:
        """Return one column of the log (see :class:`DemandLog`), one value per statement."""
        return self.log.columns[name][self.rows]

    @cached_property
    def people(self) -> Numbers:
        """People per statement, 0 where no number was given."""
        return np.maximum(self.column("people"), 0)

    @cached_property
    def companies(self) -> Numbers:
        """Number of the company of each statement, into ``log.companies``."""
        return self.column("company")

    def says(self, figure: str) -> Numbers:
        """Return which statements have this relevance or purpose."""
        if figure in PURPOSES:
            said: Numbers = (self.column("purposes") & (1 << PURPOSES.index(figure))) != 0
        else:
            names = self.log.relevances.values
            said = self.column("relevance") == (names.index(figure) if figure in names else -1)
        return said

    def among(self, name: str, numbers: Sequence[int]) -> Numbers:
        """Return which statements have one of these numbers in a column of the log."""
        return np.isin(self.column(name), numbers)

    def remembered(self, what: Hashable, make: Callable[[], T]) -> T:
        """Return what *make* makes of exactly these statements; made once for as long as nobody says anything and nothing is renamed."""
        made = self.facts.memory.setdefault("made", {})
        key = what, self.log.stamp, blake2b(self.rows.tobytes(), digest_size=16).digest()
        found: T | None = made.get(key)
        if found is None:
            if len(made) >= MOST_MADE:
                made.clear()
            found = made[key] = make()
        return found

    def only(self, chosen: Numbers) -> "Statements":
        """Return the statements for which *chosen* is true (or whose places it holds)."""
        return Statements(self.log, self.facts, self.rows[chosen])

    def by_module(self, keys_of: Callable[[ModuleFacts], tuple[str, ...]]) -> Groups:
        """Return the groups that modules belong to."""
        return self._groups("module", self.log.modules.values, self.facts.known.modules, keys_of)

    def by_company(self, keys_of: Callable[[CompanyFacts], tuple[str, ...]]) -> Groups:
        """Return the groups that companies belong to."""
        return self._groups("company", self.log.companies.values, self.facts.known.companies, keys_of)

    def by_period(self) -> Groups:
        """Return the groups of equal periods, "none" for an open one."""
        keys = tuple(period or NOT_STATED for period in self.log.periods.values)
        return _used(Groups(keys, np.arange(len(self.rows)), self.column("period")))

    def _groups(self, name: str, ids: list[Any], facts: Any, keys_of: Callable[[Any], tuple[str, ...]]) -> Groups:
        numbers, kind = self.column(name), self._kind(name, ids, facts, keys_of)
        lengths = (kind.starts[1:] - kind.starts[:-1])[numbers]
        statements = np.repeat(np.arange(len(numbers)), lengths)
        offsets = np.arange(len(statements)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return _used(Groups(kind.keys, statements, kind.members[kind.starts[numbers][statements] + offsets]))

    def _kind(self, name: str, ids: list[Any], facts: Any, keys_of: Callable[[Any], tuple[str, ...]]) -> "_Kind":
        """The groups of everything that is known: worked out once for as long as nothing changes."""
        memory = self.facts.memory
        known = memory.get((name, keys_of))
        if known is None or known.ids is not ids or known.count != len(ids):
            if len(memory) > MOST_KINDS:
                memory.clear()
            known = memory[name, keys_of] = _kind_of(ids, facts, keys_of)
        return known

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        if isinstance(place, slice):
            return list(self.only(place))  # type: ignore[arg-type]
        return next(iter(self.only(np.array([place]))))

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    @cached_property
    def _records(self) -> list[Record]:
        log, companies, modules = self.log, self.facts.companies, self.facts.modules
        company_of = [companies.get(key) for key in log.companies.values]
        module_of = [modules.get(key) for key in log.modules.values]
        columns = (
            [company_of[number] for number in self.companies.tolist()],
            [module_of[number] for number in self.column("module").tolist()],
            [log.relevances.values[number] for number in self.column("relevance").tolist()],
            [purposes_of(bits) for bits in self.column("purposes").tolist()],
            [None if number == NOBODY else number for number in self.column("people").tolist()],
            [log.periods.values[number] for number in self.column("period").tolist()],
            [log.sources.values[number] for number in self.column("source").tolist()],
        )
        return list(map(Record._make, zip(*columns, strict=True)))


def statements_of(log: DemandLog, facts: Facts, rows: Numbers, query: ReportQuery) -> Statements:
    """Return those of the *rows* whose companies and modules *facts* lets through, and whose words *query* asks for."""
    columns = log.columns
    companies = np.array([key in facts.companies for key in log.companies.values], np.bool_)
    modules = np.array([key in facts.modules for key in log.modules.values], np.bool_)
    found = rows[companies[columns["company"][rows]] & modules[columns["module"][rows]]] if len(rows) else rows
    wanted = (
        ("relevance", log.relevances.values, query.relevances),
        ("period", [period or NOT_STATED for period in log.periods.values], query.periods),
        ("source", log.sources.values, query.sources),
    )
    for name, values, asked in wanted:
        if asked:
            found = found[np.isin(columns[name][found], [n for n, value in enumerate(values) if value in asked])]
    if query.purposes:
        bits = columns["purposes"][found]
        chosen = (bits & sum(1 << PURPOSES.index(one) for one in query.purposes if one in PURPOSES)) != 0
        found = found[chosen | (bits == 0) if NOT_STATED in query.purposes else chosen]
    return Statements(log, facts, found)


@lru_cache(maxsize=8)
def purposes_of(bits: int) -> tuple[str, ...]:
    """Return the purposes that *bits* stand for."""
    return tuple(purpose for place, purpose in enumerate(PURPOSES) if bits & 1 << place)


def _used(groups: Groups) -> Groups:
    """Leave out groups without statements."""
    used = np.flatnonzero(np.bincount(groups.groups, minlength=len(groups.keys)))
    numbers = np.zeros(len(groups.keys), np.int64)
    numbers[used] = np.arange(len(used))
    return Groups(tuple(groups.keys[place] for place in used.tolist()), groups.statements, numbers[groups.groups])
