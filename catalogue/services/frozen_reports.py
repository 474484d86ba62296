"""Reports whose figures, filters and way of counting stay as they were when somebody froze them."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import metadata
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import undefer_group

from catalogue.db import Session, utcnow
from catalogue.models import FrozenReport
from catalogue.services import audit, report_board, report_choices, report_figures, reports
from catalogue.services.errors import Invalid, NotFound, Stale
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require
from catalogue.services.report_json import Figures, figures_of, json_of, query_json, query_of, same_question
from catalogue.services.report_query import DEFINITIONS, By, ReportQuery
from catalogue.services.report_records import BERLIN, end_of_day
from catalogue.texts import N_

__all__ = [
    "FreezeInput", "Listed", "archive", "figures", "freeze", "get", "intact", "listed", "moment_of", "note", "others", "previous",
    "question", "rename", "restore",
]  # fmt: skip

PER_PAGE = 50
LONGEST_TITLE, LONGEST_PURPOSE = 200, 5_000


@dataclass(frozen=True)
class FreezeInput:
    """What to freeze: the question with the search text that it came from, and what the report is for."""

    title: str
    purpose: str
    query: ReportQuery
    text: str = ""


@dataclass(frozen=True)
class Listed:
    """One page of reports, newest day first."""

    reports: tuple[FrozenReport, ...]
    total: int
    page: int
    pages: int


def freeze(session: Session, actor: Actor, given: FreezeInput, k: int) -> FrozenReport:
    """Count and keep the figures as of the query's day; for today or without a day up to this moment.

    *k*: how many companies a figure needs before outsiders see it.
    """
    require(actor, "report.freeze")
    title, purpose = _title(given.title), _purpose(given.purpose)
    query, now = _settled(given.query), utcnow()
    counted = report_figures.count(session, actor, query)
    report = FrozenReport(
        title=title,
        purpose=purpose,
        as_of=query.as_of,
        at=query.at,
        query=query_json(query, given.text) | {"words": _words(session, actor, query, given.text)},
        summary=counted.figures.summary,
        figures=json_of(counted.figures),
        basis=counted.basis,
        disclosed=report_board.disclosed(session, query, counted, k),
        method=_method(k, counted.figures),
        made_at=now,
        made_by_id=actor.user_id,
        made_by_label=actor.label,
    )
    report.checksum = _checksum(report)
    session.add(report)
    session.flush()
    audit.record(session, actor, "report.frozen", report, as_of=report.as_of.isoformat(), checksum=report.checksum)
    return report


def _words(session: Session, actor: Actor, query: ReportQuery, text: str) -> list[list[str]]:
    """The filters in the words of that day: names of companies and topics may change."""
    found = report_choices.described(session, actor, replace(query, by=By.MODULE), "", text)
    return [[name, said] for name, said in found[2:]]


def _settled(query: ReportQuery) -> ReportQuery:
    """Return *query* with a day; today's report speaks of this moment, because the day is not over."""
    now, today = utcnow() + timedelta(microseconds=1), reports.today()
    if query.as_of and query.as_of > today:
        raise Invalid("as_of", N_("Ein Bericht wird für heute oder einen vergangenen Tag festgeschrieben."))
    if query.as_of is None or query.as_of == today:
        return replace(query, as_of=today, at=query.at or now)
    end_of_day(query.as_of)
    return query


def get(session: Session, actor: Actor, report_id: uuid.UUID) -> FrozenReport:
    """Return a report with all that was kept."""
    require(actor, "report.see")
    loaded = undefer_group("kept")
    report = session.scalar(select(FrozenReport).where(FrozenReport.id == report_id).options(loaded))
    if report is None:
        raise NotFound()
    return report


def listed(session: Session, actor: Actor, *, archived: bool = False, page: int = 1) -> Listed:
    """Return reports, the newest day first; the archived ones only if asked for."""
    require(actor, "report.see")
    state = FrozenReport.archived_at.is_not(None) if archived else FrozenReport.archived_at.is_(None)
    total = session.scalar(select(func.count()).select_from(FrozenReport).where(state)) or 0
    page, pages = within(page, total, PER_PAGE)
    ordered = select(FrozenReport).where(state).order_by(FrozenReport.as_of.desc(), FrozenReport.made_at.desc())
    rows = session.scalars(ordered.offset((page - 1) * PER_PAGE).limit(PER_PAGE))
    return Listed(tuple(rows), total, page, pages)


