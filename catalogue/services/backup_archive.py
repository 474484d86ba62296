"""The file a backup is: a .tar.gz with a manifest, its checksum, one copy of the database and all uploads.

The manifest comes first and names every file with size and SHA-256, so that a reader knows what it gets before it writes
anything. ``manifest.sha256`` is what ``sha256sum --check`` reads. Format 1 (0.1.0) knew neither sizes nor the second file.
"""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from catalogue.services.errors import Refused

__all__ = ["DUMP", "SQLITE_FILE", "UPLOADS", "Manifest", "Unusable", "digest", "pack", "peek", "read"]

FORMAT = 2
MANIFEST, CHECKSUM = "manifest.json", "manifest.sha256"
SQLITE_FILE, DUMP = "catalogue.sqlite3", "catalogue.dump"  # the dump is in pg_dump's own format
UPLOADS = "uploads"
LARGEST = 20 * 1024**3  # bytes of content
LARGEST_MANIFEST = 32 * 1024**2
MOST_FILES = 100_000
BLOCK = 1024**2
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)  # no links, no devices, no sparse files


class Unusable(Refused):
    """A backup cannot be made, read or restored; the sentence says why. Nothing was changed."""


@dataclass(frozen=True)
class Content:
    """One file of a backup. bytes: -1 where the format does not say it."""

    sha256: str
    bytes: int = -1


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself.

    ``files`` are by path in the archive, ``tables`` hold the number of rows at the moment of the backup, ``made_with`` the
    versions of the database programs, ``secret_key`` a fingerprint of the key that signed what was mailed.
    """

    format: int
    catalogue: str
    revision: str
    created_at: str
    files: dict[str, Content]
    database: str = "sqlite"
    tables: dict[str, int] = field(default_factory=dict)
    made_with: dict[str, str] = field(default_factory=dict)
    secret_key: str = ""

    @property
    def database_file(self) -> str:
        """Name of the copy of the database."""
        return SQLITE_FILE if self.database == "sqlite" else DUMP


def digest(path: Path) -> Content:
    """Return checksum and size of a file."""
    with open(path, "rb") as file:
        return Content(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def pack(target: Path, manifest: Manifest, files: dict[str, Path]) -> str:
    """Write the archive, readable by its owner alone, and return the SHA-256 of its manifest."""
    said = json.dumps(asdict(manifest), indent=1, ensure_ascii=False).encode()
    sha256 = hashlib.sha256(said).hexdigest()
    texts = {MANIFEST: said, CHECKSUM: f"{sha256}  {MANIFEST}\n".encode()}
    for name, text in texts.items():
        target.with_name(name).write_bytes(text)
    with open(target, "xb", opener=_private) as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            for name, path in {**{name: target.with_name(name) for name in texts}, **files}.items():
                archive.add(path, arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())
    return sha256


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def peek(source: Path) -> tuple[Manifest, str]:
    """Return the manifest and its SHA-256 without reading further; raise :class:`Unusable` if there is none."""
    with _opened(source) as members:
        return _manifest(members)


def read(source: Path, folder: Path | None = None) -> tuple[Manifest, str]:
    """Read all of *source*, into the empty *folder* if one is given; return the manifest and its SHA-256.

    Raises :class:`Unusable` for everything that is not exactly as it was made, or that does not fit the disk.
    """
    with _opened(source) as members:
        manifest, sha256 = _manifest(members)
        _check_room(manifest, folder)
        left = dict(manifest.files)
        for member, content in members:
            if member.name not in left or member.type not in PLAIN:
                raise ValueError(f"unexpected entry {member.name!r}")
            declared = left.pop(member.name)
            if declared.bytes not in (-1, member.size) or member.size > LARGEST:
                raise ValueError(f"{member.name!r} has another size")
            if _store(content, folder / member.name if folder else None) != declared.sha256:
                raise Unusable(f"{source}: {member.name} was changed after the backup was made.")
    if left:
        raise Unusable(f"{source} is incomplete: {', '.join(sorted(left)[:3])} is missing.")
    return manifest, sha256


class _InBlocks:
    """A compressed file that refuses to be read in one huge piece, which a forged header would ask tarfile to do."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self.seek, self.tell, self._file = file.seek, file.tell, file

    def read(self, size: int) -> bytes:
        if not 0 <= size <= BLOCK:
            raise ValueError("a header is too long")
        return self._file.read(size)


