"""Zusammenarbeit: companies say what they offer (rooms, trainers, laboratories, test stands, practice) and what they look for.

Other members see an entry only if it is "für Mitglieder sichtbar"; one company's entry is never a sum, so "anonym in Summen" hides it
from them like "nur Netzwerkbüro". Network staff see all and enter them on behalf of a company.
"""

import uuid
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from catalogue.db import Session, utcnow
from catalogue.models import (
    Company,
    Confidentiality,
    CooperationDirection,
    CooperationEntry,
    CooperationKind,
    DemandSource,
    Term,
    Vocabulary,
)
from catalogue.services import audit, vocabularies
from catalogue.services.demand_rules import OnBehalf, check_source
from catalogue.services.errors import Conflict, Invalid, NotFound
from catalogue.services.findings import Findings, one_line, plain_text
from catalogue.services.locking import claim
from catalogue.services.periods import is_period
from catalogue.services.permissions import Actor, Own, can, require
from catalogue.texts import N_

__all__ = [
    "LOADED", "EntryInput", "add", "all_active", "get", "input_of", "of_others", "own_list", "undo", "update", "withdraw",
]  # fmt: skip

LINE, TEXT_LENGTH = 200, 4000
LOADED: tuple[ORMOption, ...] = (
    joinedload(CooperationEntry.company),
    joinedload(CooperationEntry.topic),
    joinedload(CooperationEntry.region),
)


@dataclass(frozen=True)
class EntryInput:
    """What a company offers or seeks. ``topic`` and ``region`` are codes; ``version`` the one that the form was filled from."""

    direction: CooperationDirection
    kind: CooperationKind
    text: str
    topic: str = ""
    region: str = ""
    place: str = ""
    capacity: str = ""
    period: str = ""
    contact: str = ""
    confidentiality: Confidentiality = Confidentiality.NETWORK
    version: int | None = None


def add(session: Session, actor: Actor, given: EntryInput, on_behalf: OnBehalf | None = None) -> CooperationEntry:
    """Add an entry of the own company, or *on_behalf* of another; the same words again give the same entry."""
    company_id = _company_id(session, actor, on_behalf)
    said, topic, region = _checked(session, given)
    for known in _of(session, company_id):
        if replace(input_of(known), version=None) == said:
            return known
    entry = CooperationEntry(company_id=company_id, user_id=actor.user_id)
    _write(entry, said, topic, region)
    _tell_source(entry, on_behalf)
    session.add(entry)
    session.flush()
    audit.record(session, actor, "cooperation.added", entry, label=entry.kind.label, source=entry.source.value)
    return get(session, actor, entry.id)


def update(
    session: Session, actor: Actor, entry: CooperationEntry, given: EntryInput, on_behalf: OnBehalf | None = None
) -> CooperationEntry:
    """Change an entry. Raises Stale, Invalid, or Conflict if it was withdrawn."""
    require(actor, "cooperation.write", entry)
    if on_behalf:
        require(actor, "demand.on_behalf")
        check_source(on_behalf)
    claim(session, entry, given.version, given, *LOADED)
    if entry.withdrawn_at is not None:
        raise Conflict(N_("Dieser Eintrag wurde zurückgezogen."))
    said, topic, region = _checked(session, given)
    if said == replace(input_of(entry), version=None):
        return entry
    entry.previous = _snapshot(entry)
    _write(entry, said, topic, region)
    _tell_source(entry, on_behalf)
    entry.user_id = actor.user_id
    session.flush()
    audit.record(session, actor, "cooperation.changed", entry, label=entry.kind.label, source=entry.source.value)
    return entry


def withdraw(session: Session, actor: Actor, entry: CooperationEntry) -> CooperationEntry:
    """Take an entry back; a second time changes nothing."""
    require(actor, "cooperation.write", entry)
    if entry.withdrawn_at is None:
        entry.previous = _snapshot(entry)
        entry.withdrawn_at = utcnow()
        session.flush()
        audit.record(session, actor, "cooperation.withdrawn", entry, label=entry.kind.label)
    return entry


def undo(session: Session, actor: Actor, entry: CooperationEntry, version: int | None = None) -> CooperationEntry:
    """Go back to what the entry said before its last change; undoing the first one withdraws it. Undoing twice does it again."""
    require(actor, "cooperation.write", entry)
    if version is not None and version != entry.version:
        raise Conflict(N_("Inzwischen hat jemand anderes diesen Eintrag geändert. Es wurde nichts zurückgenommen."))
    said = entry.previous
    if not said:
        return withdraw(session, actor, entry)
    entry.previous = _snapshot(entry)
    topic, region = (
        vocabularies.find(session, vocabulary, said[name])
        for vocabulary, name in ((Vocabulary.TOPIC, "topic"), (Vocabulary.REGION, "region"))
    )
    _write(entry, _restored(said), topic, region)
    entry.withdrawn_at = utcnow() if said["withdrawn"] else None
    session.flush()
    audit.record(session, actor, "cooperation.restored", entry, label=entry.kind.label)
    return entry


