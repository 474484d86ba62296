"""Whether the sources of published modules still answer: looked at once a week, told to staff, nothing is hidden because of it."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from catalogue.db import Database, Session, utcnow
from catalogue.models import LinkCheck, Module, WorkflowState
from catalogue.services.fetching import FetchError, fetch
from catalogue.services.permissions import Actor, require
from catalogue.settings import Settings

__all__ = ["Broken", "Found", "broken", "failures_of", "look", "run_due"]

EVERY = timedelta(days=7)
AT_ONCE = 2  # a round of the worker must not keep mails waiting for long
PAUSE = 1.0
# answers to machines that say nothing about what people would see
UNCLEAR = {401, 403, 405, 407, 418, 429, 451, 503}


@dataclass(frozen=True)
class Found:
    """What one look found. ``problem`` is empty if the link answers; status None means no answer at all."""

    status: int | None
    problem: str = ""


@dataclass(frozen=True)
class Named:
    """A module that names a link."""

    slug: str
    title: str


@dataclass(frozen=True)
class Broken:
    """A link that did not answer, and the modules that name it."""

    check: LinkCheck
    modules: tuple[Named, ...]


def look(url: str, private: bool = False) -> Found:
    """Ask *url* with HEAD and, because many servers refuse that, with GET."""
    try:
        if fetch(url, "HEAD", private=private).status < 400:
            return Found(200)
    except FetchError as error:
        if str(error) in ("address not allowed", "host not found", "not a web address"):
            return Found(None, str(error))
    try:
        status = fetch(url, "GET", private=private).status
    except FetchError as error:
        return Found(None, str(error)[:200])
    return Found(status, f"HTTP {status}" if status >= 400 and status not in UNCLEAR else "")


def _named(session: Session) -> Mapping[str, list[Named]]:
    rows = session.execute(
        select(Module.slug, Module.title, Module.source_url, Module.more_sources).where(
            Module.state == WorkflowState.PUBLISHED
        )
    )
    named: dict[str, list[Named]] = defaultdict(list)
    for slug, title, source, more in rows:
        for url in dict.fromkeys([source, *(more or ())]):
            if url:
                named[url].append(Named(slug, title))
    return named


def _due(session: Session, now: datetime) -> list[str]:
    """Return the links to look at: those never seen first, then the oldest; each at most once a week."""
    seen = {url: at for url, at in session.execute(select(LinkCheck.url, LinkCheck.checked_at))}  # noqa: C416
    waiting = [(seen[url], url) if url in seen else (None, url) for url in _named(session)]
    fresh = sorted(url for at, url in waiting if at is None)
    old = sorted((at, url) for at, url in waiting if at is not None and at <= now - EVERY)
    return [*fresh, *(url for _, url in old)]


def run_due(database: Database, settings: Settings, *, at_once: int = AT_ONCE, pause: float = PAUSE) -> int:
    """Look at a few links that are due and return how many. No transaction is open while a server thinks."""
    if not settings.link_checks:
        return 0
    with database.claim("link check") as mine:  # a failure must not count twice because two workers look
        return _look_at_due(database, settings, at_once, pause) if mine else 0


def _look_at_due(database: Database, settings: Settings, at_once: int, pause: float) -> int:
    with database.read() as session:
        due = _due(session, utcnow())[:at_once]
    for number, url in enumerate(due):
        if number:
            time.sleep(pause)
        found = look(url, settings.link_check_private)
        with database.write() as session:
            _note(session, url, found)
    if due:
        with database.write() as session:
            _forget(session)
    return len(due)


def _note(session: Session, url: str, found: Found) -> None:
    check = session.scalar(select(LinkCheck).where(LinkCheck.url == url).with_for_update())
    if check is None:
        check = LinkCheck(url=url, failures=0)
        session.add(check)
    check.checked_at, check.status, check.problem = utcnow(), found.status, found.problem
    check.failures = check.failures + 1 if found.problem else 0
    session.flush()


def _forget(session: Session) -> None:
    """Delete what is known about links that no module names any more."""
    named = _named(session)
    gone = [url for url in session.scalars(select(LinkCheck.url)) if url not in named]
    for start in range(0, len(gone), 500):
        session.execute(delete(LinkCheck).where(LinkCheck.url.in_(gone[start : start + 500])))


def broken(session: Session, actor: Actor) -> list[Broken]:
    """Return the links that did not answer, most failures first, with the published modules that name them."""
    require(actor, "module.see_unpublished")
    statement = select(LinkCheck).where(LinkCheck.failures > 0).order_by(LinkCheck.failures.desc(), LinkCheck.url)
    checks = session.scalars(statement).all()
    named = _named(session) if checks else {}
    return [Broken(check, tuple(named[check.url])) for check in checks if check.url in named]


def failures_of(session: Session, actor: Actor, module: Module) -> list[LinkCheck]:
    """Return which links of *module* did not answer the last time."""
    require(actor, "module.see_unpublished")
    urls = [url for url in (module.source_url, *module.more_sources) if url]
    statement = select(LinkCheck).where(LinkCheck.url.in_(urls), LinkCheck.failures > 0)
    return list(session.scalars(statement.order_by(LinkCheck.url)))
