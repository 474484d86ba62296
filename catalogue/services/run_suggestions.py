"""When and where a module should take place: the quarter and the region that suit most people, and why.

A wanted year suits each of its quarters, a half-year its two, an open period every quarter. A company is served by a run in
the region that it named, else in its own; one that named neither goes anywhere. Online runs serve those who asked for that.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalogue.services.periods import quarters

__all__ = ["ONLINE", "Option", "Suggestion", "Want", "best", "options", "suggestion"]

ONLINE = "online"  # code of the "region" of runs that take place nowhere else
ANYWHERE = ""


@dataclass(frozen=True)
class Want:
    """What one company wants of one module. ``regions``: codes that suit it, empty for any; ``people``: 0 if not stated."""

    company: str
    people: int
    period: str
    regions: frozenset[str] = frozenset()
    place: str = ""

    def suits(self, quarter: str) -> bool:
        """Whether it wants the module in this quarter."""
        return not self.period or quarter in quarters(self.period)

    def reaches(self, region: str) -> bool:
        """Whether it would come to a run in this region; online runs only if it asked for that."""
        return region in self.regions or (not self.regions and region != ONLINE)


@dataclass(frozen=True)
class Option:
    """One way to offer it, and whom that serves. ``region`` "": nobody named one."""

    quarter: str
    region: str
    people: int
    companies: int


@dataclass(frozen=True)
class Suggestion:
    """The best option. Whom it does not serve is in ``otherwise`` (time does not fit: period → people) or ``elsewhere``
    (time fits, region does not: region, "" for any place → people); with the option's people these are all people that want the module."""

    option: Option
    equal: tuple[Option, ...]  # other options that serve as many
    otherwise: tuple[tuple[str, int], ...]
    elsewhere: tuple[tuple[str, int], ...]
    place: str  # that most of those who are served named or come from
    wanting: int  # people altogether
    companies: int

    def lacking(self, needed: int | None) -> int:
        """How many people are missing to *needed*."""
        return max(0, (needed or 0) - self.option.people)


def options(wants: Sequence[Want], possible: Sequence[str]) -> list[Option]:
    """Return every combination of a quarter of *possible* and a region that anybody named, with whom it serves."""
    regions = sorted({region for want in wants for region in want.regions})
    if not set(regions) - {ONLINE}:
        regions.append(ANYWHERE)  # somebody may come to a place, and nobody said where
    found = []
    for quarter in possible:
        timely = [want for want in wants if want.suits(quarter)]
        found += [_option(timely, quarter, region) for region in regions]
    return found


def _option(timely: Iterable[Want], quarter: str, region: str) -> Option:
    served = [want for want in timely if want.reaches(region)]
    return Option(quarter, region, sum(want.people for want in served), len({want.company for want in served}))


def best(found: Sequence[Option]) -> Option | None:
    """Return the option that serves most people, among equals most companies, then the earliest; None if none serves anybody."""
    first = min(found, key=lambda one: (-one.people, -one.companies, one.quarter, one.region), default=None)
    return first if first and first.companies else None


def suggestion(wants: Sequence[Want], possible: Sequence[str]) -> Suggestion | None:
    """Return what would serve most people, None if nobody wants it in any of the quarters *possible*."""
    found = options(wants, possible)
    chosen = best(found)
    if chosen is None:
        return None
    served = (chosen.people, chosen.companies)
    equal = tuple(one for one in found if one != chosen and (one.people, one.companies) == served)
    otherwise: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for want in wants:
        if not want.suits(chosen.quarter):
            otherwise[want.period] += want.people
        elif not want.reaches(chosen.region):
            elsewhere[min(want.regions, default=ANYWHERE)] += want.people
        elif want.place:
            places[want.place] += max(1, want.people)
    return Suggestion(
        chosen,
        equal,
        tuple(sorted(otherwise.items())),
        tuple(sorted(elsewhere.items(), key=lambda pair: (-pair[1], pair[0]))),
        min(places, key=lambda place: (-places[place], place), default=""),
        sum(want.people for want in wants),
        len({want.company for want in wants}),
    )
