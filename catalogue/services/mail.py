"""Sends what waits in the outbox: verified TLS, tries again with growing pauses, gives up after some days."""

import smtplib
import ssl
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select, update

from catalogue.db import Database, utcnow
from catalogue.logs import describe
from catalogue.models import OutboxMail
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["PAUSES", "Transport", "deliver", "message", "smtp"]

SECONDS = 20  # for one answer of the server
ROUND = 120  # seconds for one round of sending
AT_ONCE = 100
# between tries; a mail server that is down over a weekend must not lose mails
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440, 1440)]
SENDING = timedelta(minutes=10)  # how long others leave a mail alone that is being sent
UNCERTAIN = N_("Beim Senden unterbrochen: Die Mail kann angekommen sein.")
log = structlog.get_logger(__name__)


class Transport(Protocol):
    """What can send a message."""

    def send_message(self, message: EmailMessage) -> object:
        """Send, or raise OSError or SMTPException."""


class Interrupted(smtplib.SMTPException):
    """The connection broke while the text was handed over: nobody knows whether the server took the mail."""


class _Careful(smtplib.SMTP):
    """A connection that tells this from all other failures."""

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        """Hand the text over."""
        try:
            return super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:  # which smtplib's own exceptions are
            raise Interrupted(str(error)) from error


class _Encrypted(_Careful, smtplib.SMTP_SSL):
    """The same over TLS from the beginning."""


def smtp(settings: Settings, trust: ssl.SSLContext | None = None) -> smtplib.SMTP:
    """Return an open connection to the configured server. Certificates are verified against *trust* (default: the system's).

    Raises OSError (which ssl.SSLError is) or SMTPException.
    """
    context = trust or ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = _Encrypted(settings.smtp_host, settings.smtp_port, timeout=SECONDS, context=context)
    else:
        server = _Careful(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
    except BaseException:
        server.close()
        raise
    return server


def message(settings: Settings, mail: OutboxMail) -> EmailMessage:
    """Return *mail* as it goes out. The same mail always has the same Message-ID, so that a doubled one can be recognised."""
    built = EmailMessage()
    built["From"], built["To"], built["Subject"] = settings.mail_from, mail.to, mail.subject
    built["Date"] = formatdate(mail.created_at.timestamp())
    host = urlsplit(settings.base_url).hostname or "localhost"
    built["Message-ID"] = f"<{mail.id}@{host}>" if mail.id else make_msgid(domain=host)
    built["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe_url:
        built["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        built["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    built.set_content(mail.text)
    if mail.html:
        built.add_alternative(mail.html, subtype="html")
    return built


def deliver(database: Database, settings: Settings, trust: ssl.SSLContext | None = None) -> int:
    """Send all mails that are due and return how many went out. Without a mail server they stay where they are.

    No transaction is open while a server is spoken to. A mail is marked before it is sent and again afterwards. After a crash
    in between nobody knows whether the server had taken it: a mail that somebody waits for (a link, an answer) goes out once
    more with the same Message-ID rather than never; one that can be unsubscribed from is given up rather than sent twice.
    """
    if not settings.smtp_host:
        return 0
    due, sent, until = deque(_claim(database)), 0, time.monotonic() + ROUND
    while due and time.monotonic() < until:
        try:
            server = smtp(settings, trust)
        except OSError as error:  # which SMTPException is
            for mail in due:
                _failed(database, mail, error)
            log.warning("mail server cannot be used", host=settings.smtp_host, error=describe(error))
            return sent
        sent += _hand_over(database, settings, server, due, until)
    _release(database, due)
    return sent


def _hand_over(
    database: Database, settings: Settings, server: smtplib.SMTP, due: deque[OutboxMail], until: float
) -> int:
    """Send mails of *due*, oldest first, until none is left, time is up, or the connection is lost; return how many went out."""
    sent = 0
    try:
        while due and server.sock and time.monotonic() < until:
            sent += _send(database, settings, server, due.popleft())
        with suppress(OSError):  # everything was answered: whatever the server says to the farewell changes nothing
            server.quit()
    finally:
        server.close()
    return sent


def _release(database: Database, mails: Iterable[OutboxMail]) -> None:
    """Give back what there was no time for: a slow mail server must not keep the worker from everything else."""
    with database.write() as session:
        for mail in mails:
            claimed = (OutboxMail.id == mail.id, OutboxMail.due_at == mail.due_at, OutboxMail.sent_at.is_(None))
            session.execute(update(OutboxMail).where(*claimed).values(due_at=utcnow()))


def _claim(database: Database) -> list[OutboxMail]:
    """Return due mails and keep other workers from them for a while."""
    now = utcnow()
    with database.write() as session:
        due = session.scalars(
            select(OutboxMail)
            .where(OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None), OutboxMail.due_at <= now)
            .order_by(OutboxMail.created_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for mail in due:
            if mail.started_at is not None and mail.unsubscribe_url:
                mail.failed_at, mail.last_error = now, UNCERTAIN
            mail.due_at = now + SENDING
        return [mail for mail in due if mail.failed_at is None]


def _start(database: Database, mail: OutboxMail) -> bool:
    """Note that *mail* is handed over now; False if it took so long to get here that another worker took it."""
    now = utcnow()
    claimed = (OutboxMail.id == mail.id, OutboxMail.due_at == mail.due_at, OutboxMail.sent_at.is_(None))
    with database.write() as session:
        started = update(OutboxMail).where(*claimed).values(started_at=now, due_at=now + SENDING)
        return bool(session.execute(started).rowcount)  # type: ignore[attr-defined]


def _send(database: Database, settings: Settings, server: Transport, mail: OutboxMail) -> bool:
    if not _start(database, mail):
        return False
    try:
        server.send_message(message(settings, mail))
    except (OSError, ValueError) as error:
        _failed(database, mail, error)
        return False
    with database.write() as session:
        stored = session.get(OutboxMail, mail.id)
        if stored is not None:
            stored.sent_at, stored.attempts, stored.last_error = utcnow(), stored.attempts + 1, ""
            # they held links or somebody's words; what was sent is not needed any more
            stored.text = stored.html = stored.unsubscribe_url = ""
    return True


def _failed(database: Database, failed: OutboxMail, error: Exception) -> None:
    with database.write() as session:
        mail = session.get(OutboxMail, failed.id)
        if mail is None:
            return
        mail.attempts = mail.attempts + 1
        mail.last_error = _describe(error)[:300]
        if isinstance(error, Interrupted) and mail.unsubscribe_url:
            mail.failed_at, mail.last_error = utcnow(), UNCERTAIN
            return
        mail.started_at = None
        if mail.attempts > len(PAUSES) or _is_final(error):
            mail.failed_at = utcnow()
        else:
            mail.due_at = utcnow() + PAUSES[mail.attempts - 1]


def _is_final(error: Exception) -> bool:
    """Whether the server will never take this mail (5xx for its recipient or text), or it cannot be written at all.

    A refused sender is no reason: that is how the catalogue is set up, and can be mended.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return isinstance(error, ValueError) and not isinstance(error, OSError)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
