"""Vermittelt: staff bring together a company that offers and one that seeks.

A company that chose "für Mitglieder sichtbar" is named at once. Every other one is asked first, and the question tells nothing about
the other company, not even that there is one. Both get a mail with name and words of the other as soon as nobody has to be asked any more.
"""

import uuid

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    CompanyRole,
    CooperationDirection,
    CooperationEntry,
    Introduction,
    Membership,
    User,
)
from catalogue.services import audit, outbox
from catalogue.services.errors import Conflict, NotFound
from catalogue.services.permissions import Actor, can, require
from catalogue.texts import N_

__all__ = ["answer", "get", "introduce", "introduced_to", "listed", "questions", "shows", "waiting_for"]

LOADED: tuple[ORMOption, ...] = tuple(
    joinedload(side).joinedload(CooperationEntry.company) for side in (Introduction.offer, Introduction.need)
)


def introduce(session: Session, actor: Actor, offer: CooperationEntry, need: CooperationEntry) -> Introduction:
    """Bring two entries together, or ask those who have to be asked; a second time changes nothing."""
    require(actor, "cooperation.plan")
    if (offer.direction, need.direction) != (CooperationDirection.OFFERS, CooperationDirection.SEEKS):
        raise Conflict(N_("Vermitteln lassen sich ein Angebot und ein Gesuch."))
    if offer.kind != need.kind or offer.company_id == need.company_id:
        raise Conflict(N_("Diese beiden Einträge passen nicht zusammen."))
    if offer.withdrawn_at or need.withdrawn_at:
        raise Conflict(N_("Einer der beiden Einträge wurde zurückgezogen."))
    if not (offer.company.active and need.company.active):
        raise Conflict(N_("Eines der beiden Unternehmen ist nicht mehr aktiv."))
    known = session.scalar(
        select(Introduction).where(Introduction.offer_id == offer.id, Introduction.need_id == need.id).options(*LOADED)
    )
    if known is not None:
        _go_on(session, known)  # somebody may have chosen to be named meanwhile
        return known
    made = Introduction(offer=offer, need=need, user_id=actor.user_id, user_label=actor.label[:200])
    session.add(made)
    session.flush()
    audit.record(session, actor, "cooperation.introduced", made, label=f"{offer.company.name} · {need.company.name}")
    _go_on(session, made)
    return made


def answer(session: Session, actor: Actor, made: Introduction, entry: CooperationEntry, agreed: bool) -> Introduction:
    """The company of *entry* (or staff who asked it by telephone) agrees to be named, or does not."""
    require(actor, "cooperation.write", entry)
    if made.introduced_at is not None:
        raise Conflict(N_("Die beiden Unternehmen kennen sich schon."))
    if made.declined_at is not None:
        raise Conflict(N_("Diese Vermittlung ist abgelehnt."))
    if entry.id == made.offer_id:
        made.offer_agreed = agreed
    else:
        made.need_agreed = agreed
    if not agreed:
        made.declined_at = utcnow()
    session.flush()
    audit.record(session, actor, "cooperation.answered", entry, label=entry.kind.label, agreed=agreed)
    _go_on(session, made)
    return made


def get(session: Session, actor: Actor, introduction_id: uuid.UUID) -> tuple[Introduction, CooperationEntry | None]:
    """Return an introduction and the entry of the actor's company in it (None for staff); NotFound for others."""
    made = session.scalar(select(Introduction).where(Introduction.id == introduction_id).options(*LOADED))
    if made is not None:
        own = [entry for entry, _ in made.sides if entry.company_id == actor.company_id]
        if own:
            return made, own[0]
        if can(actor, "cooperation.plan"):
            return made, None
    raise NotFound(N_("Diese Vermittlung gibt es nicht."))


def listed(session: Session, actor: Actor) -> list[Introduction]:
    """Return all introductions, newest first. For network staff."""
    require(actor, "cooperation.plan")
    found = select(Introduction).options(*LOADED).order_by(Introduction.created_at.desc(), Introduction.id)
    return list(session.scalars(found))


def questions(session: Session, actor: Actor) -> list[tuple[Introduction, CooperationEntry]]:
    """Return the questions that wait for the own company, each with its own entry; the other side stays unknown."""
    return [
        (made, entry)
        for made in _own(session, actor)
        for entry, _ in made.sides
        if entry.company_id == actor.company_id and entry in waiting_for(made)
    ]


