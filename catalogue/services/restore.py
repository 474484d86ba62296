"""The way back from a backup: everything is unpacked, checked and brought up to date beside what is there, then takes its place."""

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import delete, update

from catalogue import schema
from catalogue.db import Database, DBAPIError, utcnow
from catalogue.models import OneTimeLink, OutboxMail, UserSession
from catalogue.services import backup, backup_postgres, backup_sqlite, erased
from catalogue.services.backup_archive import UPLOADS, Manifest, Unusable
from catalogue.settings import Settings

__all__ = ["Restored", "restore"]

log = structlog.get_logger(__name__)

WORK = ".restore-"
ASIDE = "before-restore-"
OTHER_DATABASE = (
    "This backup was made on {theirs}, CATALOGUE_DATABASE says {ours}. Restore it into an installation on {theirs};"
    " from one database to the other move modules and companies with `catalogue export` and `catalogue import`."
)


@dataclass(frozen=True)
class Restored:
    """What came back.

    aside: where the old state is, "" if there was none. same_key: whether links in mails still work. erased: how many accounts
    that had been deleted since the backup were deleted again.
    """

    manifest: Manifest
    aside: str
    same_key: bool
    erased: int


def restore(settings: Settings, database: Database, source: Path, *, replace: bool = False) -> Restored:
    """Bring back what *source* holds, upgraded to this version's schema; raise :class:`Unusable` and change nothing otherwise.

    An installation that holds something is refused, or with *replace* kept aside. Killed at any moment it leaves either the
    old state or the new one. The catalogue must not run; the caller rebuilds the index.
    """
    with schema.alone(database):
        _sweep(settings.state, database)
        if not replace and _holds_something(settings, database):
            raise Unusable(
                "There is a catalogue already. With --replace it is kept aside and the backup takes its place."
            )
        with tempfile.TemporaryDirectory(dir=settings.state, prefix=WORK) as folder:
            work = Path(folder)
            manifest, _ = backup.unpacked(source, work, schema.known_revisions(database))
            _same_kind(manifest, database)
            _remember_erased(settings, database)
            aside, again = _exchange(settings, database, work, manifest, keep=replace)
    return Restored(manifest, aside, manifest.secret_key in ("", backup.key_print(settings)), again)


def _holds_something(settings: Settings, database: Database) -> bool:
    store = backup_sqlite if database.is_sqlite else backup_postgres
    return store.holds_something(database) or bool(backup.uploads(settings))


def _same_kind(manifest: Manifest, database: Database) -> None:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    ours = "sqlite" if database.is_sqlite else "postgresql"
    if manifest.database != ours:
        raise Unusable(OTHER_DATABASE.format(theirs=names[manifest.database], ours=names[ours]))


def _exchange(settings: Settings, database: Database, work: Path, manifest: Manifest, *, keep: bool) -> tuple[str, int]:
    """Let the unpacked state take the place of the live one; return where that is kept, and how many were deleted again."""
    copy = work / manifest.database_file
    if database.is_sqlite:
        staged = Database(f"sqlite:///{copy}")
    elif running := backup_postgres.others(database, own=1):  # that of the lock
        raise Unusable(f"The catalogue is running ({running} connections): stop all servers and workers first.")
    else:
        staged = backup_postgres.stage(database, copy, manifest)
    try:
        schema.migrate(staged)
        _forget(staged)
        again = erased.repeat(staged, settings)
    finally:
        staged.dispose()
        database.dispose()
    aside = settings.state / f"{ASIDE}{utcnow():%Y%m%d-%H%M%S-%f}"
    shutil.rmtree(settings.index_folder, ignore_errors=True)  # before: an index of other data must never be there
    _add_uploads(settings, work)
    if database.is_sqlite:
        backup_sqlite.swap(database, copy, aside)
        kept = str(aside) if aside.exists() else ""
    else:
        schema_aside = backup_postgres.swap(database, keep=keep)
        kept = f"schema {schema_aside}" if schema_aside else ""
    _remove_uploads(settings, manifest, aside)
    return kept, again


def _remember_erased(settings: Settings, database: Database) -> None:
    """Whoever was deleted after the backup must not come back: the list goes into the state folder, as far as it can be read."""
    if not (backup_sqlite if database.is_sqlite else backup_postgres).holds_something(database):
        return
    try:
        erased.remember(database, settings)
    except DBAPIError:  # damaged, or older than the list: what the worker wrote there counts
        log.warning("list of deleted accounts not read from the old database")
    database.dispose()


def _forget(database: Database) -> None:
    """What was ended after the backup must not come alive again, what was sent must not be sent twice."""
    with database.write() as session:
        session.execute(delete(UserSession))
        session.execute(delete(OneTimeLink))
        waiting = OutboxMail.sent_at.is_(None) & OutboxMail.failed_at.is_(None)
        session.execute(
            update(OutboxMail)
            .where(waiting)
            .values(failed_at=utcnow(), last_error="restored from a backup, perhaps sent before")
        )


def _add_uploads(settings: Settings, work: Path) -> None:
    """Put the files of the backup beside those that are there: names are random, so neither state misses one of its own."""
    for path in sorted((work / UPLOADS).rglob("*")):
        target = settings.state / path.relative_to(work)
        if path.is_dir():
            target.mkdir(exist_ok=True, mode=0o700, parents=True)
        else:
            target.parent.mkdir(exist_ok=True, mode=0o700, parents=True)
            os.replace(path, target)


def _remove_uploads(settings: Settings, manifest: Manifest, aside: Path) -> None:
    """Put files aside that the backup does not know."""
    for name, path in backup.uploads(settings).items():
        if name not in manifest.files:
            target = aside / name
            target.parent.mkdir(exist_ok=True, mode=0o700, parents=True)
            shutil.move(path, target)


def _sweep(state: Path, database: Database) -> None:
    """Remove what killed restores left behind."""
    for left in state.glob(f"{WORK}*"):
        shutil.rmtree(left, ignore_errors=True)
    if not database.is_sqlite:
        return
    live = backup_sqlite.live_file(database)
    for aside in state.glob(f"{ASIDE}*"):
        with suppress(OSError):
            if (aside / live.name).samefile(live):  # killed before the exchange: the old state is still the live one
                shutil.rmtree(aside)