def others(session: Session, actor: Actor, report: FrozenReport) -> list[FrozenReport]:
    """Return the reports that *report* can be compared with, the newest day first."""
    return [one for one in listed(session, actor).reports if one.id != report.id]


def previous(session: Session, actor: Actor, report: FrozenReport) -> FrozenReport | None:
    """Return the newest report of an earlier moment that asked the same, None if there is none."""
    require(actor, "report.see")
    earlier = select(FrozenReport).where(
        FrozenReport.as_of <= report.as_of, FrozenReport.archived_at.is_(None), FrozenReport.id != report.id
    )
    fitting = [
        one
        for one in session.scalars(earlier.order_by(FrozenReport.as_of.desc()).limit(500))
        if moment_of(one) < moment_of(report) and same_question(one.query, report.query)
    ]
    return max(fitting, key=lambda one: (moment_of(one), one.made_at), default=None)


def rename(session: Session, actor: Actor, report_id: uuid.UUID, title: str, version: int) -> FrozenReport:
    """Correct the title; the figures stay. Stale if somebody else was faster."""
    require(actor, "report.freeze")
    report = get(session, actor, report_id)
    if report.version != version:
        raise Stale(report, title)
    title, before = _title(title), report.title
    if title != before:
        report.title = title
        session.flush()
        audit.record(session, actor, "report.renamed", report, before=before)
    return report


def archive(session: Session, actor: Actor, report_id: uuid.UUID) -> FrozenReport:
    """Put a report away. Nothing is deleted, but its links end to work."""
    return _set_archived(session, actor, report_id, utcnow(), "report.archived")


def restore(session: Session, actor: Actor, report_id: uuid.UUID) -> FrozenReport:
    """Take a report out of the archive."""
    return _set_archived(session, actor, report_id, None, "report.restored")


def _set_archived(
    session: Session, actor: Actor, report_id: uuid.UUID, at: datetime | None, action: str
) -> FrozenReport:
    require(actor, "report.freeze")
    report = get(session, actor, report_id)
    if (report.archived_at is None) != (at is None):
        report.archived_at = at
        session.flush()
        audit.record(session, actor, action, report)
    return report


def question(report: FrozenReport, by: By = By.MODULE) -> ReportQuery:
    """Return what the report was asked, as of its moment."""
    return query_of(report.query, report.as_of, report.at, by)


def figures(report: FrozenReport) -> Figures:
    """Return the figures that were kept."""
    return figures_of(report.figures)


def moment_of(report: FrozenReport) -> datetime:
    """Return the first moment that does not count any more."""
    return report.at or end_of_day(report.as_of)


def note(session: Session, actor: Actor, report: FrozenReport, action: str, **details: Any) -> None:
    """Record that somebody looked at figures of named companies or took them away."""
    require(actor, "report.see")
    audit.record(session, actor, action, report, **details)


def intact(report: FrozenReport) -> bool:
    """Whether what is stored is still what was frozen."""
    return _checksum(report) == report.checksum


def _checksum(report: FrozenReport) -> str:
    kept: Sequence[Any] = (
        report.as_of.isoformat(), report.at.isoformat() if report.at else None, report.purpose, report.query, report.figures,
        report.basis, report.disclosed, report.method, report.made_at.isoformat(),
    )  # fmt: skip
    text = json.dumps(kept, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _method(k: int, found: Figures) -> dict[str, Any]:
    """How was counted, in the words of that day."""
    return {
        "definitions": [[name, sentence] for name, sentence in DEFINITIONS],
        "k": k,
        "statements": found.total.records,
        "software": _software(),
        "zone": str(BERLIN),
    }


@lru_cache
def _software() -> str:
    try:
        return f"modulkatalog {metadata.version('modulkatalog')}"
    except metadata.PackageNotFoundError:
        return "modulkatalog"


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise Invalid("title", N_("Geben Sie dem Bericht einen Titel, zum Beispiel „Bericht zur Klausur 2026“."))
    if len(title) > LONGEST_TITLE:
        raise Invalid("title", N_("Der Titel darf höchstens %(most)s Zeichen haben."), most=LONGEST_TITLE)
    return title


def _purpose(text: str) -> str:
    if len(text.strip()) > LONGEST_PURPOSE:
        raise Invalid("purpose", N_("Der Text darf höchstens %(most)s Zeichen haben."), most=LONGEST_PURPOSE)
    return text.strip()
