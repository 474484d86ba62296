"""All that companies ever said, as columns in memory: a hundred thousand events are counted in milliseconds.

The table ``demand_event`` is the truth; this follows it by what was appended. Whatever else happens to it (a company was deleted, events
of a slower transaction appear late) is noticed by their number, and the columns are read anew.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, String, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from catalogue.db import Session
from catalogue.models import DemandEvent, Purpose
from catalogue.services.kept import kept

__all__ = ["NOBODY", "PURPOSES", "DemandLog", "Numbers", "demand_log", "raw"]

NOBODY = -1  # of a number of people: none was given
AT_ONCE = 5_000  # events read at a time
PURPOSES = tuple(purpose.value for purpose in Purpose)
Numbers = NDArray[Any]


class Names:
    """Gives each value a number, counted from 0 in the order of first appearance."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.values: list[Any] = list(values)
        self._numbers: dict[Any, int] = {value: number for number, value in enumerate(self.values)}

    def numbers(self, values: Iterable[Any]) -> list[int]:
        """Return the number of each value, new ones for those that have none yet."""
        known, found = self._numbers, []
        for value in values:
            number = known.get(value)
            if number is None:
                number = known[value] = len(self.values)
                self.values.append(value)
            found.append(number)
        return found


class DemandLog:
    """One row per event, in the order of writing; values are numbers into ``demands``, ``companies`` and so on. Rows never change.

    ``people`` is -1 where none were named; ``purposes`` are bits in the order of Purpose; ``counts`` is False for events after which
    the statement is withdrawn or says "nicht relevant"; ``at`` are microseconds since 1970 (UTC).
    """

    KINDS = {
        "id": np.int64, "at": np.int64, "demand": np.int32, "company": np.int32, "module": np.int32, "relevance": np.int8,
        "purposes": np.int8, "people": np.int32, "period": np.int32, "source": np.int8, "confidentiality": np.int8, "counts": np.bool_,
    }  # fmt: skip

    def __init__(self) -> None:
        self.demands, self.companies, self.modules = Names(), Names(), Names()
        self.relevances, self.sources, self.confidentialities = Names(), Names(), Names()
        self.periods = Names([""])
        self.columns: dict[str, Numbers] = {name: np.empty(0, kind) for name, kind in self.KINDS.items()}

    def __len__(self) -> int:
        return len(self.columns["id"])

    @property
    def stamp(self) -> tuple[int, int, int]:
        """How many events there are, the highest number, the latest moment: equal for the table that this is a copy of."""
        ids, moments = self.columns["id"], self.columns["at"]
        return len(ids), int(ids.max(initial=0)), int(moments.max(initial=0))

    def followed_by(self, events: Sequence[Any]) -> "DemandLog":
        """Return a log with these rows (id, at, demand, company, module, snapshot) behind its own; this one stays as it is."""
        log = DemandLog()
        # numbers are only ever added, so both logs may share them
        for name in ("demands", "companies", "modules", "relevances", "sources", "confidentialities", "periods"):
            setattr(log, name, getattr(self, name))
        added = log._numbered(events) if events else {}
        for name, kind in self.KINDS.items():
            log.columns[name] = np.concatenate([self.columns[name], np.array(added.get(name, ()), kind)])
        return log

    def up_to(self, highest: int) -> "DemandLog":
        """Return the log as it was when *highest* was the highest number; it shares its memory with this one."""
        rows = int(np.searchsorted(self.columns["id"], highest, side="right"))
        if rows == len(self):
            return self
        log = self.followed_by(())
        log.columns = {name: column[:rows] for name, column in self.columns.items()}
        return log

    def _numbered(self, events: Sequence[Any]) -> dict[str, Iterable[Any]]:
        ids, moments, demands, companies, modules, snapshots = zip(*events, strict=True)
        said = [_decoded(snapshot) for snapshot in snapshots]
        relevances = [one.get("relevance") or "none" for one in said]
        people = [one.get("people") for one in said]
        return {
            "id": ids,
            "at": [microseconds(moment) for moment in moments],
            "demand": self.demands.numbers(demands),
            "company": self.companies.numbers(companies),
            "module": self.modules.numbers(modules),
            "relevance": self.relevances.numbers(relevances),
            "purposes": [purpose_bits(tuple(one.get("purposes") or ())) for one in said],
            "people": [NOBODY if number is None else number for number in people],
            "period": self.periods.numbers(one.get("period") or "" for one in said),
            "source": self.sources.numbers(one.get("source") or "" for one in said),
            "confidentiality": self.confidentialities.numbers(one.get("confidentiality") or "" for one in said),
            "counts": [
                not one.get("withdrawn") and relevance != "none"
                for one, relevance in zip(said, relevances, strict=True)
            ],
        }

    def until(self, end: datetime | None = None) -> Numbers:
        """Return the rows that tell what each demand says that counts, before *end* (None: now), in the order of writing.

        The last event is the one written last: clocks may go back, numbers do not.
        """
        rows = np.arange(len(self)) if end is None else np.flatnonzero(self.columns["at"] < microseconds(end))
        last = np.full(len(self.demands.values), -1)
        last[self.columns["demand"][rows]] = rows  # of several values for one place the last one stays
        found = np.sort(last[last >= 0])
        counting: Numbers = found[self.columns["counts"][found]]
        return counting


