"""The planned runs of one company as a calendar: runs it answered about, and runs of modules that it marked.

Its address is unguessable and kept as a hash only. Whoever has it reads what the company itself said, so it is made by the company's
admins, shown once, and ends when they revoke it, when who made it leaves, or when the company does.
"""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from catalogue.db import Session, utcnow
from catalogue.models import (
    CommitmentState,
    Company,
    CompanyCalendar,
    Demand,
    Module,
    Relevance,
    Run,
    RunCommitment,
    User,
    WorkflowState,
)
from catalogue.services import audit
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.permissions import Actor, Own, require
from catalogue.services.secrets import hash_token, make_token
from catalogue.texts import N_

__all__ = ["MOST", "create", "end_of", "listed", "opened", "planned", "revoke"]

MOST = 10  # live addresses of one company
LONGEST_NAME = 120
ENDED = N_("Diese Kalenderadresse gibt es nicht oder nicht mehr.")
NOT_COMING = (CommitmentState.DECLINED, CommitmentState.OTHER_TIME)
Planned = tuple[Run, RunCommitment | None]


def create(session: Session, actor: Actor, name: str) -> str:
    """Make an address for the actor's company and return its secret part, which nobody can read again."""
    require(actor, "company.share_calendar", Own(actor.company_id))
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid("name", N_("Schreiben Sie, wofür die Adresse ist (höchstens 120 Zeichen)."))
    if len(_live(session, actor)) >= MOST:
        raise Invalid("name", N_("Es gibt schon %(most)s Adressen. Widerrufen Sie zuerst eine."), most=MOST)
    token = make_token()
    made = CompanyCalendar(
        company_id=actor.company_id, name=name, token_hash=hash_token(token), created_by_id=actor.user_id,
        created_by_label=actor.label[:200],
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, "calendar.link_made", made, label=name)
    return token


def listed(session: Session, actor: Actor) -> Sequence[CompanyCalendar]:
    """Return the addresses of the actor's company that still work, the newest first."""
    require(actor, "company.home")
    return _live(session, actor)


def _live(session: Session, actor: Actor) -> Sequence[CompanyCalendar]:
    own = (CompanyCalendar.company_id == actor.company_id) & CompanyCalendar.revoked_at.is_(None)
    newest = CompanyCalendar.created_at.desc(), CompanyCalendar.id
    return session.scalars(select(CompanyCalendar).where(own).order_by(*newest)).all()


def revoke(session: Session, actor: Actor, calendar_id: uuid.UUID) -> None:
    """End an address at once; a second time changes nothing. NotFound for those of other companies."""
    found = session.get(CompanyCalendar, calendar_id)
    if found is None or found.company_id != actor.company_id:
        raise NotFound
    require(actor, "company.share_calendar", found)
    if found.revoked_at is None:
        found.revoked_at = utcnow()
        session.flush()
        audit.record(session, actor, "calendar.link_revoked", found, label=found.name)


def end_of(session: Session, user: User) -> None:
    """End the addresses that *user* made, who left the company or was locked and still knows them."""
    made = update(CompanyCalendar).where(CompanyCalendar.created_by_id == user.id, CompanyCalendar.revoked_at.is_(None))
    session.execute(made.values(revoked_at=utcnow()).execution_options(synchronize_session="fetch"))


def opened(session: Session, token: str) -> CompanyCalendar:
    """Return the address with its company; NotFound with one sentence for every reason."""
    statement = select(CompanyCalendar).join(CompanyCalendar.company).where(Company.active)
    wanted = statement.where(CompanyCalendar.token_hash == hash_token(token), CompanyCalendar.revoked_at.is_(None))
    found = session.scalar(wanted.options(contains_eager(CompanyCalendar.company)))
    if found is None:
        raise NotFound(ENDED)
    return found


def planned(session: Session, calendar: CompanyCalendar, since: date) -> list[Planned]:
    """Return the runs that end on *since* or later with what the company said about each, by day; cancelled ones stay.

    Runs that it said no to are left out. Nothing here is about another company.
    """
    own, marked = RunCommitment.company_id == calendar.company_id, _marked(calendar.company_id)
    statement = (
        select(Run, RunCommitment)
        .join(Run.module)
        .outerjoin(RunCommitment, (RunCommitment.run_id == Run.id) & own)
        .where(
            Module.state == WorkflowState.PUBLISHED,
            func.coalesce(Run.ends_on, Run.starts_on) >= since,
            or_(RunCommitment.state.is_(None) & Run.module_id.in_(marked), RunCommitment.state.not_in(NOT_COMING)),
        )
        .options(
            joinedload(Run.region),
            contains_eager(Run.module).options(joinedload(Module.provider), selectinload(Module.terms)),
        )
        .order_by(Run.starts_on, Run.id)
    )
    return [(run, said) for run, said in session.execute(statement)]


def _marked(company_id: uuid.UUID) -> "Select[uuid.UUID]":
    there = Demand.withdrawn_at.is_(None) & Demand.refused_at.is_(None) & (Demand.relevance != Relevance.NONE)
    return select(Demand.module_id).where(Demand.company_id == company_id, there)
