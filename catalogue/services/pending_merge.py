"""Three states of a module's words – where an edit began, what is live now, what is proposed – and how they come together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.services.module_history import Difference
from catalogue.services.module_input import FIELDS, VOCABULARIES

__all__ = ["Clash", "Merge", "flat", "merge", "nested"]

Snapshot = dict[str, Any]
NAMES = (*(name for name in FIELDS if name != "terms"), *(f"terms.{name}" for name in VOCABULARIES))


@dataclass(frozen=True)
class Clash:
    """One field that was changed both live and in the proposal, to different values."""

    field: str
    base: Any
    live: Any
    proposed: Any


@dataclass(frozen=True)
class Merge:
    """What the proposal would change in the live version, and where somebody must decide."""

    live: Mapping[str, Any]
    changes: tuple[Difference, ...]
    clashes: tuple[Clash, ...]

    def result(self, proposed: set[str] | None = None) -> Snapshot:
        """Return the live version with all changes; of the clashes those named in *proposed* win (None: all)."""
        values = dict(self.live) | {one.field: one.after for one in self.changes}
        values |= {one.field: one.proposed for one in self.clashes if proposed is None or one.field in proposed}
        return nested(values)


def merge(base: Snapshot, live: Snapshot, proposed: Snapshot) -> Merge:
    """Compare three snapshots field by field; terms count per vocabulary, the workflow state does not count."""
    was, now, wanted = flat(base), flat(live), flat(proposed)
    changes, clashes = [], []
    for name in NAMES:
        old, current, new = was.get(name), now.get(name), wanted.get(name)
        if same(new, old) or same(new, current):
            continue
        if same(current, old):
            changes.append(Difference(name, current, new))
        else:
            clashes.append(Clash(name, old, current, new))
    return Merge(now, tuple(changes), tuple(clashes))


def same(one: Any, other: Any) -> bool:
    """Whether two values of a snapshot say the same: nothing can be written in several ways."""
    return bool(one == other) or (_is_nothing(one) and _is_nothing(other))


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or value == []


def flat(stored: Snapshot) -> Snapshot:
    """Return *stored* with one entry per vocabulary ("terms.topic") and without the workflow state."""
    terms = {f"terms.{name}": codes for name, codes in stored.get("terms", {}).items()}
    return {name: value for name, value in stored.items() if name not in ("terms", "state")} | terms


def nested(values: Mapping[str, Any]) -> Snapshot:
    """Undo :func:`flat`."""
    plain = {name: value for name, value in values.items() if not name.startswith("terms.")}
    terms = {name.removeprefix("terms."): codes for name, codes in values.items() if name.startswith("terms.")}
    return plain | {"terms": {name: codes for name, codes in terms.items() if codes}}
