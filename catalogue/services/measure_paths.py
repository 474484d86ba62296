"""The way through a measure: what has to come before what, whether the order keeps to that, and how long it takes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from catalogue.models import MeasureModule

__all__ = ["Place", "Total", "arranged", "circle", "contradictions", "place_of", "prerequisites", "total"]

Key = TypeVar("Key", bound=object)


@dataclass(frozen=True)
class Total:
    """How long a measure takes, derived from its modules.

    ``minutes``: nobody needs less: all required modules and the shortest of each set of alternatives. ``most``: with every optional
    module and the longest alternatives. ``unknown``: how many modules state no duration; what they take is in neither sum.
    """

    minutes: int
    unknown: int
    most: int


@dataclass(frozen=True)
class Place:
    """Where a module stands in a measure: its number from 1, and the modules right before and after it.

    Before are its stated prerequisites, after are those that state it; where nothing is stated, the neighbours in the order.
    """

    number: int
    of: int
    before: tuple[MeasureModule, ...]
    after: tuple[MeasureModule, ...]


def total(parts: Sequence[MeasureModule]) -> Total:
    """Return the duration of *parts*, never entered by hand."""
    least = most = 0
    alternatives: dict[str, list[int | None]] = defaultdict(list)
    for part in parts:
        minutes = part.module.duration_minutes
        if part.choice:
            alternatives[part.choice].append(minutes)
            continue
        most += minutes or 0
        least += (minutes or 0) if part.required else 0
    for group in alternatives.values():
        known = [minutes for minutes in group if minutes]
        most += max(known, default=0)
        least += min(known) if len(known) == len(group) else 0  # an unknown one may be shorter than all others
    return Total(least, sum(1 for part in parts if not part.module.duration_minutes), most)


def circle(before: Mapping[Key, Collection[Key]]) -> list[Key]:
    """Return modules that need each other in a circle, in the order of learning, the first one again at the end; [] if none do."""
    left = {key: set(needed) for key, needed in before.items()}
    while free := [key for key, needed in left.items() if not needed & left.keys()]:
        for key in free:
            del left[key]
    if not left:
        return []
    way = [next(iter(left))]  # every module that is left needs another one that is left, so going back must meet itself
    while len(way) == len(set(way)):
        way.append(next(key for key in left if key in left[way[-1]]))
    return way[way.index(way[-1]) :][::-1]


def contradictions(order: Sequence[Key], before: Mapping[Key, Collection[Key]]) -> list[tuple[Key, Key]]:
    """Return the pairs (module, prerequisite) in which the prerequisite stands later in *order*."""
    places = {key: number for number, key in enumerate(order)}
    return [
        (key, needed)
        for key in order
        for needed in sorted((one for one in before.get(key, ()) if one in places), key=places.__getitem__)
        if places[needed] > places[key]
    ]


def arranged(order: Sequence[Key], before: Mapping[Key, Collection[Key]]) -> list[Key]:
    """Return *order* so that prerequisites come first, changed as little as that allows. *before* has no circle."""
    left, placed = list(order), list[Key]()
    while left:
        ready = next(
            (key for key in left if not any(one in left and one != key for one in before.get(key, ()))), left[0]
        )
        left.remove(ready)
        placed.append(ready)
    return placed


def prerequisites(part: MeasureModule, parts: Sequence[MeasureModule]) -> list[MeasureModule]:
    """Return those of *parts* that have to be done before *part*, in their order."""
    needed = {one.before_id for one in part.prerequisites}
    return [other for other in parts if other.module_id in needed]


def place_of(part: MeasureModule, parts: Sequence[MeasureModule]) -> Place:
    """Return where *part* stands among *parts*."""
    index = list(parts).index(part)
    before = prerequisites(part, parts)
    after = [other for other in parts if part in prerequisites(other, parts)]
    if not before:
        before = _next([one for one in reversed(parts[:index]) if not _alternatives(one, part)])[::-1]
    if not after:
        after = _next([one for one in parts[index + 1 :] if not _alternatives(one, part)])
    return Place(index + 1, len(parts), tuple(before), tuple(after))


def _alternatives(one: MeasureModule, other: MeasureModule) -> bool:
    return bool(one.choice) and one.choice == other.choice


def _next(others: list[MeasureModule]) -> list[MeasureModule]:
    """Return the first of *others*, with its alternatives."""
    return [one for one in others if one is others[0] or _alternatives(one, others[0])]
