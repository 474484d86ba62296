"""One file that holds everything worth keeping. Neither the search index (it can be made again) nor the secret key is in it."""

import hashlib
import hmac
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from catalogue.db import Database, utcnow
from catalogue.services import backup_archive, backup_postgres, backup_sqlite
from catalogue.services.backup_archive import UPLOADS, Manifest, Unusable
from catalogue.settings import Settings

__all__ = ["Pruned", "create", "key_print", "prune", "uploads", "verify"]

DAYS = 35  # after so many days what was deleted has to be gone everywhere
WORK = ".backup-"
STALE = timedelta(days=1)


def create(database: Database, settings: Settings, target: Path) -> tuple[Manifest, str]:
    """Write one moment of the database and all uploads to *target* while others go on working; return manifest and its SHA-256.

    The file appears only when it is complete and was read back; an existing one is refused.
    """
    if target.exists():
        raise Unusable(f"{target} exists already.")
    if not target.parent.is_dir():
        raise Unusable(f"The folder {target.parent} does not exist.")
    store = backup_sqlite if database.is_sqlite else backup_postgres
    with _workplace(target.parent) as work:
        revision, tables, made_with = store.copy(database, work)
        kind = "sqlite" if database.is_sqlite else "postgresql"
        name = backup_archive.SQLITE_FILE if database.is_sqlite else backup_archive.DUMP
        files = {name: work / name, **uploads(settings)}
        manifest = Manifest(
            backup_archive.FORMAT, version("modulkatalog"), revision, utcnow().isoformat(timespec="seconds"),
            {name: backup_archive.digest(path) for name, path in files.items()}, kind, tables, made_with, key_print(settings),
        )  # fmt: skip
        sha256 = backup_archive.pack(work / "archive", manifest, files)
        backup_archive.read(work / "archive")
        os.replace(work / "archive", target)
    return manifest, sha256


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Give a folder beside the target, gone at the end; a full disk becomes one sentence."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=WORK) as work:
            yield Path(work)
    except OSError as error:
        raise Unusable(f"The backup cannot be written to {folder}: {error.strerror}.") from error


def uploads(settings: Settings) -> dict[str, Path]:
    """Return the files that lie beside the database, by their name in the archive."""
    folder = settings.state / UPLOADS
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(PurePosixPath(UPLOADS, *path.relative_to(folder).parts)): path for path in found}


def key_print(settings: Settings) -> str:
    """Return a few letters by which the secret key is recognised, "" if there is none yet. Nobody can get back to the key."""
    path = settings.state / "secret_key"
    key = settings.secret_key or (path.read_text(encoding="ascii").strip() if path.exists() else "")
    return hmac.new(key.encode(), b"catalogue backup", hashlib.sha256).hexdigest()[:8] if key else ""


def verify(source: Path, revisions: set[str]) -> tuple[Manifest, str]:
    """Read all of a backup, open its database and count; return manifest and its SHA-256, raise :class:`Unusable` if it is not good.

    *revisions* are those that this version of the catalogue can upgrade from.
    """
    with tempfile.TemporaryDirectory(prefix="catalogue-verify-") as work:
        return unpacked(source, Path(work), revisions)


def unpacked(source: Path, folder: Path, revisions: set[str]) -> tuple[Manifest, str]:
    """Like :func:`verify`, with the content left in the empty *folder*."""
    manifest, sha256 = backup_archive.read(source, folder)
    if manifest.revision not in revisions:
        raise Unusable("This backup was made by a newer version of the catalogue. Update the catalogue first.")
    store = backup_sqlite if manifest.database == "sqlite" else backup_postgres
    store.check(folder / manifest.database_file, manifest)
    return manifest, sha256


@dataclass(frozen=True)
class Pruned:
    """What became of the backups in a folder: deleted, kept, and files that could not be read as backups."""

    deleted: tuple[Path, ...]
    kept: tuple[Path, ...]
    unreadable: tuple[Path, ...]


def prune(folder: Path, days: int, revisions: set[str], delete: Callable[[Path], None] = Path.unlink) -> Pruned:
    """Delete backups made more than *days* ago, never the newest one that is good. What is no backup of ours stays."""
    if not folder.is_dir():
        raise Unusable(f"The folder {folder} does not exist.")
    made: dict[Path, datetime] = {}
    unreadable = []
    for path in sorted(folder.glob("*.tar.gz")):
        try:
            made[path] = datetime.fromisoformat(backup_archive.peek(path)[0].created_at)
        except Unusable:
            unreadable.append(path)
    limit = utcnow() - timedelta(days=days)
    old = [path for path, moment in made.items() if moment < limit]
    needed = _newest_good(sorted(made, key=made.__getitem__, reverse=True), revisions) if old else None
    deleted = tuple(path for path in old if path != needed)
    for path in deleted:
        delete(path)
    _sweep(folder)
    return Pruned(deleted, tuple(path for path in made if path not in deleted), tuple(unreadable))


def _newest_good(newest_first: list[Path], revisions: set[str]) -> Path | None:
    for path in newest_first:
        try:
            verify(path, revisions)
        except Unusable:
            continue
        return path
    raise Unusable("None of the backups is good; nothing was deleted. Make a new one now.")


def _sweep(folder: Path) -> None:
    """Remove what killed backups left behind."""
    for left in folder.glob(f"{WORK}*"):
        if datetime.fromtimestamp(left.stat().st_mtime, utcnow().tzinfo) < utcnow() - STALE:
            shutil.rmtree(left, ignore_errors=True)
