"""The machine: folders, room on disks, libraries, clock."""

import sqlite3
import stat
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catalogue.services import pdf_pages, readiness
from catalogue.services.errors import Conflict
from catalogue.services.finding import Finding, error, ok, warning
from catalogue.settings import Settings

__all__ = ["disk", "pdf", "sqlite", "state", "zones"]

SOUND_SQLITE = (3, 51, 3)  # before: two processes that checkpoint at once can damage a WAL database
BACKPORTS = {(3, 50): 7, (3, 44): 6}  # branch → first patch level that has the fix
LINE = '<!doctype html><html lang="de"><head><title>x</title></head><body><p>Prüfung: äöü ß €</p></body></html>'


def sqlite() -> Finding:
    """Look whether this SQLite has the fix for checkpoints of two processes."""
    version = sqlite3.sqlite_version_info
    if version >= SOUND_SQLITE or version[2] >= BACKPORTS.get(version[:2], 1_000):
        return ok(f"SQLite is {sqlite3.sqlite_version}.")
    return warning(
        f"SQLite is {sqlite3.sqlite_version}; before 3.51.3 a rare race while checkpointing can damage a database.",
        "Use a Python with SQLite 3.51.3, 3.50.7 or 3.44.6, or PostgreSQL; keep backups.",
    )


def state(settings: Settings) -> Finding:
    """Look who may get at the state folder."""
    mode = stat.S_IMODE(settings.state.stat().st_mode)
    advice = f"Run `chmod 700 {settings.state}`."
    if mode & stat.S_IWOTH:
        return error(f"Everybody may write to the state folder {settings.state}.", advice)
    if mode & (stat.S_IROTH | stat.S_IXOTH):
        return warning(f"Others may read the state folder {settings.state}.", advice)
    return ok(f"Only its owner uses the state folder {settings.state}.")


def disk(settings: Settings) -> Finding:
    """Look at the room where the catalogue writes."""
    folders = f"{settings.state} or {Path(tempfile.gettempdir())}"
    found = readiness.disk_state(settings)
    if found == "full":
        return error(f"Nothing can be written to {folders}.", "Make room; changes are refused until then.")
    if found == "low":
        return warning(f"Less than 256 MB are free at {folders}.", "Make room before changes are refused.")
    return ok("There is room on the disks.")


def pdf() -> Finding:
    """Make a small PDF: libraries may be there without any font."""
    if missing := pdf_pages.missing():
        return warning(f"Reports cannot be saved as PDF: {missing}.", "Install it, or let people print the page.")
    try:
        made = pdf_pages.pdf(LINE, 30)
    except (Conflict, RuntimeError, OSError):
        return warning("A PDF could not be made.", "Try `apt install fonts-dejavu-core fontconfig`.")
    if not any(b"/FontFile" in part for part in _unpacked(made)):
        return warning("A PDF was made without any font.", "Try `apt install fonts-dejavu-core fontconfig`.")
    return ok("Reports can be saved as PDF.")


def _unpacked(made: bytes) -> Iterator[bytes]:
    """Yield what is packed in a PDF."""
    for stream in made.split(b"stream")[1:]:
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(stream.lstrip(b"\r\n"))


def zones() -> Finding:
    """Look whether times of Berlin are known, summer time included."""
    try:
        summer = datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset()
    except ZoneInfoNotFoundError:
        summer = None
    if summer == timedelta(hours=2):
        return ok("Times of Berlin are known.")
    return error("Time zones are missing: times of day cannot be shown.", "Run `pip install tzdata`.")
