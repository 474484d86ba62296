"""Mails, stored together with what caused them; services/mail.py sends them."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, true

from catalogue.db import Session, utcnow
from catalogue.models import OutboxMail
from catalogue.services import audit
from catalogue.services.errors import NotFound
from catalogue.services.paging import within
from catalogue.services.permissions import Actor, require

__all__ = ["Box", "discard", "failed", "find", "get", "oldest_waiting", "prune", "retry", "send", "waiting"]

PER_PAGE = 50
KEEP = timedelta(days=365)


def send(
    session: Session,
    to: str,
    subject: str,
    text: str,
    dedupe_key: str | None = None,
    *,
    html: str = "",
    unsubscribe_url: str = "",
) -> OutboxMail | None:
    """Put a mail into the outbox. With a *dedupe_key* that was used before nothing is added and None returned.

    *html* is the same message for programs that show it: a whole document that loads nothing, its values escaped.
    *unsubscribe_url* ends mails of this kind when a mail program posts to it (RFC 8058).
    """
    if dedupe_key and session.scalar(select(OutboxMail.id).where(OutboxMail.dedupe_key == dedupe_key)):
        return None
    mail = OutboxMail(
        to=_one_line(to)[:254],
        subject=_one_line(subject)[:300],
        text=text,
        html=html,
        dedupe_key=dedupe_key,
        unsubscribe_url=unsubscribe_url,
    )
    session.add(mail)
    session.flush()
    return mail


def _one_line(text: str) -> str:
    """Names may hold line breaks; in a header they would start another header."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text).strip()


@dataclass(frozen=True)
class Box:
    """One page of the outbox and how many mails stand where."""

    mails: tuple[OutboxMail, ...]
    page: int
    pages: int
    waiting: int
    failed: int


def find(session: Session, actor: Actor, page: int = 1, which: str = "") -> Box:
    """Return the newest mails first: all, those that are "waiting", or those that "failed"."""
    require(actor, "outbox.see")
    condition = {"waiting": _WAITING, "failed": _FAILED}.get(which, true())
    total = session.scalar(select(func.count()).select_from(OutboxMail).where(condition)) or 0
    page, pages = within(page, total, PER_PAGE)
    rows = session.scalars(
        select(OutboxMail)
        .where(condition)
        .order_by(OutboxMail.created_at.desc(), OutboxMail.id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    )
    return Box(tuple(rows), page, pages, waiting(session), failed(session))


_WAITING = OutboxMail.sent_at.is_(None) & OutboxMail.failed_at.is_(None)
_FAILED = OutboxMail.failed_at.is_not(None)


def waiting(session: Session) -> int:
    """Return how many mails still have to be sent."""
    return session.scalar(select(func.count()).where(_WAITING)) or 0


def failed(session: Session) -> int:
    """Return how many mails were given up."""
    return session.scalar(select(func.count()).where(_FAILED)) or 0


def oldest_waiting(session: Session) -> datetime | None:
    """Return since when the oldest mail waits."""
    return session.scalar(select(OutboxMail.created_at).where(_WAITING).order_by(OutboxMail.created_at).limit(1))


def get(session: Session, actor: Actor, mail_id: uuid.UUID) -> OutboxMail:
    """Return one mail."""
    require(actor, "outbox.see")
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        raise NotFound()
    return mail


def retry(session: Session, actor: Actor, mail_id: uuid.UUID) -> OutboxMail:
    """Try a mail again that was given up."""
    mail = get(session, actor, mail_id)
    if mail.sent_at is None:
        mail.failed_at, mail.started_at, mail.attempts, mail.due_at = None, None, 0, utcnow()
    session.flush()
    return mail


def discard(session: Session, actor: Actor, mail_id: uuid.UUID) -> None:
    """Throw a mail away that was not sent, for instance because it was handed over in person."""
    mail = get(session, actor, mail_id)
    audit.record(session, actor, "mail.discarded", mail, label=mail.subject)
    session.delete(mail)
    session.flush()


def prune(session: Session) -> int:
    """Delete what was sent or given up more than a year ago; return how many. Until then its key keeps it from being sent again."""
    before = utcnow() - KEEP
    old = (OutboxMail.sent_at < before) | (OutboxMail.failed_at < before)
    return session.execute(delete(OutboxMail).where(old)).rowcount  # type: ignore[attr-defined, no-any-return]
