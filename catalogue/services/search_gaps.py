"""What people search for in vain: counted without saying who asked, shown to network staff, forgotten after half a year."""

import re
import unicodedata
from collections import deque
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Delete, Update, delete, func, select, update

from catalogue.db import Database, IntegrityError, Session, utcnow
from catalogue.models import SearchGap
from catalogue.search.results import Page, Query
from catalogue.services.findings import one_line
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require

__all__ = ["Gap", "GapPage", "count", "counted", "is_gap", "listing", "open_gaps", "prune", "settle", "wording"]

KEPT_DAYS = 180
NOTE_LENGTH = 300
FEW = 2  # so many modules are hardly an answer
LONGEST = 80  # longer texts are letters, not searches
PER_PAGE = 25
MOST_A_DAY = 5_000  # different texts; keeps a flood of nonsense from filling the table
MOST_WAITING = 500
# numbers that people could be called by: with a leading + or 0, or seven digits in a row
_PHONE = re.compile(r"(?<![\d/.-])(?:\+|0)\d(?:[\s/().-]*\d){5,}|\d{7,}")

log = structlog.get_logger(__name__)


# --- counting


def wording(text: str) -> str:
    """Return *text* as it is counted, "" if it may name a person or is no search at all."""
    plain = one_line(unicodedata.normalize("NFC", text)).lower()
    if not 1 < len(plain) <= LONGEST or "@" in plain or _PHONE.search(plain):
        return ""
    return plain


def is_gap(asked: Query, page: Page) -> bool:
    """Whether *page* is a poor answer to words alone: filters may be the reason otherwise, typing is not finished."""
    filtered = asked.filters or asked.only is not None or asked.without
    if not asked.text.strip() or filtered or asked.typing or asked.page != 1 or page.degraded:
        return False
    return page.total <= FEW or bool(page.relaxed)


@dataclass
class _Waiting:
    texts: "deque[tuple[str, date, int]]" = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    writing: Lock = field(default_factory=Lock)


_waiting: WeakKeyDictionary[Database, _Waiting] = WeakKeyDictionary()


def count(database: Database, asked: Query, page: Page) -> None:
    """Count one search in a transaction of its own. Never raises; while one thread writes, others leave their text to it."""
    text = wording(asked.text)
    if not text:
        return
    waiting = _waiting.setdefault(database, _Waiting())
    waiting.texts.append((text, utcnow().date(), 0 if page.relaxed else page.total))
    while waiting.texts and waiting.writing.acquire(blocking=False):
        try:
            with database.jot() as session:
                while waiting.texts:
                    counted(session, *waiting.texts.popleft())
        except Exception as error:
            log.warning("search gap not counted", error=type(error).__name__)
        finally:
            waiting.writing.release()


def counted(session: Session, text: str, day: date, hits: int) -> None:
    """Add one to *text* on *day*; *hits* is how many modules hold all its words."""
    same = (SearchGap.query == text) & (SearchGap.day == day)
    once_more = update(SearchGap).where(same).values(count=SearchGap.count + 1, hits=hits)
    if (
        _changed(session, once_more)
        or (session.scalar(select(func.count()).where(SearchGap.day == day)) or 0) >= MOST_A_DAY
    ):
        return
    try:
        with session.begin_nested():
            session.add(SearchGap(query=text, day=day, hits=hits))
    except IntegrityError:  # somebody asked the same at the same moment
        session.execute(once_more)


def _changed(session: Session, statement: Update | Delete) -> int:
    return session.execute(statement).rowcount  # type: ignore[attr-defined, no-any-return]


def prune(session: Session) -> int:
    """Delete what is older than half a year; return how many rows."""
    before = utcnow().date() - timedelta(days=KEPT_DAYS)
    return _changed(session, delete(SearchGap).where(SearchGap.day < before))


# --- for staff


@dataclass(frozen=True)
class Gap:
    """One text: how often it was asked since staff last dealt with it, when last, how many modules it found then.

    ``note``: what staff did about it before.
    """

    query: str
    count: int
    last_day: date
    hits: int
    note: str = ""


@dataclass(frozen=True)
class GapPage:
    """One page of gaps, most asked first."""

    gaps: tuple[Gap, ...]
    total: int
    page: int
    pages: int


_OPEN = func.sum(SearchGap.count - SearchGap.settled)


def listing(session: Session, actor: Actor, days: int = 30, page: int = 1, *, everything: bool = False) -> GapPage:
    """Return the open gaps of the last *days* days, most asked first."""
    require(actor, "search.gaps")
    since = utcnow().date() - timedelta(days=days - 1)
    grouped = select(
        SearchGap.query,
        _OPEN.label("open"),
        func.max(SearchGap.day).label("last"),
        func.max(SearchGap.note).label("note"),
    )
    grouped = grouped.where(SearchGap.day >= since).group_by(SearchGap.query).having(_OPEN > 0)
    total = session.scalar(select(func.count()).select_from(grouped.subquery())) or 0
    page, pages = within(page, total, PER_PAGE)
    ordered = grouped.order_by(_OPEN.desc(), func.max(SearchGap.day).desc(), SearchGap.query)
    if not everything:
        ordered = ordered.offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    found = ordered.subquery()
    rows = session.execute(
        select(found.c.query, found.c.open, found.c.last, SearchGap.hits, found.c.note)
        .join(SearchGap, (SearchGap.query == found.c.query) & (SearchGap.day == found.c.last))
        .order_by(found.c.open.desc(), found.c.last.desc(), found.c.query)
    )
    return GapPage(
        tuple(Gap(query, int(number), last, hits, note) for query, number, last, hits, note in rows), total, page, pages
    )


def open_gaps(session: Session, days: int = 30) -> int:
    """Return how many texts wait to be dealt with."""
    since = utcnow().date() - timedelta(days=days - 1)
    texts = select(SearchGap.query).where(SearchGap.day >= since).group_by(SearchGap.query).having(_OPEN > 0)
    return session.scalar(select(func.count()).select_from(texts.subquery())) or 0


def settle(session: Session, actor: Actor, text: str, note: str = "") -> None:
    """Put a text away, with a *note* on what was done; it comes back with the note when it is asked again."""
    require(actor, "search.gaps")
    values: dict[str, object] = {"settled": SearchGap.count}
    if note := one_line(note)[:NOTE_LENGTH]:
        values["note"] = note
    session.execute(update(SearchGap).where(SearchGap.query == text).values(values))
