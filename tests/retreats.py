"""Makes Klausuren for tests: an agenda of a few modules, phones that have joined."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from catalogue.db import Session
from catalogue.models import Retreat, RetreatItem, RetreatState, VotingWay
from catalogue.services import retreat_agenda, retreat_votes, retreats
from catalogue.services.permissions import SYSTEM
from catalogue.services.retreats import RetreatInput
from tests import factories

DAY = date(2026, 11, 18)


def make_retreat(session: Session, modules: int = 2, *, running: bool = True, **values: Any) -> Retreat:
    """Return a Klausur with *modules* new modules on the agenda; running: open, the first module on the wall."""
    given = RetreatInput("Klausur 2026", DAY, DAY, **{"way": VotingWay.IMPORTANCE, **values})
    made = retreats.create(session, SYSTEM, given)
    slugs = [factories.make_module(session, f"Zelle {uuid4().hex[:6]}").slug for _ in range(modules)]
    retreat_agenda.add(session, SYSTEM, made.id, slugs, 5)
    if running:
        retreats.set_state(session, SYSTEM, made.id, RetreatState.OPEN)
        for item in reversed(items_of(session, made)):
            retreats.show(session, SYSTEM, made.id, item.id)
    return retreats.get(session, SYSTEM, made.id)


def items_of(session: Session, retreat: Retreat) -> list[RetreatItem]:
    return list(retreats.get(session, SYSTEM, retreat.id).items)


def phones(session: Session, retreat: Retreat, number: int) -> Sequence[str]:
    """Tokens of new participants."""
    return [retreat_votes.join(session, retreat.code) for _ in range(number)]
