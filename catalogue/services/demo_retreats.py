"""Two invented Klausuren: one of last year with its result, and the next one, prepared to be opened."""

from datetime import datetime, timedelta

from catalogue.db import Session
from catalogue.models import Importance, Recommendation, Retreat, RetreatParticipant, RetreatState, RetreatVote, Voting
from catalogue.services import retreat_agenda, retreats
from catalogue.services.permissions import SYSTEM
from catalogue.services.retreats import RetreatInput

__all__ = ["add"]

MODULES, VOTED = 12, 6
VOTERS = 11
QUESTION = "Reicht uns ein Termin im Jahr, oder brauchen wir zwei?"
NOTE = "Vorher bei zwei Unternehmen nach den Personenzahlen fragen."


def add(session: Session, now: datetime, k: int) -> None:
    """Add both, with the modules that the invented companies want most."""
    _held(session, now - timedelta(days=364), k)
    coming = _made(session, now + timedelta(days=9), now, MODULES, k)
    for item, question in zip(coming.items[:1], (QUESTION,), strict=False):
        retreat_agenda.write_item(session, SYSTEM, coming.id, item.id, question, NOTE)


def _made(session: Session, day: datetime, as_of: datetime, modules: int, k: int) -> Retreat:
    given = RetreatInput(f"Klausur {day.year}", day.date(), as_of.date())
    made = retreats.create(session, SYSTEM, given)
    retreat_agenda.add_most_wanted(session, SYSTEM, made.id, modules, (), k)
    return retreats.get(session, SYSTEM, made.id)


def _held(session: Session, day: datetime, k: int) -> None:
    held = _made(session, day, day + timedelta(days=364), VOTED, k)
    held.as_of = day.date()
    people = [RetreatParticipant(retreat_id=held.id, joined_at=day) for _ in range(VOTERS)]
    session.add_all(people)
    session.flush()
    importances, advice = list(Importance), list(Recommendation)
    for place, item in enumerate(held.items):
        item.voting, item.companies, item.people = Voting.LOCKED, None, None  # a year ago nobody had said anything yet
        for number, person in enumerate(people[: VOTERS - place % 3]):
            said = importances[(number * (place + 2) // 7 + place) % 3]
            rest = advice[(number + place) * (number + 3) // 9 % 4]
            session.add(
                RetreatVote(item_id=item.id, participant_id=person.id, importance=said, recommendation=rest, at=day)
            )
    held.state, held.closed_at = RetreatState.CLOSED, day + timedelta(hours=7)
    session.flush()
