"""One slide of a Klausur: a module with what may be shown of its demand, what members said about it, and its next runs."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import Feedback, FeedbackKind, Retreat, RetreatItem, Run, RunState
from catalogue.services import feedback
from catalogue.services.permissions import Actor
from catalogue.services.reports import today
from catalogue.services.retreat_results import Live, live
from catalogue.services.retreats import get

__all__ = ["Slide", "slide"]

QUOTES, QUESTIONS, RUNS = 3, 3, 3  # what fits a slide without scrolling


@dataclass(frozen=True)
class Slide:
    """What is on the wall. ``item`` None: the slide with the code; ``number`` counts from 1; neighbours None at either end."""

    retreat: Retreat
    item: RetreatItem | None
    number: int
    before: RetreatItem | None
    after: RetreatItem | None
    live: Live
    quotes: tuple[Feedback, ...] = ()
    questions: tuple[Feedback, ...] = ()
    runs: tuple[Run, ...] = ()

    @property
    def voices(self) -> int:
        """How many remarks and runs the second face of the slide has."""
        return len(self.quotes) + len(self.questions) + len(self.runs)


def slide(session: Session, actor: Actor, retreat_id: uuid.UUID) -> Slide:
    """Return the slide that is on the wall now."""
    retreat = get(session, actor, retreat_id)
    now = live(session, actor, retreat_id)
    items = retreat.items
    place = next((number for number, item in enumerate(items) if item.id == retreat.current_id), None)
    if place is None:
        return Slide(retreat, None, 0, None, items[0] if items else None, now)
    item = items[place]
    before = items[place - 1] if place else None
    after = items[place + 1] if place + 1 < len(items) else None
    quotes, questions = _remarks(session, actor, item)
    return Slide(retreat, item, place + 1, before, after, now, quotes, questions, _runs(session, item))


def _remarks(session: Session, actor: Actor, item: RetreatItem) -> tuple[tuple[Feedback, ...], tuple[Feedback, ...]]:
    """What all members may read, without names: remarks, and questions that nobody has answered yet."""
    said = feedback.of_module(session, actor, item.module)
    quotes = [one for one in said if one.kind != FeedbackKind.QUESTION]
    questions = [one for one in said if one.kind == FeedbackKind.QUESTION and not one.answer]
    return tuple(quotes[:QUOTES]), tuple(questions[:QUESTIONS])


def _runs(session: Session, item: RetreatItem) -> tuple[Run, ...]:
    coming = Run.state.in_((RunState.PLANNED, RunState.CONFIRMED, RunState.FULL))
    wanted = select(Run).where(Run.module_id == item.module_id, coming, Run.starts_on >= today())
    return tuple(session.scalars(wanted.order_by(Run.starts_on).limit(RUNS)))
