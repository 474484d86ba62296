"""The address bar as a question for runs. What cannot be used is left out, never an error: links live longer than filters."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from catalogue.services.run_listing import SEATS, SORTS, RunQuery

__all__ = ["WHEN", "AskedRuns", "public_query", "staff_query"]

WHEN = {"coming": _l("kommende"), "past": _l("vergangene"), "all": _l("alle")}
LONGEST = 120  # characters of a word or code


@dataclass(frozen=True)
class AskedRuns:
    """A question with the word for its time."""

    query: RunQuery
    when: str


def public_query(args: MultiDict[str, str], since: date, until: date | None = None) -> RunQuery:
    """Return what visitors ask, between two days."""
    return RunQuery(**_words(args, "topic", "region", "provider"), since=since, until=until, page=_page(args))


def staff_query(args: MultiDict[str, str], today: date) -> AskedRuns:
    """Return what staff ask; without ``when`` only runs that are not over."""
    when = args.get("when", "")
    when = when if when in WHEN else "coming"
    sort = args.get("sort", "")
    seats = args.get("seats", "")
    query = RunQuery(
        **_words(args, "topic", "region", "provider", "state", "measure"),
        text=" ".join(args.get("q", "").split())[:LONGEST],
        seats=seats if seats in SEATS else "",
        since=today if when == "coming" else None,
        until=today - timedelta(days=1) if when == "past" else None,
        sort=sort if sort.removeprefix("-") in SORTS else "-date" if when == "past" else "date",
        page=_page(args),
    )
    return AskedRuns(query, when)


def _words(args: MultiDict[str, str], *names: str) -> dict[str, Any]:
    return {name: args.get(name, "").strip()[:LONGEST] for name in names}


def _page(args: MultiDict[str, str]) -> int:
    text = args.get("page", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 1
