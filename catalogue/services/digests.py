"""The one mail that tells a person by itself: digest and saved searches, each at most once per period, together if due on one day."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from catalogue.db import Database, IntegrityError, Session, utcnow
from catalogue.models import Digest, Frequency, Membership, Module, SavedSearch, User
from catalogue.search.index import SearchIndex
from catalogue.search.results import Query
from catalogue.services import (
    digest_choices,
    digest_content,
    mail_text,
    marks,
    outbox,
    questions,
    saved_searches,
    search,
)
from catalogue.services.digest_content import Item, Section
from catalogue.services.permissions import Actor
from catalogue.services.sessions import actor_of
from catalogue.settings import Settings
from catalogue.texts import N_, Text

__all__ = ["period", "send_due", "send_one"]

BERLIN = ZoneInfo("Europe/Berlin")
DAY_BEGINS = timedelta(hours=6)  # so that mails come in the morning, not at midnight
MOST_LISTED = 20
PEOPLE_AT_ONCE = 200  # in one round of the worker: a password must not wait until everybody's Monday mail is made
AT_ONCE = 100  # modules asked for at a time
log = structlog.get_logger(__name__)


def period(frequency: Frequency, moment: datetime) -> str:
    """Return the name of the day, week (from Monday) or month in Berlin that *moment* lies in; each begins at six."""
    day = (moment.astimezone(BERLIN) - DAY_BEGINS).date()
    if frequency == Frequency.MONTHLY:
        return f"{day:%Y-%m}"
    return f"{day:%G-W%V}" if frequency == Frequency.WEEKLY else day.isoformat()


def send_due(database: Database, settings: Settings, index: SearchIndex) -> int:
    """Put the mails that are due into the outbox and return how many. Each person has a transaction of their own."""
    with database.write() as session:
        _begin(session)
    with database.read() as session:
        due = _due(session)
    return sum(_send_quietly(database, settings, index, user_id) for user_id in due[:PEOPLE_AT_ONCE])


def _begin(session: Session) -> None:
    """Start the digests of new people: what happened before is no news to them."""
    known = select(Digest.user_id)
    missing = session.scalars(select(User.id).where(User.active.is_(True), User.id.not_in(known))).all()
    now = utcnow()
    for user_id in missing:
        try:
            with session.begin_nested():
                session.add(Digest(user_id=user_id, checked_at=now))
        except IntegrityError:
            continue  # another worker was first


def _send_quietly(database: Database, settings: Settings, index: SearchIndex, user_id: uuid.UUID) -> bool:
    try:
        with database.write() as session:
            return send_one(session, settings, index, user_id)
    except Exception:  # one person's mail that cannot be made must not keep the others from theirs
        log.exception("digest failed", user=str(user_id))
        return False


def _due(session: Session) -> list[uuid.UUID]:
    """The people for whom a period is over, of the digest or of a saved search."""
    now = utcnow()
    found: dict[uuid.UUID, None] = {}
    for kind in (Digest, SavedSearch):
        columns = (kind.user_id, kind.frequency, kind.checked_at)
        wanted = select(*columns).join(User, User.id == kind.user_id)
        rows = session.execute(wanted.where(kind.frequency != Frequency.OFF, User.active.is_(True)))
        found |= {row.user_id: None for row in rows if _is_due(row.frequency, row.checked_at, now)}
    return list(found)


def _is_due(frequency: Frequency, checked_at: datetime, now: datetime) -> bool:
    return frequency != Frequency.OFF and period(frequency, now) != period(frequency, checked_at)


def send_one(session: Session, settings: Settings, index: SearchIndex, user_id: uuid.UUID) -> bool:
    """Mail one person what is new, if a period has passed; return whether there was anything.

    Digest and saved searches that are due on one day are one mail. Mail and marks are one transaction: after a crash both are there or
    neither is. Two workers cannot send the same: the digest's row is the person's lock, and a day has one mail.
    """
    locked = select(Digest).where(Digest.user_id == user_id).with_for_update(skip_locked=True)
    digest = session.scalar(locked)
    person = joinedload(User.membership).joinedload(Membership.company)
    user = session.scalar(select(User).where(User.id == user_id).options(person))
    if digest is None or user is None or not user.active:
        return False
    now = utcnow()
    searches = _searches(session, user, index, now)
    if searches is None:
        return False  # without an index nobody knows what matches; the next round tries again
    due = _is_due(digest.frequency, digest.checked_at, now)
    first = digest.last_sent_at is None
    parts = digest_content.sections(session, settings, user, digest.checked_at, first) if due else []
    told = [(saved, found) for saved, found in searches if found]
    if parts or told:
        _mail(session, settings, user, digest, parts, told, now)
    for saved, found in searches:
        _mark(session, saved, found, now)
    if due:
        digest.checked_at, digest.last_sent_at = now, now if parts else digest.last_sent_at
    session.flush()
    return bool(parts or told)


def _searches(
    session: Session, user: User, index: SearchIndex, now: datetime
) -> list[tuple[SavedSearch, list[Module]]] | None:
    """The searches that are due with what is new for each; None if that cannot be known now."""
    own = select(SavedSearch).where(SavedSearch.user_id == user.id, SavedSearch.frequency != Frequency.OFF)
    listed = session.scalars(own.order_by(SavedSearch.name).with_for_update(of=SavedSearch)).all()
    result = []
    for saved in listed:
        if _is_due(saved.frequency, saved.checked_at, now):
            found = _found(session, index, saved, user)
            if found is None:
                return None
            result.append((saved, found))
    return result


def _found(session: Session, index: SearchIndex, saved: SavedSearch, user: User) -> list[Module] | None:
    """Return the modules that changed since the last look and match, as the search page finds them for this person.

    Hits that do not match all words are left out: whoever waits for a topic wants to hear of it, not of its neighbours.
    """
    reached = saved_searches.stamps(session, saved.checked_at - saved_searches.OVERLAP)
    changed = frozenset(uuid.UUID(hex=key) for key, stamp in reached.items() if saved.seen.get(key) != stamp)
    if not changed:
        return []
    actor = actor_of(user)
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


# --- the mail


def _mail(
    session: Session, settings: Settings, user: User, digest: Digest, parts: list[Section],
    told: list[tuple[SavedSearch, list[Module]]], now: datetime,
) -> None:  # fmt: skip
    site = settings.base_url.rstrip("/")
    only = told[0][0] if len(told) == 1 and not parts else None
    end = saved_searches.link_of(settings, only.id) if only else digest_choices.link_of(settings, user.id)
    listed = [part for saved, found in told for part in _parts(settings, saved, found, site)]
    values = {
        "name": user.name, "parts": [*parts, *listed], "end": end, "site": site, "only": only.name if only else "",
        "settings_url": f"{site}/account/searches" if only else f"{site}/account#digest",
    }  # fmt: skip
    text, html = mail_text.render("digest", user.language, values)
    subject = mail_text.say(user.language, _subject(digest, parts, told))
    key = f"digest:{user.id}:{period(Frequency.DAILY, now)}"
    outbox.send(session, user.email, subject, text, key, html=html, unsubscribe_url=end)


def _subject(digest: Digest, parts: list[Section], told: list[tuple[SavedSearch, list[Module]]]) -> Text:
    if parts:
        return Text(MONTH if digest.frequency == Frequency.MONTHLY else WEEK)
    count = len({module.id for _, found in told for module in found})
    if len(told) == 1:
        return Text(SEARCH, {"search": told[0][0].name, "count": count})
    return Text(SEARCHES, {"count": count})


def _parts(settings: Settings, saved: SavedSearch, found: Sequence[Module], site: str) -> Iterable[Section]:
    """What is new and what changed of one search; the last part leads to all modules of the search and out of its mails."""
    new = [module for module in found if module.published_at and module.published_at > saved.checked_at]
    shown = found[:MOST_LISTED]
    everything = f"{site}/?{saved.question}" if saved.question else f"{site}/"
    groups = ((NEW, new), (CHANGED, [module for module in found if module not in new]))
    kept = [(title, [module for module in group if module in shown]) for title, group in groups]
    filled = [(title, group) for title, group in kept if group]
    for place, (title, group) in enumerate(filled, start=1):
        items = tuple(Item(" ".join(m.title.split()), f"{site}/modules/{m.slug}") for m in group)
        last = place == len(filled)
        yield Section(
            Text(title), items, everything if last else "", len(found) - len(shown) if last else 0,
            search=saved.name, end=saved_searches.link_of(settings, saved.id) if last else "",
        )  # fmt: skip


NEW, CHANGED = N_("Neu"), N_("Geändert")
WEEK, MONTH = N_("Ihre Woche im Modulkatalog BatterieMD"), N_("Ihr Monat im Modulkatalog BatterieMD")
SEARCH = N_("„%(search)s“: %(count)s neu oder geändert")
SEARCHES = N_("Gespeicherte Suchen: %(count)s neu oder geändert")
