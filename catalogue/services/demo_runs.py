"""Invented answers about the first planned run, and searches without a good answer."""

from datetime import datetime, timedelta

from sqlalchemy import select

from catalogue.db import Session
from catalogue.models import CommitmentState, DemandSource, Run, RunCommitment, RunState, SearchGap
from catalogue.services import run_demand
from catalogue.services.periods import covering

__all__ = ["add"]

ANSWERS = (CommitmentState.COMING, CommitmentState.ASKED, CommitmentState.DECLINED)
SEARCHES = (
    ("beschädigte akkus", 9, 2), ("akkus beschädigt", 4, 6), ("nachleuchtende farbe", 6, 3), ("brandschutz löschdecke", 5, 1),
    ("natrium ionen zelle", 8, 4), ("natrium-ionen-zellen", 3, 9), ("förderung batteriezellfertigung", 4, 12),
)  # fmt: skip


def add(session: Session, now: datetime) -> None:
    """Let the companies that want the first planned run answer until *now*, each in another way, and count some searches."""
    run = session.scalars(select(Run).where(Run.state == RunState.PLANNED).order_by(Run.starts_on).limit(1)).first()
    asked = now - timedelta(days=5)
    if run is not None:
        said = run_demand.of_modules(session, [run.module_id]).get(run.module_id, [])
        fitting = [one for one in said if one.period in covering(run.starts_on) and one.people]
        for one, state in zip(fitting, ANSWERS, strict=False):
            coming = state == CommitmentState.COMING
            answer = RunCommitment(
                run_id=run.id, company_id=one.company_id, state=state, asked_at=asked, source=DemandSource.SELF
            )
            answer.people = min(one.people or 1, 4) if coming else None
            answer.answered_at = None if state == CommitmentState.ASKED else asked + timedelta(days=2)
            session.add(answer)
    for text, count, ago in SEARCHES:
        session.add(SearchGap(query=text, day=(now - timedelta(days=ago)).date(), count=count, hits=0))
