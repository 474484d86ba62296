"""Accounts that nobody uses: told twice by mail, then deleted. Who signs in, or whose program does, keeps theirs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from catalogue.db import Session, utcnow
from catalogue.models import ApiToken, Membership, OutboxMail, User
from catalogue.services import erasure, outbox
from catalogue.services.errors import Conflict
from catalogue.services.permissions import SYSTEM
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["FIRST", "SECOND", "run"]

FIRST = timedelta(days=30)  # before the deletion
SECOND = timedelta(days=7)
AT_ONCE = 100
log = structlog.get_logger(__name__)


def run(session: Session, settings: Settings) -> int:
    """Warn, remind and delete; return how many accounts were deleted. Without a mail server nobody can be warned and nothing is done.

    Each mail is noted at the account in the same transaction, so that interrupting and repeating sends none twice.
    """
    if not settings.account_inactive_days or not settings.smtp_host:
        return 0
    allowed, now = timedelta(days=settings.account_inactive_days), utcnow()
    return sum(
        _look_at(session, settings, user, last, now, allowed) for user, last in _idle(session, now - allowed + FIRST)
    )


def _idle(session: Session, since: datetime) -> Sequence[tuple[User, datetime]]:
    """Return people whose account was not used after *since*, and when it was used last."""
    used = select(ApiToken.user_id, func.max(ApiToken.used_at).label("at")).group_by(ApiToken.user_id).subquery()
    rows = session.execute(
        select(User, used.c.at)
        .outerjoin(used, used.c.user_id == User.id)
        .where(User.created_at < since, func.coalesce(User.last_login_at, User.created_at) < since)
        .where(func.coalesce(used.c.at, User.created_at) < since)
        .options(joinedload(User.membership).joinedload(Membership.company))
        .order_by(User.created_at, User.id)
        .limit(AT_ONCE)
    ).all()
    return [(user, max(at for at in (user.created_at, user.last_login_at, token) if at)) for user, token in rows]


def _look_at(
    session: Session, settings: Settings, user: User, last: datetime, now: datetime, allowed: timedelta
) -> bool:
    """Do the next step for one account; return whether it was deleted."""
    if user.warned_at is None or user.warned_at < last:
        user.warned_at, user.reminded_at = now, None
        _tell(session, settings, user, "warned", last, max(last + allowed, now + FIRST))
    elif user.reminded_at is None:
        if now >= user.warned_at + FIRST - SECOND:
            user.reminded_at = now
            _tell(session, settings, user, "reminded", last, max(last + allowed, now + SECOND))
    elif now >= max(user.reminded_at + SECOND, last + allowed) and not _still_waiting(session, user):
        return _delete(session, user)
    return False


def _tell(session: Session, settings: Settings, user: User, step: str, last: datetime, day: datetime) -> None:
    values = {
        "name": user.name,
        "last": f"{last:%d.%m.%Y}",
        "day": f"{day:%d.%m.%Y}",
        "url": f"{settings.base_url.rstrip('/')}/login",
    }
    outbox.send(session, user.email, SUBJECT, MAIL % values, f"{step}:{user.id}:{last:%Y%m%d}")


def _still_waiting(session: Session, user: User) -> bool:
    """Whether a mail to the person was not sent yet: who was not told is not deleted."""
    waiting = (OutboxMail.to == user.email) & OutboxMail.sent_at.is_(None) & OutboxMail.failed_at.is_(None)
    return session.scalar(select(OutboxMail.id).where(waiting).limit(1)) is not None


def _delete(session: Session, user: User) -> bool:
    try:
        erasure.erase(session, SYSTEM, user)
    except Conflict:
        log.warning("unused account kept: the last network admin")
        return False
    return True


SUBJECT = N_("Ihr Konto im Modulkatalog wird gelöscht")
MAIL = N_("""Guten Tag %(name)s,

Ihr Konto im Modulkatalog BatterieMD wurde zuletzt am %(last)s benutzt. Was niemand benutzt, behalten wir nicht:
Am %(day)s wird es gelöscht, mit Ihrer Merkliste und Ihren gespeicherten Suchen. Was Sie für Ihr Unternehmen angegeben haben, bleibt dort, ohne Ihren Namen.

Wenn Sie Ihr Konto behalten wollen, melden Sie sich vorher einmal an:

%(url)s
""")
