"""What may be told about the companies behind a figure: the one place for the rule of confidentiality.

Anchors: the defaults of official micro-data centres (sdcLog: at least 5 distinct entities behind every figure, the two largest at
most 85 % of a sum) and minimum frequency plus dominance rules of official statistics.

**One figure** (:func:`figures`) counts distinct companies, never records or people who clicked:

* at least ``limit`` companies: the setting ``k_anonymity`` (3 and 4 work like 5, because figures are rounded down to fives);
* the viewer's own company is not counted, so that nobody can subtract it. Where anybody may sit (:data:`UNKNOWN`: a shared link, a
  beamer) it cannot be left out, so one company more is asked for;
* companies that chose to be named are known: the anonymous ones have to reach the limit by themselves, else they are not counted;
* people are summed if ``limit`` companies gave a number, and if the two largest give at most 85 % of the sum (of the anonymous ones
  alone, too);
* figures are rounded down to fives: one click shows in none, every figure reads "at least".

**Many figures** (:func:`table`) are made of *blocks*. A block is the smallest group that any published figure can be cut into: a
place (a module), what is hidden in places of the same cells together, what is hidden in a row together, what is hidden everywhere
together. A block counts only if it could be published by itself. Every cell and every margin is a union of such blocks; whatever is
added to or subtracted from whatever – margin minus cells, topic minus topic (a module may have several), page minus page of a module,
slice minus slice – is again made of blocks of at least ``limit`` companies. What is hidden enters nothing, whoever knows this rule.
The price: a margin is the sum of what may be shown, not of everything. (Chosen instead of suppressing more cells: that hides more, needs
a new proof for every table that shares a margin, and which cells it hides tells about the hidden ones.)

Tables for an unknown viewer have no blocks of hidden places: a member who sees both could subtract what only one of them holds. And a
table that splits a module (by relevance, period, region of the company) passes ``people=None``: a split is published beside its whole,
which rounding protects for companies but not for people.

A block of *h* hidden groups counts at most ``(limit - 1) * (h - 1) + 1`` anonymous companies: a larger number would tell how many are in each.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "LARGEST_TWO", "STEP", "SUPPRESSED", "UNKNOWN", "Contribution", "Figures", "Place", "Table", "figures", "limit_of",
    "order", "rounded_down", "safe", "table",
]  # fmt: skip

STEP = 5
LARGEST_TWO = 0.85
UNKNOWN = "?"  # no company's slug


class Contribution(NamedTuple):
    """What one company says about one thing. ``company``: its slug; ``people``: None if it gave no number; ``named``: visible for members."""

    company: str
    people: int | None
    named: bool


@dataclass(frozen=True)
class Figures:
    """Rounded figures that may be shown. ``companies`` None: suppressed (or nobody, which looks the same); ``people`` None: no sum."""

    companies: int | None = None
    people: int | None = None

    @property
    def suppressed(self) -> bool:
        """Whether there is nothing to show."""
        return self.companies is None


SUPPRESSED = Figures()


class Place(NamedTuple):
    """Where contributions belong: rows and columns (several are allowed), and the part of a cell that has a figure of its own elsewhere."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    part: str = ""


