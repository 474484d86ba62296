"""Mails about saved searches: what is new or changed since the last one, for each search at most once per period."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Database, Session, utcnow
from catalogue.models import Frequency, Membership, Module, SavedSearch, User
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import marks, outbox, questions, saved_searches, search
from catalogue.services.permissions import Actor
from catalogue.services.sessions import actor_of
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["period", "send_due", "send_one"]

BERLIN = ZoneInfo("Europe/Berlin")
DAY_BEGINS = timedelta(hours=6)  # so that mails come in the morning, not at midnight
MOST_LISTED = 20
AT_ONCE = 100  # modules asked for at a time
log = structlog.get_logger(__name__)


def period(frequency: Frequency, moment: datetime) -> str:
    """Return the name of the day, week (from Monday) or month in Berlin that *moment* lies in; each begins at six."""
    day = (moment.astimezone(BERLIN) - DAY_BEGINS).date()
    if frequency == Frequency.MONTHLY:
        return f"{day:%Y-%m}"
    return f"{day:%G-W%V}" if frequency == Frequency.WEEKLY else day.isoformat()


def send_due(database: Database, settings: Settings, index: SearchIndex) -> int:
    """Put the mails that are due into the outbox and return how many. Each search has a transaction of its own."""
    with database.read() as session:
        due = _due(session)
    return sum(_send_quietly(database, settings, index, search_id) for search_id in due)


def _send_quietly(database: Database, settings: Settings, index: SearchIndex, search_id: uuid.UUID) -> bool:
    try:
        with database.write() as session:
            return send_one(session, settings, index, search_id)
    except Exception:  # one search that cannot be asked must not keep the others from their mails
        log.exception("digest failed", search=str(search_id))
        return False


def _due(session: Session) -> list[uuid.UUID]:
    rows = session.execute(
        select(SavedSearch.id, SavedSearch.frequency, SavedSearch.checked_at)
        .join(SavedSearch.user)
        .where(SavedSearch.frequency != Frequency.OFF, User.active.is_(True))
        .order_by(SavedSearch.checked_at)
    )
    now = utcnow()
    return [row.id for row in rows if period(row.frequency, now) != period(row.frequency, row.checked_at)]


def send_one(session: Session, settings: Settings, index: SearchIndex, search_id: uuid.UUID) -> bool:
    """Mail what is new for one search, if a period has passed; return whether there was anything.

    Mail and mark are one transaction: after a crash both are there or neither is. Two workers cannot send the same.
    """
    person = joinedload(SavedSearch.user).joinedload(User.membership).joinedload(Membership.company)
    saved = session.scalar(
        select(SavedSearch)
        .where(SavedSearch.id == search_id)
        .options(person)
        .with_for_update(of=SavedSearch, skip_locked=True)
    )
    now = utcnow()
    if saved is None or saved.frequency == Frequency.OFF or not saved.user.active:
        return False
    if period(saved.frequency, now) == period(saved.frequency, saved.checked_at):
        return False
    found = _found(session, index, saved)
    if found is None:
        return False  # without an index nobody knows what matches; the next round tries again
    if found:
        _mail(session, settings, saved, found, f"digest:{saved.id}:{saved.frequency}:{period(saved.frequency, now)}")
    _mark(session, saved, found, now)
    return bool(found)


def _found(session: Session, index: SearchIndex, saved: SavedSearch) -> list[Module] | None:
    """Return the modules that changed since the last look and match, as the search page finds them for this person.

    Hits that do not match all words are left out: whoever waits for a topic wants to hear of it, not of its neighbours.
    """
    reached = saved_searches.stamps(session, saved.checked_at - saved_searches.OVERLAP)
    changed = frozenset(uuid.UUID(hex=key) for key, stamp in reached.items() if saved.seen.get(key) != stamp)
    if not changed:
        return []
    actor = actor_of(saved.user)
    query = replace(questions.query_of(saved.question), only=changed, per_page=AT_ONCE)
    return _all_pages(session, actor, index, marks.narrow(session, actor, query, questions.marks_of(saved.question)))


def _all_pages(session: Session, actor: Actor, index: SearchIndex, query: Query) -> list[Module] | None:
    found: list[Module] = []
    pages = 1
    while query.page <= pages:
        page = search.find(session, actor, index, query)
        if page.degraded:
            return None
        if not page.relaxed:
            found += [hit.module for hit in page.hits]
        pages, query = page.pages, replace(query, page=query.page + 1)
    return found


def _mark(session: Session, saved: SavedSearch, found: Sequence[Module], now: datetime) -> None:
    """Note what was looked at; not through the object, because nobody who has the search open saved something else."""
    ids = {module.id.hex for module in found}
    lately = saved_searches.stamps(session, now - saved_searches.OVERLAP)
    seen = {key: stamp for key, stamp in lately.items() if key in ids or saved.seen.get(key) == stamp}
    values = {"checked_at": now, "seen": seen} | ({"last_sent_at": now} if found else {})
    session.execute(
        update(SavedSearch)
        .where(SavedSearch.id == saved.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class _Part:
    """One part of the mail."""

    title: str
    modules: Sequence[Module]


def _mail(session: Session, settings: Settings, saved: SavedSearch, found: Sequence[Module], key: str) -> None:
    site = settings.base_url.rstrip("/")
    new = [module for module in found if module.published_at and module.published_at > saved.checked_at]
    changed = [module for module in found if module not in new]
    shown = found[:MOST_LISTED]
    parts = [
        _Part(N_("Neu"), [m for m in new if m in shown]),
        _Part(N_("Geändert"), [m for m in changed if m in shown]),
    ]
    lists = "\n\n".join(_listed(part, site) for part in parts if part.modules)
    if more := len(found) - len(shown):
        lists += "\n\n" + MORE % {"more": more}
    values = {
        "name": saved.user.name, "search": saved.name, "lists": lists,
        "all": f"{site}/?{saved.question}" if saved.question else f"{site}/",
        "own": f"{site}/account/searches", "end": saved_searches.link_of(settings, saved.id),
    }  # fmt: skip
    subject = SUBJECT % {"search": saved.name, "count": len(found)}
    outbox.send(session, saved.user.email, subject, TEXT % values, key, unsubscribe_url=values["end"])


def _listed(part: _Part, site: str) -> str:
    lines = [f"- {' '.join(module.title.split())}\n  {site}/modules/{module.slug}" for module in part.modules]
    return part.title + "\n" + "\n".join(lines)


SUBJECT = N_("„%(search)s“: %(count)s neu oder geändert")
MORE = N_("und %(more)s weitere Module")
TEXT = N_("""Guten Tag %(name)s,

zu Ihrer gespeicherten Suche „%(search)s“ gibt es Neues im Modulkatalog BatterieMD.

%(lists)s

Alle Module dieser Suche:
%(all)s

Häufigkeit ändern oder Suche löschen:
%(own)s

Diese Mails abbestellen (ein Klick, ohne Anmeldung):
%(end)s
""")
