"""Strengths, weaknesses, opportunities, threats and questions: what companies say, counted and quoted, and what staff make of it.

Staff see all remarks with their companies. Members see a field only once staff published its text, quotes only of remarks that are
for all members, never who wrote them, and how many companies only as far as disclosure.py lets through.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

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
from catalogue.services.permissions import Actor, require
from catalogue.services.report_records import end_of_day
from catalogue.services.swot_subjects import Subject, concerned
from catalogue.texts import N_

__all__ = ["Board", "Field", "Said", "SwotQuery", "board", "for_members", "table", "texts_of"]

ORDER = {kind: place for place, kind in enumerate(FeedbackKind)}
AT_ONCE = 500
SHOWN_WITH = (joinedload(Feedback.module), joinedload(Feedback.company))
SHOWN, MOST = 6, 500  # quotes of a field at first, and of the one that is shown in full; all are in the exports


@dataclass(frozen=True)
class SwotQuery:
    """Which remarks: in these states (all if empty), given since a day, as it was at the end of a day (Berlin).

    ``full``: of this field all remarks are quoted.
    """

    states: tuple[FeedbackState, ...] = ()
    since: date | None = None
    as_of: date | None = None
    full: FeedbackKind | None = None


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
    asked = _Asked(session, subject, query)
    columns = (
        Feedback.kind,
        sa.func.count().label("n"),
        sa.func.count(Feedback.company_id.distinct()).label("companies"),
    )
    counts = {
        row.kind: row for row in session.execute(sa.select(*columns).where(*asked.wanted).group_by(Feedback.kind))
    }
    companies = session.scalar(sa.select(sa.func.count(Feedback.company_id.distinct())).where(*asked.wanted)) or 0
    texts, quotes = texts_of(session, subject), asked.quotes(list(counts), query.full)
    fields = tuple(
        Field(kind, counts[kind].n, counts[kind].companies, quotes[kind], texts.get(kind))
        if kind in counts
        else Field(kind, 0, 0, (), texts.get(kind))
        for kind in FeedbackKind
    )
    return Board(subject, fields, sum(field.remarks for field in fields), companies)


def for_members(session: Session, actor: Actor, subject: Subject, k: int) -> tuple[Field, ...]:
    """Return the fields whose text is published, with what members may know of the remarks."""
    require(actor, "swot.read")
    texts = {kind: text for kind, text in texts_of(session, subject).items() if text.published}
    active = Feedback.company_id.in_(sa.select(Company.id).where(Company.active))
    asked = _Asked(session, subject, SwotQuery(), Feedback.visibility == FeedbackVisibility.MEMBERS, active)
    said = sa.select(Feedback.kind, Company.slug, sa.func.count().label("n")).join(Feedback.company)
    given = defaultdict(list)
    for row in session.execute(said.where(*asked.wanted).group_by(Feedback.kind, Company.slug)):
        given[row.kind].append(row)
    viewer = session.scalar(sa.select(Company.slug).where(Company.id == actor.company_id)) or ""
    quotes = asked.quotes([kind for kind in texts if kind in given])
    fields = []
    for kind in (kind for kind in FeedbackKind if kind in texts):
        companies = disclosure.figures(
            (Contribution(row.slug, None, False) for row in given[kind]), k, viewer
        ).companies
        fields.append(Field(kind, sum(row.n for row in given[kind]), companies, quotes.get(kind, ()), texts[kind]))
    return tuple(fields)


def texts_of(session: Session, subject: Subject) -> dict[FeedbackKind, SwotText]:
    """Return what staff wrote to the fields of one SWOT."""
    wanted = (SwotText.scope == subject.scope, SwotText.reference == subject.reference)
    return {text.field: text for text in session.scalars(sa.select(SwotText).where(*wanted))}


class _Asked:
    """The remarks that a question is about, newest first, each with its state on the day that was asked for."""

    def __init__(self, session: Session, subject: Subject, query: SwotQuery, *more: sa.ColumnElement[bool]) -> None:
        self.session = session
        end = end_of_day(query.as_of) if query.as_of else None
        self.state = _state_at(end) if end else sa.type_coerce(Feedback.state, sa.String)
        self.wanted = [concerned(session, subject), *more]
        if query.since:
            self.wanted.append(Feedback.created_at >= datetime.combine(query.since, time(), BERLIN).astimezone(UTC))
        if end:
            self.wanted.append(Feedback.created_at < end)
        if query.states:
            self.wanted.append(self.state.in_([state.value for state in query.states]))

    def rows(self, *more: sa.ColumnElement[bool], limit: int | None = None) -> list[Said]:
        """Return the remarks with module and company."""
        wanted = sa.select(Feedback.id, self.state.label("state")).where(*self.wanted, *more)
        found = self.session.execute(wanted.order_by(Feedback.created_at.desc(), Feedback.id).limit(limit)).all()
        loaded: dict[uuid.UUID, Feedback] = {}
        for start in range(0, len(found), AT_ONCE):
            ids = [row.id for row in found[start : start + AT_ONCE]]
            listed = self.session.scalars(sa.select(Feedback).where(Feedback.id.in_(ids)).options(*SHOWN_WITH))
            loaded |= {one.id: one for one in listed}
        return [Said(loaded[row.id], FeedbackState(row.state)) for row in found]

    def quotes(
        self, kinds: Iterable[FeedbackKind], full: FeedbackKind | None = None
    ) -> dict[FeedbackKind, tuple[Said, ...]]:
        """Return the newest remarks of each field, all of the field *full*."""
        limits = {kind: MOST if kind == full else SHOWN for kind in kinds}
        return {kind: tuple(self.rows(Feedback.kind == kind, limit=limit)) for kind, limit in limits.items()}


def _state_at(end: datetime) -> sa.ColumnElement[str]:
    """Where a remark stood: its last step before *end* that led to a state. Who hid or moved it had looked at it."""
    of_remark = (FeedbackStep.feedback_id == Feedback.id, FeedbackStep.at < end)
    action = sa.type_coerce(FeedbackStep.action, sa.String)
    led = action.in_([state.value for state in FeedbackState])
    last = sa.select(action).where(*of_remark, led).order_by(FeedbackStep.at.desc(), FeedbackStep.id.desc()).limit(1)
    touched = sa.exists(sa.select(FeedbackStep.id).where(*of_remark))
    other = sa.case((touched, FeedbackState.SEEN.value), else_=FeedbackState.NEW.value)
    return sa.func.coalesce(last.scalar_subquery(), other, type_=sa.String)


COLUMNS = (
    Column("kind", N_("Feld")), Column("text", N_("Rückmeldung")), Column("module", N_("Modul")),
    Column("company", N_("Unternehmen")), Column("at", N_("Gemeldet am"), Kind.DATE), Column("state", N_("Stand")),
    Column("answer", N_("Antwort")), Column("visibility", N_("Sichtbar für")),
)  # fmt: skip


def table(session: Session, actor: Actor, subject: Subject, query: SwotQuery) -> Table:
    """Return all remarks of one SWOT, field by field, for staff; the texts of the fields are notes."""
    require(actor, "report.see")
    listed = _Asked(session, subject, query).rows()
    lines = [
        {
            "kind": one.kind, "text": one.text, "module": one.module.title if one.module else "", "company": one.company.name,
            "at": one.created_at, "state": state, "answer": one.answer, "visibility": one.visibility,
        }
        for one, state in sorted(((said.feedback, said.state) for said in listed), key=lambda pair: ORDER[pair[0].kind])
    ]  # fmt: skip
    notes = [(N_("Worum es geht"), f"{subject.scope.label}: {subject.label}" if subject.key else subject.label)]
    notes.append((N_("Stand"), f"{query.as_of:%d.%m.%Y}" if query.as_of else f"{datetime.now(BERLIN):%d.%m.%Y %H:%M}"))
    if query.since:
        notes.append((N_("Gemeldet seit"), f"{query.since:%d.%m.%Y}"))
    if query.states:
        notes.append((N_("Stände"), " oder ".join(state.label for state in query.states)))
    notes += [(kind.label, text.text) for kind, text in texts_of(session, subject).items() if text.text]
    return Table(f"SWOT {subject.label}", COLUMNS, lines, notes)
