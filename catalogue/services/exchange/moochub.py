"""Modules as MOOChub lists courses (schema 3.0.1, https://github.com/MOOChub/schema): JSON:API documents, page by page."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from catalogue.models import Run
from catalogue.services.exchange.facts import Facts
from catalogue.services.run_times import daily

__all__ = ["MEDIA_TYPE", "PER_PAGE", "VERSION", "Listing", "course", "document", "is_spoken"]

VERSION = "3.0"
NEWEST = ("3", "3.0", "3.0.1")
MEDIA_TYPE = f"application/vnd.api+json; moochub-version={VERSION}"
PER_PAGE = 50
BERLIN = ZoneInfo("Europe/Berlin")
KIND = {
    "identifier": "https://w3id.org/kim/hcrt/course",
    "type": "Concept",
    "inScheme": "https://w3id.org/kim/hcrt/scheme",
}
PROPRIETARY = {"identifier": "proprietary", "url": None}
PROFESSIONALS = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/professional"
CREDENTIALS = {
    "teilnahme": "confirmation of participation", "pruefung": "certificate", "ihk": "certificate", "hwk": "certificate",
    "zertifikat": "certificate", "hv-fachkunde": "certificate", "adr": "certificate", "badge": "record of achievement",
}  # fmt: skip
Node = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page: its courses, and where it stands among all pages."""

    courses: Sequence[Facts]
    page: int
    pages: int


def is_spoken(accept: str) -> bool:
    """Whether an ``Accept`` header allows this version: it names no version of MOOChub, or ours among others."""
    return not accept.strip() or any(_takes_ours(one) for one in accept.split(","))


def _takes_ours(media_range: str) -> bool:
    named = (part.partition("=") for part in media_range.split(";")[1:])
    given = {name.strip().lower(): value.strip().strip('"') for name, _, value in named}
    refused = re.fullmatch(r"0(\.0*)?", given.get("q", ""))
    return not refused and given.get("moochub-version", VERSION) in NEWEST


def document(listing: Listing, url: str) -> Node:
    """Return the JSON:API document of one page of the list at *url*."""

    def link(page: int) -> str:
        return f"{url}?{urlencode({'page': page})}"

    links = {"self": link(listing.page), "first": link(1), "last": link(listing.pages)}
    if listing.page > 1:
        links["prev"] = link(listing.page - 1)
    if listing.page < listing.pages:
        links["next"] = link(listing.page + 1)
    return {"links": links, "data": [course(facts) for facts in listing.courses]}


def course(facts: Facts) -> Node:
    """Return one module as a resource object; its id is the module's own UUID."""
    return {"id": str(facts.module.id), "type": "Course", "attributes": _attributes(facts)}


def _attributes(facts: Facts) -> Node:
    module, offered_by = facts.module, _organization(facts)
    begins, ends = _series(facts.runs)
    node = {
        "name": module.title,
        "courseCode": module.code,
        "learningResourceType": KIND,
        "description": facts.description,
        "publisher": offered_by,
        "creator": [offered_by],
        "url": facts.url,
        "license": [PROPRIETARY],
        "courseMode": [facts.mode.value] if facts.mode else [],
        "inLanguage": list(facts.languages),
        "startDate": begins,
        "endDate": ends,
        "duration": facts.duration,
        "keywords": list(facts.keywords),
        "access": [] if facts.free is None else ["free" if facts.free else "paid"],
        "offer": [_offer(facts)] if facts.price else [],
        "audience": [PROFESSIONALS],
        "educationalCredentialsAwarded": list(_credentials(facts)),
        "dateCreated": _zulu(module.published_at or module.created_at),
        "dateModified": _zulu(module.updated_at),
    }
    return {key: value for key, value in node.items() if value not in (None, "", [])}


def _offer(facts: Facts) -> Node:
    return {"price": float(facts.price), "priceCurrency": "EUR", "paymentFrequency": "one-time", "category": "course"}


def _credentials(facts: Facts) -> Iterable[str]:
    codes = (term.code for term in facts.module.terms if term.code in CREDENTIALS)
    return dict.fromkeys(CREDENTIALS[code] for code in codes)


def _series(runs: Iterable[Run]) -> tuple[list[str], list[str]]:
    """Begins and ends, place by place. The schema wants no moment twice: of runs at the same time one stands for all."""
    begins: list[str] = []
    ends: list[str] = []
    for run in runs:
        begin, end = _moment(run, run.starts_on, 0), _moment(run, run.last_day, 1)
        if begin not in begins and end not in ends:
            begins.append(begin)
            ends.append(end)
    return begins, ends


def _moment(run: Run, day: date, end: int) -> str:
    """A day with its time as people there read it; midnight, or the end of the day, where no time is stated."""
    span = daily(run.times_text) or (time(0, 0), time(23, 59))
    return datetime.combine(day, span[end], BERLIN).isoformat()


def _zulu(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _organization(facts: Facts) -> Node:
    found = {"type": "Organization", "name": facts.provider or "Modulkatalog BatterieMD"}
    return found | ({"url": facts.provider_url} if facts.provider_url else {})
