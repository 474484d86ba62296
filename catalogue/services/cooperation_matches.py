"""Offers beside needs: pairs of the same kind, with a score that says why. Pure arithmetic over the entries, nothing is written.

Points: same topic 2, one side open to every topic 1; same region 2, one side anywhere 1; periods that do not meet cost 1. A pair of 2 or
more is worth a look. Two entries of one company never match.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from catalogue.models import CooperationDirection, CooperationEntry, CooperationKind, Term
from catalogue.services.exports import Column, Kind, Table
from catalogue.services.periods import first_day, last_day
from catalogue.services.report_query import named_period
from catalogue.services.supply import ONLINE
from catalogue.texts import N_

__all__ = ["BEST", "Match", "Matching", "Needed", "entries_table", "match", "matches_table", "score"]

WORTH_A_LOOK = 2
BEST = 4
SAME_TOPIC, ANY_TOPIC, OTHER_TOPIC = N_("gleiches Thema"), N_("für jedes Thema"), N_("anderes Thema")
SAME_REGION, ANY_REGION, OTHER_REGION = N_("gleiche Region"), N_("Region offen"), N_("andere Region")
OTHER_PERIOD = N_("anderer Zeitraum")
EVERYWHERE = (ONLINE, "bundesweit")  # regions that stand for any


@dataclass(frozen=True)
class Match:
    """An offer for a need: points from 0 to 4 and the reasons for them."""

    offer: CooperationEntry
    need: CooperationEntry
    points: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Needed:
    """What a company seeks, and the offers for it, best first."""

    need: CooperationEntry
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Matching:
    """All needs, those with matches first, and the offers that nobody needs yet."""

    needs: tuple[Needed, ...]
    unused: tuple[CooperationEntry, ...]

    @property
    def matched(self) -> list[Needed]:
        """Needs with at least one offer."""
        return [one for one in self.needs if one.matches]

    @property
    def unmatched(self) -> list[Needed]:
        """Needs without any offer."""
        return [one for one in self.needs if not one.matches]

    @property
    def pairs(self) -> list[Match]:
        """Every match."""
        return [pair for one in self.needs for pair in one.matches]


def match(entries: Iterable[CooperationEntry]) -> Matching:
    """Set offers beside needs of the same kind."""
    offers: dict[CooperationKind, list[CooperationEntry]] = defaultdict(list)
    needs: list[CooperationEntry] = []
    for entry in entries:
        if entry.direction == CooperationDirection.OFFERS:
            offers[entry.kind].append(entry)
        else:
            needs.append(entry)
    found = [Needed(need, _for(need, offers[need.kind])) for need in needs]
    found.sort(key=lambda one: -one.matches[0].points if one.matches else 1)
    used = {pair.offer.id for one in found for pair in one.matches}
    unused = [offer for of_kind in offers.values() for offer in of_kind if offer.id not in used]
    return Matching(tuple(found), tuple(unused))


def score(offer: CooperationEntry, need: CooperationEntry) -> Match:
    """Return the points of a pair and why."""
    topic, why_topic = _points(offer.topic, need.topic, (SAME_TOPIC, ANY_TOPIC, OTHER_TOPIC))
    region, why_region = _points(
        _somewhere(offer.region), _somewhere(need.region), (SAME_REGION, ANY_REGION, OTHER_REGION)
    )
    together = _meet(offer.period, need.period)
    reasons = (why_topic, why_region) if together else (why_topic, why_region, OTHER_PERIOD)
    return Match(offer, need, max(0, topic + region - (not together)), reasons)


def _for(need: CooperationEntry, offers: Sequence[CooperationEntry]) -> tuple[Match, ...]:
    topic, region = need.topic, _somewhere(need.region)
    # most pairs are about other topics and regions: only the rest is looked at closely (one session has one object per term)
    near = [
        offer
        for offer in offers
        if (2 if offer.topic is topic and topic else 0 if offer.topic and topic else 1)
        + (2 if offer.region is region and region else 0 if region and _somewhere(offer.region) else 1)
        >= WORTH_A_LOOK
    ]
    pairs = [score(offer, need) for offer in near if offer.company_id != need.company_id]
    worth = [pair for pair in pairs if pair.points >= WORTH_A_LOOK]
    return tuple(sorted(worth, key=lambda pair: (-pair.points, pair.offer.company.sort_name)))


def _points(mine: Term | None, yours: Term | None, reasons: tuple[str, str, str]) -> tuple[int, str]:
    same, open_, other = reasons
    if mine is None or yours is None:
        return 1, open_
    return (2, same) if mine is yours or mine.id == yours.id else (0, other)


def _somewhere(region: Term | None) -> Term | None:
    return None if region is None or region.code in EVERYWHERE else region


@lru_cache(maxsize=10_000)
def _meet(one: str, other: str) -> bool:
    """Whether two periods have a day in common; an open one meets every other."""
    begin, end, first, last = first_day(one), last_day(one), first_day(other), last_day(other)
    return begin is None or end is None or first is None or last is None or (begin <= last and first <= end)


ENTRY_COLUMNS = (
    Column("company", "Unternehmen"), Column("direction", "Bietet oder sucht"), Column("kind", "Art"), Column("topic", "Thema"),
    Column("region", "Region"), Column("place", "Ort"), Column("capacity", "Umfang"), Column("period", "Zeitraum"),
    Column("text", "Beschreibung"), Column("confidentiality", "Wer sieht das?"), Column("source", "Herkunft"),
    Column("source_date", "Angabe vom", Kind.DATE), Column("updated", "Zuletzt geändert", Kind.MOMENT), Column("matches", "Passende", Kind.NUMBER),
)  # fmt: skip


def entries_table(entries: Iterable[CooperationEntry], found: Matching, notes: Sequence[tuple[str, str]] = ()) -> Table:
    """Return all entries, with how many of the other side match each."""
    counted: dict[object, int] = defaultdict(int)
    for pair in found.pairs:
        counted[pair.offer.id] += 1
        counted[pair.need.id] += 1
    rows = [
        {
            "company": one.company.name, "direction": one.direction, "kind": one.kind, "topic": _label(one.topic),
            "region": _label(one.region), "place": one.place, "capacity": one.capacity, "period": named_period(one.period)[0],
            "text": one.text, "confidentiality": one.confidentiality, "source": one.source, "source_date": one.source_date,
            "updated": one.updated_at, "matches": counted[one.id],
        }
        for one in entries
    ]  # fmt: skip
    return Table("Zusammenarbeit: Angebote und Gesuche", ENTRY_COLUMNS, rows, notes)


def matches_table(found: Matching, notes: Sequence[tuple[str, str]] = ()) -> Table:
    """Return every pair with its points and reasons; needs without an offer have empty columns."""
    columns = (
        Column("kind", "Art"), Column("need", "Sucht"), Column("need_text", "Gesuch"), Column("offer", "Bietet"),
        Column("offer_text", "Angebot"), Column("points", "Punkte", Kind.NUMBER), Column("reasons", "Weil"),
    )  # fmt: skip
    rows: list[dict[str, object]] = []
    for one in found.needs:
        about: dict[str, object] = {"kind": one.need.kind, "need": one.need.company.name, "need_text": one.need.text}
        rows += [
            about | {"offer": pair.offer.company.name, "offer_text": pair.offer.text, "points": pair.points, "reasons": list(pair.reasons)}
            for pair in one.matches
        ] or [about]  # fmt: skip
    return Table("Zusammenarbeit: passende Paare", columns, rows, notes)


def _label(term: Term | None) -> str:
    return term.label_de if term else ""
