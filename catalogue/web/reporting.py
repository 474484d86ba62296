"""The address bar as a question to the demand: URL parameters become a ReportQuery and back. Page, exports and API share them.

``by`` · ``as_of`` (YYYY-MM-DD) · ``sort`` · the catalogue's ``q``, facets and ``all`` · ``relevance``, ``purpose``, ``period``,
``source``, ``company``, ``company_sector``, ``company_region``, ``company_size``.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import current_app
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from catalogue.db import utcnow
from catalogue.search.results import Query
from catalogue.services import reports, search
from catalogue.services.errors import Invalid
from catalogue.services.matrix_columns import Across
from catalogue.services.report_choices import STATEMENT_FACETS
from catalogue.services.report_query import By, ReportQuery, ReportSort
from catalogue.texts import N_, Text
from catalogue.web.auth import current_actor
from catalogue.web.filters import day, moment
from catalogue.web.queries import args_of, query_from
from catalogue.web.requests import database, db_session

__all__ = ["Asked", "across_from", "as_of_words", "asked_from", "day_from", "note"]

ALL_AT_ONCE = 10_000
MOST_VALUES = 60
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Asked:
    """A report's question, its search text, the parameters that ask it again, and what of the address could not be used."""

    query: ReportQuery
    text: str
    args: dict[str, Any]
    problems: dict[str, Text]

    def strict(self) -> "Asked":
        """Return this; raise Invalid if something of the address could not be used."""
        if self.problems:
            raise Invalid(fields=self.problems)
        return self


def asked_from(args: MultiDict[str, str]) -> Asked:
    """Return the question that URL parameters ask; what cannot be used is left out and named in ``problems``."""
    problems: dict[str, Text] = {}
    found = query_from(args)
    said: dict[str, Any] = {field: _values(args, name) for name, field in STATEMENT_FACETS.items()}
    query = ReportQuery(
        by=_by(args.get("by", ""), problems),
        as_of=day_from(args.get("as_of", ""), "as_of", problems),
        filters=found.filters,
        all_of=found.all_of,
        only=_found(found.text) if found.text else None,
        sort=ReportSort(args["sort"]) if args.get("sort") in set(ReportSort) else ReportSort.DEFAULT,
        **said,
    )
    return Asked(query, found.text, _args(query, found), problems)


def across_from(args: MultiDict[str, str]) -> Across:
    """Return the columns of the matrix that ``across`` names, levels for any other word."""
    return Across(args["across"]) if args.get("across") in set(Across) else Across.LEVEL


def as_of_words(asked: Asked) -> str:
    """ "18.11.2026, 8:00 Uhr" for now, "Ende des 18.11.2026" for a day."""
    if asked.query.as_of:
        return str(gettext("Ende des %(day)s", day=day(asked.query.as_of)))
    return str(gettext("%(moment)s Uhr", moment=moment(utcnow())))


def note(asked: Asked, action: str, **details: Any) -> None:
    """Record that somebody saw or took away figures of named companies. No record, no figures."""
    with database().write() as writing:
        reports.note(writing, current_actor(), asked.query, action, **details)


def _by(text: str, problems: dict[str, Text]) -> By:
    if text and text not in set(By):
        problems["by"] = Text(N_("Zeilen gibt es nach module, topic, company, sector, region und period."))
        return By.MODULE
    return By(text or By.MODULE)


def day_from(text: str, name: str, problems: dict[str, Text]) -> date | None:
    """Return the day that the parameter *name* says, None for none; what is none is named in *problems*."""
    try:
        if not text:
            return None
        if not DAY.fullmatch(text):
            raise ValueError(text)
        found = date.fromisoformat(text)
        reports.end_of_day(found)
    except ValueError:
        problems[name] = Text(N_("Geben Sie den Stand als Tag an, zum Beispiel 2026-11-18."))
    except Invalid as error:
        problems[name] = next(iter(error.fields.values()))
    else:
        return found
    return None


def _found(text: str) -> frozenset[Any]:
    """The modules that a search for *text* finds."""
    page = search.find(
        db_session(), current_actor(), current_app.extensions["search"], Query(text=text, per_page=ALL_AT_ONCE)
    )
    return frozenset(hit.module.id for hit in page.hits)


def _values(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for raw in args.getlist(name) if (value := raw.strip())))[:MOST_VALUES]


def _args(query: ReportQuery, found: Query) -> dict[str, Any]:
    args = args_of(replace(found, sort="", page=1, per_page=20))
    if query.by != By.MODULE:
        args["by"] = query.by.value
    if query.as_of:
        args["as_of"] = query.as_of.isoformat()
    if query.sort:
        args["sort"] = query.sort.value
    args |= {name: list(values) for name, field in STATEMENT_FACETS.items() if (values := getattr(query, field))}
    return args
