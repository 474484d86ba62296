"""One file that holds everything worth keeping, and the way back. The search index is never part of it: it can be made again."""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, cast

from sqlalchemy import delete, update

from catalogue import schema
from catalogue.db import Database, utcnow
from catalogue.models import OneTimeLink, OutboxMail, UserSession
from catalogue.services.errors import Invalid
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["Manifest", "create", "inspect", "restore"]

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "catalogue.sqlite3"
UPLOADS = "uploads"
LARGEST = 20 * 1024**3  # bytes of content; a damaged header must not fill the disk
POSTGRES_BACKUP = N_(
    "Auf PostgreSQL sichert pg_dump den Katalog: pg_dump --format=custom --file=katalog.dump „Datenbank“, dazu den Ordner uploads."
)
POSTGRES_RESTORE = N_(
    "Auf PostgreSQL holt pg_restore den Katalog zurück: pg_restore --clean --if-exists --dbname=„Datenbank“ katalog.dump."
)


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself. *files* maps each file's path to its SHA-256."""

    format: int
    catalogue: str
    revision: str
    created_at: str
    files: dict[str, str]


def create(database: Database, settings: Settings, target: Path) -> Manifest:
    """Write a consistent copy of the database and all uploads to *target*, while others go on working.

    The file appears only when it is complete, readable by its owner alone; an existing one is refused.
    """
    if not database.is_sqlite:
        raise Invalid("", POSTGRES_BACKUP)
    if target.exists():
        raise Invalid("", N_("%(path)s gibt es schon."), path=str(target))
    if not target.parent.is_dir():
        raise Invalid("", N_("Den Ordner %(path)s gibt es nicht."), path=str(target.parent))
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        work = Path(folder)
        _copy_database(Path(database.engine.url.database or ""), work / DATABASE)
        files = {DATABASE: work / DATABASE, **_uploads(settings.state / UPLOADS)}
        made = Manifest(
            FORMAT, version("modulkatalog"), schema.current(database), utcnow().isoformat(timespec="seconds"),
            {name: _sha256(path) for name, path in files.items()},
        )  # fmt: skip
        (work / MANIFEST).write_text(json.dumps(asdict(made), indent=1), encoding="utf-8")
        _pack(work / "archive", {MANIFEST: work / MANIFEST, **files})
        os.replace(work / "archive", target)
    return made


def _copy_database(source: Path, target: Path) -> None:
    """Copy by SQLite's backup API: consistent although others write, and without the -wal file."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")


def _uploads(folder: Path) -> dict[str, Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(PurePosixPath(UPLOADS, *path.relative_to(folder).parts)): path for path in found}


def _pack(target: Path, files: dict[str, Path]) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            for name, path in files.items():
                archive.add(path, arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore(settings: Settings, database: Database, source: Path, *, force: bool = False) -> Manifest:
    """Put the content of *source* into the state folder and bring it to this version's schema.

    Everything is unpacked and checked beside the state folder first; a damaged or foreign file changes nothing. What was there
    is refused, or with *force* moved aside to ``before-restore-…``. The caller rebuilds the index. The catalogue must not run.
    """
    if not database.is_sqlite:
        raise Invalid("", POSTGRES_RESTORE)
    live = Path(database.engine.url.database or "")
    if not force and (live.exists() or _uploads(settings.state / UPLOADS)):
        raise Invalid(
            "",
            N_("In %(path)s liegt schon ein Katalog. Mit --force wird er beiseite gelegt."),
            path=str(settings.state),
        )
    with tempfile.TemporaryDirectory(dir=settings.state, prefix=".restore-") as folder:
        work = Path(folder)
        manifest = inspect(source, work, schema.known_revisions(database))
        database.dispose()
        if force:
            _set_aside(settings.state, live)
        shutil.move(work / DATABASE, live)
        if (work / UPLOADS).exists():
            shutil.move(work / UPLOADS, settings.state / UPLOADS)
    shutil.rmtree(settings.index_folder, ignore_errors=True)
    schema.upgrade(database, settings.state)
    _forget(database)
    return manifest


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


def inspect(source: Path, folder: Path, revisions: set[str]) -> Manifest:
    """Unpack *source* into the empty *folder* and return its manifest; raise Invalid if anything about it is not as it was
    made, or if its schema is none of *revisions*."""
    try:
        _unpack(source, folder)
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**raw)
    except FileNotFoundError as error:
        raise Invalid("", N_("%(path)s gibt es nicht oder ist keine Sicherung."), path=str(source)) from error
    except (OSError, EOFError, tarfile.TarError, ValueError, TypeError) as error:
        raise Invalid("", N_("%(path)s ist beschädigt oder keine Sicherung."), path=str(source)) from error
    if manifest.format != FORMAT:
        raise Invalid("", N_("Diese Sicherung hat ein Format, das diese Fassung nicht kennt."))
    _check_files(folder, manifest)
    _check_database(folder / DATABASE, manifest, revisions)
    return manifest


def _unpack(source: Path, folder: Path) -> None:
    total = 0
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts
            known = member.name in (MANIFEST, DATABASE) or (len(parts) > 1 and parts[0] == UPLOADS)
            total += member.size
            if not member.isreg() or not known or ".." in parts or total > LARGEST:
                raise ValueError(f"unexpected entry {member.name!r}")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(target, "xb", opener=_private) as file, cast(IO[bytes], archive.extractfile(member)) as content:
                shutil.copyfileobj(content, file)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check_files(folder: Path, manifest: Manifest) -> None:
    found = {str(PurePosixPath(*path.relative_to(folder).parts)) for path in folder.rglob("*") if path.is_file()} - {
        MANIFEST
    }
    changed = [name for name in sorted(found & set(manifest.files)) if _sha256(folder / name) != manifest.files[name]]
    if found != set(manifest.files) or changed or DATABASE not in found:
        raise Invalid("", N_("Die Sicherung ist unvollständig oder wurde verändert."))


def _check_database(path: Path, manifest: Manifest, revisions: set[str]) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise Invalid("", N_("Die Datenbank in der Sicherung ist beschädigt.")) from error
    if not sound or found is None or found[0] != manifest.revision:
        raise Invalid("", N_("Die Datenbank in der Sicherung ist beschädigt."))
    if manifest.revision not in revisions:
        raise Invalid(
            "",
            N_("Die Sicherung stammt aus einer neueren Fassung des Katalogs. Bringen Sie zuerst diese auf den Stand."),
        )


def _set_aside(state: Path, live: Path) -> None:
    aside = state / f"before-restore-{utcnow():%Y%m%d-%H%M%S-%f}"
    aside.mkdir(mode=0o700)
    for path in (live, live.with_name(live.name + "-wal"), live.with_name(live.name + "-shm"), state / UPLOADS):
        if path.exists():
            shutil.move(path, aside / path.name)