Members = Iterator[tuple[tarfile.TarInfo, IO[bytes]]]


@contextmanager
def _opened(source: Path) -> Iterator[Members]:
    """Give the entries one by one; whatever is wrong with them becomes :class:`Unusable`."""
    try:
        with gzip.open(source) as file, tarfile.open(fileobj=cast(Any, _InBlocks(file)), mode="r:") as archive:
            yield _entries(archive)
    except FileNotFoundError as error:
        raise Unusable(f"{source} does not exist.") from error
    except (PermissionError, IsADirectoryError) as error:
        raise Unusable(f"{source} cannot be read: {error.strerror}.") from error
    except OSError as error:
        if error.strerror:  # of the operating system, not of gzip
            raise Unusable(f"{source} cannot be unpacked: {error.strerror}.") from error
        raise Unusable(f"{source} is damaged or not a backup.") from error
    except (EOFError, tarfile.TarError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unusable(f"{source} is damaged or not a backup.") from error
    except Exception as error:  # zlib.error and whatever else a damaged stream makes
        if isinstance(error, Refused):
            raise
        raise Unusable(f"{source} is damaged or not a backup.") from error


def _entries(archive: tarfile.TarFile) -> Members:
    for member in archive:
        if not member.isreg():
            raise ValueError(f"{member.name!r} is not a file")
        yield member, cast(IO[bytes], archive.extractfile(member))


def _manifest(members: Members) -> tuple[Manifest, str]:
    said = _text(members, MANIFEST)
    sha256 = hashlib.sha256(said).hexdigest()
    raw = json.loads(said)
    if not isinstance(raw["format"], int) or raw["format"] > FORMAT:
        raise Unusable("This backup was made by a newer version of the catalogue. Update the catalogue first.")
    if raw["format"] == 1:
        raw["files"] = {name: {"sha256": value} for name, value in raw["files"].items()}
    elif _text(members, CHECKSUM).decode() != f"{sha256}  {MANIFEST}\n":
        raise ValueError("the manifest was changed")
    raw["files"] = {name: Content(**value) for name, value in raw["files"].items()}
    manifest = Manifest(**raw)
    _check_names(manifest)
    return manifest, sha256


def _text(members: Members, name: str) -> bytes:
    member, content = next(members, (None, None))
    if member is None or content is None or member.name != name or member.size > LARGEST_MANIFEST:
        raise ValueError(f"{name} is not where it has to be")
    return content.read()


def _check_names(manifest: Manifest) -> None:
    """Every file is the one of the database or an upload below its own folder."""
    if manifest.database not in ("sqlite", "postgresql") or manifest.database_file not in manifest.files:
        raise ValueError("no database")
    if len(manifest.files) > MOST_FILES:
        raise ValueError("too many files")
    for name in set(manifest.files) - {manifest.database_file}:
        path = PurePosixPath(name)
        if path.parts[0] != UPLOADS or len(path.parts) < 2 or ".." in path.parts or str(path) != name or "\0" in name:
            raise ValueError(f"unexpected name {name!r}")


def _check_room(manifest: Manifest, folder: Path | None) -> None:
    needed = sum(max(content.bytes, 0) for content in manifest.files.values())
    if needed > LARGEST:
        raise Unusable(
            f"This backup claims to hold {needed / 1e9:.1f} GB, more than the {LARGEST / 1e9:.0f} GB allowed."
        )
    free = shutil.disk_usage(folder).free if folder else needed
    if needed > free:
        raise Unusable(f"This backup needs {needed / 1e9:.1f} GB in {folder}, {free / 1e9:.1f} GB are free.")


def _store(content: IO[bytes], target: Path | None) -> str:
    """Return the SHA-256 of *content*, written to *target* on the way."""
    hashed = hashlib.sha256()
    if target is None:
        while block := content.read(BLOCK):
            hashed.update(block)
        return hashed.hexdigest()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(target, "xb", opener=_private) as file:
        while block := content.read(BLOCK):
            hashed.update(block)
            file.write(block)
    return hashed.hexdigest()