def get(session: Session, actor: Actor, entry_id: uuid.UUID) -> CooperationEntry:
    """Return one entry, if it belongs to the actor's company or the actor is staff; NotFound otherwise."""
    entry = session.scalar(select(CooperationEntry).where(CooperationEntry.id == entry_id).options(*LOADED))
    if entry is None or not can(actor, "cooperation.write", entry):
        raise NotFound(N_("Diesen Eintrag gibt es nicht."))
    return entry


def own_list(session: Session, actor: Actor) -> list[CooperationEntry]:
    """Return the live entries of the own company, newest first."""
    require(actor, "company.home")
    return _of(session, actor.company_id)


def of_others(session: Session, actor: Actor) -> list[CooperationEntry]:
    """Return what other members offer and seek and let members see, newest first."""
    require(actor, "company.home")
    shown = (
        CooperationEntry.confidentiality == Confidentiality.MEMBERS,
        CooperationEntry.company_id != actor.company_id,
    )
    return _found(session, *shown, Company.active)


def all_active(session: Session, actor: Actor) -> list[CooperationEntry]:
    """Return the live entries of all active companies, newest first. For network staff."""
    require(actor, "cooperation.plan")
    return _found(session, Company.active)


def input_of(entry: CooperationEntry) -> EntryInput:
    """Return what *entry* says; topic and region are loaded."""
    return EntryInput(
        entry.direction, entry.kind, entry.text, entry.topic.code if entry.topic else "", entry.region.code if entry.region else "",
        entry.place, entry.capacity, entry.period, entry.contact, entry.confidentiality, entry.version,
    )  # fmt: skip


def _of(session: Session, company_id: uuid.UUID | None) -> list[CooperationEntry]:
    return _found(session, CooperationEntry.company_id == company_id)


def _found(session: Session, *conditions: Any) -> list[CooperationEntry]:
    statement = (
        select(CooperationEntry)
        .join(CooperationEntry.company)
        .where(CooperationEntry.withdrawn_at.is_(None), *conditions)
        .options(*LOADED)
        .order_by(CooperationEntry.created_at.desc(), CooperationEntry.id)
    )
    return list(session.scalars(statement))


def _company_id(session: Session, actor: Actor, on_behalf: OnBehalf | None) -> uuid.UUID:
    if on_behalf is None:
        require(actor, "cooperation.write", Own(actor.company_id))
        if actor.company_id is None:
            raise Invalid("company", N_("Nennen Sie das Unternehmen, für das Sie eintragen."))
        return actor.company_id
    require(actor, "demand.on_behalf")
    check_source(on_behalf)
    found = session.scalar(select(Company.id).where(Company.slug == on_behalf.company, Company.active))
    if found is None:
        raise Invalid("company", N_("Dieses Unternehmen gibt es nicht."))
    return found


def _checked(session: Session, given: EntryInput) -> tuple[EntryInput, Term | None, Term | None]:
    said = replace(
        given, text=plain_text(given.text), place=one_line(given.place), capacity=one_line(given.capacity),
        contact=one_line(given.contact), version=None,
    )  # fmt: skip
    findings = Findings()
    findings.required("text", said.text, N_("Beschreiben Sie in einem Satz, worum es geht."))
    findings.length("text", said.text, TEXT_LENGTH)
    for name in ("place", "capacity", "contact"):
        findings.length(name, getattr(said, name), LINE)
    if not is_period(said.period):
        findings.add("period", N_("Wählen Sie einen Zeitraum aus der Liste."))
    topic = vocabularies.find(session, Vocabulary.TOPIC, said.topic)
    region = vocabularies.find(session, Vocabulary.REGION, said.region)
    if said.topic and topic is None:
        findings.add("topic", N_("Wählen Sie ein Thema aus der Liste."))
    if said.region and region is None:
        findings.add("region", N_("Wählen Sie eine Region aus der Liste."))
    findings.raise_any()
    return said, topic, region


def _write(entry: CooperationEntry, said: EntryInput, topic: Term | None, region: Term | None) -> None:
    for name in ("direction", "kind", "text", "place", "capacity", "period", "contact", "confidentiality"):
        setattr(entry, name, getattr(said, name))
    entry.topic, entry.region = topic, region


def _tell_source(entry: CooperationEntry, on_behalf: OnBehalf | None) -> None:
    entry.source = on_behalf.source if on_behalf else DemandSource.SELF
    entry.source_date = on_behalf.source_date if on_behalf else None


def _snapshot(entry: CooperationEntry) -> dict[str, Any]:
    said = input_of(entry)
    values = {one.name: getattr(said, one.name) for one in fields(said) if one.name != "version"}
    return {name: str(value) for name, value in values.items()} | {"withdrawn": entry.withdrawn_at is not None}


def _restored(said: dict[str, Any]) -> EntryInput:
    texts = {name: said[name] for name in ("text", "topic", "region", "place", "capacity", "period", "contact")}
    return EntryInput(
        CooperationDirection(said["direction"]), CooperationKind(said["kind"]),
        confidentiality=Confidentiality(said["confidentiality"]), **texts,
    )  # fmt: skip