@dataclass(frozen=True)
class Table:
    """Figures by row and column; margins are made of what may be shown, and of what is hidden only where that is enough by itself."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Figures]
    row_totals: Mapping[str, Figures]
    column_totals: Mapping[str, Figures]
    total: Figures
    parts: Mapping[str, Figures]  # those that have a figure by themselves, as figures() gives it

    def ranked(self) -> tuple[str, ...]:
        """Return the rows by what their totals show, largest first; suppressed as zero, equal ones in the order of ``rows``."""
        return tuple(sorted(self.rows, key=lambda row: order(self.row_totals[row])))


def figures(contributions: Iterable[Contribution], k: int, viewer: str = "") -> Figures:
    """Return what *viewer* may know of one group of contributions. *viewer*: slug of the own company, "" for none, or UNKNOWN."""
    block = _block(_others(contributions, viewer), limit_of(k, viewer), viewer)
    return _shown(block for _, block in _numbered([(Place((), ()), block)] if block else []))


def table(
    places: Mapping[Place, Sequence[Contribution]],
    k: int,
    viewer: str = "",
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> Table:
    """Return figures by row and column.

    *places*: all places that exist, also those nobody spoke about. *rows*, *columns*: those to show, in this order (all by default);
    to show fewer is safe, but *places* must be the same.
    """
    blocks = _numbered(_blocks(places, limit_of(k, viewer), viewer))
    rows = tuple(dict.fromkeys(row for place in places for row in place.rows) if rows is None else rows)
    columns = tuple(dict.fromkeys(name for place in places for name in place.columns) if columns is None else columns)
    hidden_rows = not all(set(rows).issuperset(place.rows) for place in places)
    in_row = {row: [(place, block) for place, block in blocks if row in place.rows] for row in rows}
    in_any = [(place, block) for place, block in blocks if not set(rows).isdisjoint(place.rows)]
    return Table(
        rows,
        columns,
        {(row, name): _shown(one for at, one in in_row[row] if name in at.columns) for row in rows for name in columns},
        {row: _shown(block for _, block in in_row[row]) for row in rows},
        {name: _shown(block for place, block in in_any if name in place.columns) for name in columns},
        _shown(block for _, block in (in_any if hidden_rows else blocks)),
        {place.part: _shown([block]) for place, block in blocks if place.part},
    )


def order(shown: Figures) -> tuple[int, int]:
    """Return the sort key of *shown*, largest first, suppressed as zero. Sort stably from a list in the order of labels."""
    return -(shown.companies or 0), -(shown.people or 0)


def limit_of(k: int, viewer: str = "") -> int:
    """Return how many companies a figure needs: *k*, at least as many as survive rounding, one more if nobody knows who looks."""
    return max(k, STEP) + (viewer == UNKNOWN)


def rounded_down(figure: int) -> int:
    """Return *figure* rounded down to a multiple of 5."""
    return figure - figure % STEP


def safe(anonymous: int, named: int, limit: int) -> tuple[bool, bool]:
    """Return whether the anonymous companies may be counted, and whether there is a figure at all.

    Whoever is named is known, so the anonymous ones must reach *limit* by themselves: else they could be found by subtracting.
    """
    with_anonymous = anonymous >= limit
    total = named + (anonymous if with_anonymous else 0)
    return with_anonymous, total >= limit


class _Block(NamedTuple):
    """Companies and people that may be told about; exact, to be rounded at the very end."""

    companies: frozenset[str]
    people: int


class _Numbered(NamedTuple):
    """A block with its companies as bits: tables unite thousands of them."""

    companies: int
    people: int


def _numbered(blocks: Iterable[tuple[Place, _Block]]) -> list[tuple[Place, _Numbered]]:
    bits: dict[str, int] = defaultdict(lambda: 1 << len(bits))
    return [(place, _Numbered(sum(bits[one] for one in found.companies), found.people)) for place, found in blocks]


def _shown(blocks: Iterable[_Numbered]) -> Figures:
    companies = people = 0
    for block in blocks:
        companies |= block.companies
        people += block.people
    number = companies.bit_count()
    return Figures(rounded_down(number), rounded_down(people) or None) if number else SUPPRESSED


def _others(contributions: Iterable[Contribution], viewer: str) -> list[Contribution]:
    return [one for one in contributions if one.company != viewer]


def _block(contributions: Sequence[Contribution], limit: int, viewer: str) -> _Block | None:
    counted = _countable(contributions, limit)
    if not counted:
        return None
    return _Block(frozenset(one.company for one in counted), _people(counted, limit, viewer))


def _countable(contributions: Sequence[Contribution], limit: int) -> Sequence[Contribution]:
    if len(contributions) < limit:  # most places of a large table
        return ()
    anonymous, named = _companies(contributions)
    with_anonymous, enough = safe(len(anonymous), len(named), limit)
    if not enough:
        return ()
    return contributions if with_anonymous else [one for one in contributions if one.named]


def _companies(contributions: Iterable[Contribution]) -> tuple[set[str], set[str]]:
    """The companies that are nowhere named among them, and those that are."""
    anonymous, named = set[str](), set[str]()
    for one in contributions:
        (named if one.named else anonymous).add(one.company)
    return anonymous - named, named


def _people(counted: Sequence[Contribution], limit: int, viewer: str) -> int:
    """The sum of people of those who gave a number, 0 if they are too few or two of them make up nearly all of it."""
    stated = _countable([one for one in counted if one.people is not None], limit)
    unnamed = [one for one in stated if not one.named]
    if _dominated(stated, viewer) or (len(unnamed) < len(stated) and _dominated(unnamed, viewer)):
        return 0
    return sum(one.people or 0 for one in stated)


def _dominated(stated: Iterable[Contribution], viewer: str) -> bool:
    """Whether the two largest companies give more than 85 % of the sum; for an unknown viewer, whether they do once the viewer's own is subtracted."""
    sums: dict[str, int] = defaultdict(int)
    for one in stated:
        sums[one.company] += one.people or 0
    numbers = sorted(sums.values(), reverse=True)
    # the worst that an unknown viewer can subtract is one of the three largest
    lists = [numbers[:n] + numbers[n + 1 :] for n in range(3)] if viewer == UNKNOWN else [numbers]
    return any(sum(some[:2]) > LARGEST_TWO * sum(some) for some in lists)


def _blocks(places: Mapping[Place, Sequence[Contribution]], limit: int, viewer: str) -> Iterator[tuple[Place, _Block]]:
    """Yield the blocks that count: places, then what remains hidden of a cell, of a row and of everything."""
    hidden: list[tuple[Place, list[Contribution]]] = []
    for place, contributions in places.items():
        others = _others(contributions, viewer)
        if block := _block(others, limit, viewer):
            yield _sorted(place), block
        else:
            hidden.append((_sorted(place), others))
    if viewer == UNKNOWN:
        return
    for rows, columns in ((True, True), (True, False), (False, False)):
        groups: dict[Place, list[list[Contribution]]] = defaultdict(list)
        for place, others in hidden:
            wider = Place(place.rows if rows else (), place.columns if columns else ())
            groups[wider].append(others)
        hidden = []
        for place, lists in groups.items():
            if block := _block(_together(lists, limit), limit, viewer):
                yield place, block
            else:
                hidden.append((place, [one for some in lists for one in some]))


def _sorted(place: Place) -> Place:
    return Place(tuple(sorted(set(place.rows))), tuple(sorted(set(place.columns))), place.part)


def _together(lists: Sequence[Sequence[Contribution]], limit: int) -> list[Contribution]:
    """All contributions of hidden groups, without the anonymous companies that would tell how many are in each group."""
    everything = [one for some in lists for one in some]
    most = (limit - 1) * (len(lists) - 1) + 1
    dropped = set(sorted(_companies(everything)[0])[most:])
    return [one for one in everything if one.company not in dropped]