def introduced_to(session: Session, actor: Actor) -> list[tuple[Introduction, CooperationEntry]]:
    """Return whom the own company was introduced to: the other company's entry of each introduction, newest first."""
    return [
        (made, entry)
        for made in _own(session, actor)
        if made.introduced_at is not None
        for entry, _ in made.sides
        if entry.company_id != actor.company_id and entry.withdrawn_at is None
    ]


def waiting_for(made: Introduction) -> list[CooperationEntry]:
    """Return the entries whose companies have to be asked before anybody is named."""
    if made.introduced_at or made.declined_at or _over(made):
        return []
    return [entry for entry, agreed in made.sides if agreed is None and not entry.names_company]


def _over(made: Introduction) -> bool:
    """Whether there is nothing to introduce any more: an entry was withdrawn, or a company is not active."""
    return any(entry.withdrawn_at or not entry.company.active for entry, _ in made.sides)


def shows(made: Introduction, entry: CooperationEntry) -> bool:
    """Whether the other side may read the words of *entry*: those it was introduced with, later ones only if members may see them."""
    return entry.names_company or (made.introduced_at is not None and entry.updated_at <= made.introduced_at)


def _own(session: Session, actor: Actor) -> list[Introduction]:
    require(actor, "company.home")
    mine = select(CooperationEntry.id).where(CooperationEntry.company_id == actor.company_id)
    wanted = select(Introduction).where(or_(Introduction.offer_id.in_(mine), Introduction.need_id.in_(mine)))
    return list(session.scalars(wanted.options(*LOADED).order_by(Introduction.created_at.desc(), Introduction.id)))


def _go_on(session: Session, made: Introduction) -> None:
    """Ask who is to be asked, or tell both."""
    if made.declined_at is not None:
        return
    waiting = waiting_for(made)
    for entry in waiting:
        _send(session, entry, f"cooperation-ask:{made.id.hex}", ASKED_SUBJECT, ASKED % _words(entry))
    if not waiting and made.introduced_at is None and not _over(made):
        made.introduced_at = utcnow()
        session.flush()
        for mine, other in ((made.offer, made.need), (made.need, made.offer)):
            text = INTRODUCED % (_words(mine) | {f"other_{name}": value for name, value in _words(other).items()})
            _send(session, mine, f"cooperation-introduced:{made.id.hex}", INTRODUCED_SUBJECT, text)


def _words(entry: CooperationEntry) -> dict[str, str]:
    known = (entry.place, entry.capacity, entry.contact and f"Ansprechperson: {entry.contact}")
    return {
        "company": entry.company.name, "direction": entry.direction.label, "kind": entry.kind.label, "text": entry.text,
        "details": "\n".join(one for one in known if one),
    }  # fmt: skip


def _send(session: Session, entry: CooperationEntry, key: str, subject: str, text: str) -> None:
    for person in _people(session, entry):
        outbox.send(session, person.email, subject, f"Guten Tag {person.name},\n\n{text}", f"{key}:{person.id.hex}")


def _people(session: Session, entry: CooperationEntry) -> list[User]:
    """Whoever wrote the entry, if still there; else the company's admins, else everybody of it who can sign in."""
    members = session.execute(
        select(User, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .join(Company, Company.id == Membership.company_id)
        .where(Membership.company_id == entry.company_id, User.active, Company.active)
        .order_by(User.email)
    ).all()
    writer = [user for user, _ in members if user.id == entry.user_id]
    admins = [user for user, role in members if role == CompanyRole.ADMIN]
    return writer or admins or [user for user, _ in members]


ASKED_SUBJECT = N_("Dürfen wir Ihr Unternehmen für eine Zusammenarbeit nennen?")
ASKED = """das Netzwerkbüro möchte diesen Eintrag Ihres Unternehmens für eine Vermittlung nutzen:

%(company)s %(direction)s: %(kind)s
%(text)s

Dafür würden der Name Ihres Unternehmens, der Eintrag und die Ansprechperson darin genannt. Antworten Sie im Modulkatalog unter „Unser Unternehmen“,
„Zusammenarbeit“. Bis dahin erfährt niemand davon.
"""
INTRODUCED_SUBJECT = N_("Zusammenarbeit: Wir möchten Sie bekannt machen")
INTRODUCED = """das Netzwerkbüro hat zu Ihrem Eintrag (%(direction)s: %(kind)s) jemanden gefunden:

%(other_company)s %(other_direction)s: %(other_kind)s
%(other_text)s
%(other_details)s

%(other_company)s erhält dieselbe Nachricht mit Ihrem Eintrag. Beides steht auch im Modulkatalog unter „Unser Unternehmen“, „Zusammenarbeit“.
"""
