"""Saved searches of one person: kept, renamed, told about by mail, ended with one click. Nobody else sees them.

The mails themselves are made by digests.py.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import defer

from catalogue.db import Session, utcnow
from catalogue.models import Frequency, ModuleVersion, Run, SavedSearch
from catalogue.services import questions, signatures
from catalogue.services.errors import Invalid, NotFound
from catalogue.services.findings import Findings, one_line
from catalogue.services.locking import claim
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = [
    "OVERLAP", "SearchInput", "by_link", "create", "delete", "get", "link_of", "listed", "stamps", "unsubscribe", "update",
]  # fmt: skip

MOST = 50  # of one person
NAME_LENGTH = 120
PURPOSE = "unsubscribe saved search"
OVERLAP = timedelta(hours=1)  # a digest looks back further by this: the index and long transactions may be late
GONE = N_("Diese gespeicherte Suche gibt es nicht mehr.")


@dataclass(frozen=True)
class SearchInput:
    """What a person says about a search; ``question`` is an address of the search page and is kept when the search changes."""

    name: str
    frequency: Frequency = Frequency.OFF
    question: str = ""
    version: int | None = None


def listed(session: Session, actor: Actor) -> list[SavedSearch]:
    """Return the actor's searches by name."""
    require(actor, "search.own")
    of_actor = select(SavedSearch).where(SavedSearch.user_id == actor.user_id).options(defer(SavedSearch.seen))
    return sorted(session.scalars(of_actor), key=lambda saved: saved.name.casefold())


def get(session: Session, actor: Actor, search_id: uuid.UUID) -> SavedSearch:
    """Return one of the actor's own searches; raise NotFound for everything else."""
    require(actor, "search.own")
    saved = session.get(SavedSearch, search_id)
    if saved is None or saved.user_id != actor.user_id:
        raise NotFound(GONE)
    return saved


def create(session: Session, actor: Actor, given: SearchInput) -> SavedSearch:
    """Save a search; what changes from now on is news. Raises Invalid for an empty or used name and beyond 50 searches."""
    require(actor, "search.own")
    if (session.scalar(select(func.count()).where(SavedSearch.user_id == actor.user_id)) or 0) >= MOST:
        raise Invalid("", N_("Sie haben schon %(most)s Suchen gespeichert. Löschen Sie zuerst eine davon."), most=MOST)
    saved = SavedSearch(user_id=actor.user_id, question=questions.normal(given.question), frequency=given.frequency)
    saved.name = _checked_name(session, actor, given.name)
    _start_anew(session, saved)
    session.add(saved)
    session.flush()
    return saved


def update(session: Session, actor: Actor, saved: SavedSearch, given: SearchInput) -> SavedSearch:
    """Rename a search or change how often it is told about. Raises Stale and Invalid."""
    require(actor, "search.own")
    claim(session, saved, given.version, given)
    saved.name = _checked_name(session, actor, given.name, saved)
    if saved.frequency == Frequency.OFF and given.frequency != Frequency.OFF:
        _start_anew(session, saved)
    saved.frequency = given.frequency
    session.flush()
    return saved


def delete(session: Session, actor: Actor, saved: SavedSearch) -> None:
    """Forget a search."""
    require(actor, "search.own")
    session.delete(saved)
    session.flush()


def _checked_name(session: Session, actor: Actor, name: str, saved: SavedSearch | None = None) -> str:
    name = one_line(name)
    findings = Findings()
    findings.required("name", name, N_("Geben Sie der Suche einen Namen."))
    findings.length("name", name, NAME_LENGTH)
    findings.raise_any()
    same = select(SavedSearch.id).where(SavedSearch.user_id == actor.user_id, SavedSearch.name == name)
    with session.no_autoflush:
        other = session.scalar(same)
    if other is not None and (saved is None or other != saved.id):
        raise Invalid("name", N_("So heißt schon eine Ihrer Suchen. Wählen Sie einen anderen Namen."))
    return name


# --- what counts as news


def _start_anew(session: Session, saved: SavedSearch) -> None:
    """What happened until now is not news."""
    saved.checked_at = utcnow()
    saved.seen = stamps(session, saved.checked_at - OVERLAP)


def stamps(session: Session, since: datetime) -> dict[str, Any]:
    """Return the modules whose text or runs changed after *since*: id (32 hex digits) → what they had reached."""
    texts = session.execute(
        select(ModuleVersion.module_id, func.max(ModuleVersion.number))
        .where(ModuleVersion.at > since)
        .group_by(ModuleVersion.module_id)
    )
    runs = session.execute(
        select(Run.module_id, func.max(Run.updated_at)).where(Run.updated_at > since).group_by(Run.module_id)
    )
    found: dict[str, Any] = {module_id.hex: str(number) for module_id, number in texts}
    for module_id, moment in runs:
        found[module_id.hex] = f"{found.get(module_id.hex, '')}/{moment.isoformat()}"
    return found


# --- ending it from a mail, without signing in


def link_of(settings: Settings, search_id: uuid.UUID) -> str:
    """Return the address that ends the mails of this one search. It never ends itself and is good for nothing else."""
    return f"{settings.base_url.rstrip('/')}/unsubscribe/{search_id}/{signatures.sign(settings, PURPOSE, search_id)}"


def by_link(session: Session, settings: Settings, search_id: uuid.UUID, signature: str) -> SavedSearch:
    """Return the search that a signed link names; raise NotFound if the signature is wrong or the search is deleted."""
    if not signatures.is_signed(settings, PURPOSE, search_id, signature):
        raise NotFound(GONE)
    saved = session.get(SavedSearch, search_id)
    if saved is None:
        raise NotFound(GONE)
    return saved


def unsubscribe(session: Session, settings: Settings, search_id: uuid.UUID, signature: str) -> SavedSearch:
    """Send no more mails about the search that a signed link names; a second time changes nothing."""
    saved = by_link(session, settings, search_id, signature)
    saved.frequency = Frequency.OFF
    session.flush()
    return saved
