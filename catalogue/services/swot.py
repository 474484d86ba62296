"""Strengths, weaknesses, opportunities, threats and questions: what companies say, counted and quoted, and what staff make of it.

Staff see all remarks with their companies. Members see a field only once staff published its text, quotes only of remarks that are
for all members, never who wrote them, and how many companies only as far as disclosure.py lets through.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from sqlalchemy.engine import Row

from catalogue.db import Session
from catalogue.models import (
    Company,
    Feedback,
    FeedbackKind,
    FeedbackState,
    FeedbackStep,
    FeedbackVisibility,
    SwotText,
)
from catalogue.services import disclosure
from catalogue.services.disclosure import Contribution
from catalogue.services.exports import BERLIN, Column, Kind, Table
from catalogue.services.feedback import LOADED
from catalogue.services.permissions import Actor, require
from catalogue.services.report_records import end_of_day
from catalogue.services.swot_subjects import Subject, concerned
from catalogue.texts import N_

__all__ = ["Board", "Field", "Said", "SwotQuery", "board", "for_members", "table", "texts_of"]

_Remark = Row[uuid.UUID, FeedbackKind, FeedbackState, uuid.UUID]
SHOWN = 6  # quotes of a field; the others are in the inbox and in the exports


@dataclass(frozen=True)
class SwotQuery:
    """Which remarks: in these states (all if empty), given since a day, as it was at the end of a day (Berlin)."""

    states: tuple[FeedbackState, ...] = ()
    since: date | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class Said:
    """One remark and where it stood on the day that was asked for."""

    feedback: Feedback
    state: FeedbackState


@dataclass(frozen=True)
class Field:
    """One field: how many remarks of how many companies (None: may not be told), the newest quotes, what staff wrote."""

    kind: FeedbackKind
    remarks: int
    companies: int | None
    quotes: tuple[Said, ...]
    text: SwotText | None

    @property
    def more(self) -> int:
        """How many remarks are not quoted."""
        return self.remarks - len(self.quotes)


@dataclass(frozen=True)
class Board:
    """All fields of one SWOT, in the order of FeedbackKind; ``companies`` counts each company once."""

    subject: Subject
    fields: tuple[Field, ...]
    remarks: int
    companies: int


def board(session: Session, actor: Actor, subject: Subject, query: SwotQuery) -> Board:
    """Return the SWOT with everything that was said, for staff."""
    require(actor, "report.see")
    rows, states = _rows(session, subject, query)
    texts = texts_of(session, subject)
    quoted = _loaded(session, [row.id for kind in FeedbackKind for row in _of(rows, kind)[:SHOWN]])
    fields = []
    for kind in FeedbackKind:
        listed = _of(rows, kind)
        quotes = tuple(Said(quoted[row.id], states[row.id]) for row in listed[:SHOWN])
        fields.append(Field(kind, len(listed), len({row.company_id for row in listed}), quotes, texts.get(kind)))
    return Board(subject, tuple(fields), len(rows), len({row.company_id for row in rows}))


def for_members(session: Session, actor: Actor, subject: Subject, k: int) -> tuple[Field, ...]:
    """Return the fields whose text is published, with what members may know of the remarks."""
    require(actor, "swot.read")
    texts = {kind: text for kind, text in texts_of(session, subject).items() if text.published}
    slugs = {row.id: row.slug for row in session.execute(sa.select(Company.id, Company.slug))}
    rows, states = _rows(session, subject, SwotQuery(), Feedback.visibility == FeedbackVisibility.MEMBERS)
    viewer = slugs.get(actor.company_id, "") if actor.company_id else ""
    quoted = _loaded(session, [row.id for kind in texts for row in _of(rows, kind)[:SHOWN]])
    fields = []
    for kind in (kind for kind in FeedbackKind if kind in texts):
        listed = _of(rows, kind)
        given = (Contribution(slugs[row.company_id], None, False) for row in listed)
        quotes = tuple(Said(quoted[row.id], states[row.id]) for row in listed[:SHOWN])
        fields.append(Field(kind, len(listed), disclosure.figures(given, k, viewer).companies, quotes, texts[kind]))
    return tuple(fields)


def texts_of(session: Session, subject: Subject) -> dict[FeedbackKind, SwotText]:
    """Return what staff wrote to the fields of one SWOT."""
    wanted = (SwotText.scope == subject.scope, SwotText.reference == subject.reference)
    return {text.field: text for text in session.scalars(sa.select(SwotText).where(*wanted))}


def _rows(
    session: Session, subject: Subject, query: SwotQuery, *more: sa.ColumnElement[bool]
) -> tuple[list[_Remark], Mapping[uuid.UUID, FeedbackState]]:
    """The remarks in question, newest first, as plain rows, and the state of each on the day."""
    wanted = [concerned(session, subject), *more]
    if query.since:
        wanted.append(Feedback.created_at >= datetime.combine(query.since, time(), BERLIN).astimezone(UTC))
    if query.as_of:
        wanted.append(Feedback.created_at < end_of_day(query.as_of))
    columns = (Feedback.id, Feedback.kind, Feedback.state, Feedback.company_id)
    found = session.execute(sa.select(*columns).where(*wanted).order_by(Feedback.created_at.desc(), Feedback.id)).all()
    states = {row.id: row.state for row in found}
    if query.as_of:
        states = dict.fromkeys(states, FeedbackState.NEW) | _states_at(session, wanted, end_of_day(query.as_of))
    return [row for row in found if not query.states or states[row.id] in query.states], states


def _states_at(
    session: Session, wanted: Iterable[sa.ColumnElement[bool]], end: datetime
) -> dict[uuid.UUID, FeedbackState]:
    """Where each remark stood: its last step before *end* that led to a state. Who hides or moves has looked at it."""
    steps = session.execute(
        sa.select(FeedbackStep.feedback_id, FeedbackStep.action)
        .join(Feedback, Feedback.id == FeedbackStep.feedback_id)
        .where(*wanted, FeedbackStep.at < end)
        .order_by(FeedbackStep.at, FeedbackStep.id)
    )
    names = {state.value for state in FeedbackState}
    found: dict[uuid.UUID, FeedbackState] = {}
    for identity, action in steps:
        if action.value in names:
            found[identity] = FeedbackState(action.value)
        else:
            found.setdefault(identity, FeedbackState.SEEN)
    return found


def _of(rows: Iterable[_Remark], kind: FeedbackKind) -> list[_Remark]:
    return [row for row in rows if row.kind == kind]


def _loaded(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, Feedback]:
    rows = session.scalars(sa.select(Feedback).where(Feedback.id.in_(ids)).options(*LOADED))
    return {one.id: one for one in rows}


COLUMNS = (
    Column("kind", N_("Feld")), Column("text", N_("Rückmeldung")), Column("module", N_("Modul")),
    Column("company", N_("Unternehmen")), Column("at", N_("Gemeldet am"), Kind.DATE), Column("state", N_("Stand")),
    Column("answer", N_("Antwort")), Column("visibility", N_("Sichtbar für")),
)  # fmt: skip


def table(session: Session, actor: Actor, subject: Subject, query: SwotQuery) -> Table:
    """Return all remarks of one SWOT, field by field, for staff; the texts of the fields are notes."""
    require(actor, "report.see")
    rows, states = _rows(session, subject, query)
    loaded: dict[uuid.UUID, Feedback] = {}
    ids = [row.id for row in rows]
    for start in range(0, len(ids), 500):
        loaded |= _loaded(session, ids[start : start + 500])
    ordered = defaultdict(list)
    for row in rows:
        ordered[row.kind].append(loaded[row.id])
    lines = [
        {
            "kind": kind, "text": one.text, "module": one.module.title if one.module else "", "company": one.company.name,
            "at": one.created_at, "state": states[one.id], "answer": one.answer, "visibility": one.visibility,
        }
        for kind in FeedbackKind for one in ordered[kind]
    ]  # fmt: skip
    notes = [(N_("Worum es geht"), f"{subject.scope.label}: {subject.label}" if subject.key else subject.label)]
    notes.append((N_("Stand"), f"{query.as_of:%d.%m.%Y}" if query.as_of else f"{datetime.now(BERLIN):%d.%m.%Y %H:%M}"))
    if query.since:
        notes.append((N_("Gemeldet seit"), f"{query.since:%d.%m.%Y}"))
    if query.states:
        notes.append((N_("Stände"), " oder ".join(state.label for state in query.states)))
    notes += [(kind.label, text.text) for kind, text in texts_of(session, subject).items() if text.text]
    return Table(f"SWOT {subject.label}", COLUMNS, lines, notes)