def microseconds(moment: datetime) -> int:
    """Return *moment* as microseconds since 1970."""
    return round(moment.timestamp() * 1_000_000)


@lru_cache(maxsize=100)
def purpose_bits(purposes: tuple[str, ...]) -> int:
    """Return *purposes* as bits in the order of Purpose."""
    return sum(1 << PURPOSES.index(purpose) for purpose in purposes if purpose in PURPOSES)


def _decoded(snapshot: Any) -> dict[str, Any]:
    """PostgreSQL's driver has decoded it already, SQLite's has not."""
    found = json.loads(snapshot) if isinstance(snapshot, str) else snapshot
    return found if isinstance(found, dict) else {}


def demand_log(session: Session) -> DemandLog:
    """Return all events that *session* sees."""

    def stamp() -> tuple[int, int, int]:
        # three questions: together they would read the whole table
        asked = (func.count(), func.max(DemandEvent.id), func.max(DemandEvent.at))
        parts = select(*(select(one).select_from(DemandEvent).scalar_subquery() for one in asked))
        count, highest, latest = session.execute(parts).one()
        return count, highest or 0, microseconds(latest) if latest else 0

    def make(wanted: tuple[int, int, int], previous: DemandLog | None) -> DemandLog:
        if previous is not None:
            # a reader that began before somebody's write sees less than others have left: reading all anew for it, and for
            # the next one again, is what many readers and writers at once would do all the time
            grown = previous if previous.stamp[1] >= wanted[1] else _grown(session, previous)
            seen = grown.up_to(wanted[1])
            if seen.stamp == wanted:
                return seen
        return _grown(session, DemandLog())

    return kept(session, "demand_log", stamp, make)


def raw(column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return *column* as the driver gives it. Thousands of ids and JSON values are only compared; making objects of them costs most of the time."""
    return type_coerce(column, String)


def _grown(session: Session, log: DemandLog) -> DemandLog:
    """Return *log* with all events that were written after its own; a part at a time, because their words take much room."""
    keys = (raw(DemandEvent.demand_id), raw(DemandEvent.company_id), raw(DemandEvent.module_id))
    columns = (DemandEvent.id, DemandEvent.at, *keys, raw(DemandEvent.snapshot))
    asked = select(*columns).order_by(DemandEvent.id).limit(AT_ONCE)
    while events := session.execute(asked.where(DemandEvent.id > log.stamp[1])).all():
        log = log.followed_by(events)
    return log
