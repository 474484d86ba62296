"""Looks at an installation and says in sentences what is not as it should be. For operators, in English like the command line."""

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from catalogue import schema
from catalogue.db import Database, utcnow
from catalogue.search import sync
from catalogue.search.index import SearchIndex
from catalogue.services import outbox, privacy_notice, report_pdf
from catalogue.settings import Settings

__all__ = ["Finding", "examine"]

SOUND_SQLITE = (3, 51, 3)  # before: two processes that checkpoint at once can damage a WAL database
BACKPORTS = {(3, 50): 7, (3, 44): 6}  # branch → first patch level that has the fix
WAITING = timedelta(hours=1)
KEY_LENGTH = 32


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. level: ok, warning, error."""

    level: str
    text: str


def examine(settings: Settings, database: Database, index: SearchIndex) -> list[Finding]:
    """Return what was found; one failing look does not keep the others from being made."""
    found = [*_sqlite(database), *_state(settings), *_key(settings), *_mail(settings), *_operator(settings), _pdf()]
    try:
        revision = schema.current(database)
    except sa.exc.SQLAlchemyError as error:
        return [*found, Finding("error", f"The database cannot be reached: {str(error).splitlines()[0]}")]
    if revision != schema.head(database):
        return [
            *found,
            Finding(
                "error",
                f"The schema is at {revision or 'nothing'}, not {schema.head(database)}: run `catalogue db upgrade`.",
            ),
        ]
    return [
        *found,
        Finding("ok", f"The schema is at {revision}."),
        *_index(database, index),
        *_outbox(database, settings),
    ]


def _sqlite(database: Database) -> Iterator[Finding]:
    if not database.is_sqlite:
        yield Finding("ok", "The database is PostgreSQL.")
        return
    version = sqlite3.sqlite_version_info
    fixed = version >= SOUND_SQLITE or version[2] >= BACKPORTS.get(version[:2], 1_000)
    advice = (
        ""
        if fixed
        else (
            "; before 3.51.3 a rare race while checkpointing can damage a database (fixed in 3.50.7 and 3.44.6, too): update SQLite, keep backups"
        )
    )
    yield Finding("ok" if fixed else "warning", f"SQLite is {sqlite3.sqlite_version}{advice}.")


def _state(settings: Settings) -> Iterator[Finding]:
    mode = stat.S_IMODE(settings.state.stat().st_mode)
    if mode & stat.S_IWOTH:
        yield Finding(
            "error", f"Everybody may write to the state folder {settings.state}: run `chmod 700 {settings.state}`."
        )
    elif mode & (stat.S_IROTH | stat.S_IXOTH):
        yield Finding(
            "warning", f"Others may read the state folder {settings.state}: run `chmod 700 {settings.state}`."
        )
    else:
        yield Finding("ok", f"Only its owner uses the state folder {settings.state}.")


def _key(settings: Settings) -> Iterator[Finding]:
    path: Path = settings.state / "secret_key"
    if settings.secret_key and len(settings.secret_key) < KEY_LENGTH:
        yield Finding("error", f"CATALOGUE_SECRET_KEY is shorter than {KEY_LENGTH} characters.")
    elif not settings.secret_key and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("error", f"Others may read {path}: run `chmod 600 {path}`.")
    else:
        yield Finding(
            "ok",
            "The secret key is long enough and private."
            if settings.secret_key or path.exists()
            else "The secret key will be made at the first start.",
        )


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_host:
        yield Finding("warning", "No mail server (CATALOGUE_SMTP_HOST): mails stay in the outbox, see /admin/outbox.")
    elif settings.smtp_security == "none" and settings.smtp_user:
        yield Finding("error", "CATALOGUE_SMTP_SECURITY is none: the mail password would be sent unprotected.")
    else:
        yield Finding("ok", f"Mails go to {settings.smtp_host}:{settings.smtp_port} ({settings.smtp_security}).")
    if settings.smtp_host and settings.mail_from.endswith("@localhost"):
        yield Finding("warning", "CATALOGUE_MAIL_FROM is still the default; other mail servers will refuse it.")
    if not settings.secure:
        yield Finding(
            "warning", f"CATALOGUE_BASE_URL is {settings.base_url}: without https cookies are not protected on the way."
        )


def _operator(settings: Settings) -> Iterator[Finding]:
    """Law asks who runs a site that others reach; a trial on one's own machine needs nothing."""
    missing = privacy_notice.missing(settings) if settings.secure else []
    if missing:
        yield Finding("warning", f"Imprint and privacy page are incomplete: set {', '.join(missing)}.")


def _pdf() -> Finding:
    missing = report_pdf.missing()
    if missing:
        return Finding("warning", f"Reports cannot be saved as PDF: {missing}.")
    return Finding("ok", "Reports can be saved as PDF.")


def _index(database: Database, index: SearchIndex) -> Iterator[Finding]:
    with database.read() as session:
        queued = len(sync.lag(session, index).modules)
    differences = sync.check(database, index)
    if differences.unusable:
        yield Finding(
            "error", f"The search index cannot be used ({differences.unusable}): run `catalogue search rebuild`."
        )
    elif differences:
        yield Finding(
            "error", f"The search index differs in {len(differences.modules)} modules: run `catalogue search rebuild`."
        )
    else:
        yield Finding("ok", f"The search index agrees with the database; {queued} changes wait.")


def _outbox(database: Database, settings: Settings) -> Iterator[Finding]:
    with database.read() as session:
        oldest, failed = outbox.oldest_waiting(session), outbox.failed(session)
    if settings.smtp_host and oldest and utcnow() - oldest > WAITING:
        yield Finding(
            "error", f"A mail has been waiting since {oldest:%Y-%m-%d %H:%M} UTC: does `catalogue worker` run?"
        )
    else:
        yield Finding("ok", "No mail is overdue." if settings.smtp_host or not oldest else "Mails wait in the outbox.")
    if failed:
        yield Finding("warning", f"{failed} mails were given up, see /admin/outbox.")
