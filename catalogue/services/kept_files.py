"""Files that are made from what the catalogue says and may be made again at any time: preview pictures, PDF files of modules.

They lie in the state folder under a name that is a hash of their content's source, so that none is ever out of date. Deleting the
folder is safe; a full or broken disk only means that each is made anew.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from catalogue.logs import describe
from catalogue.settings import Settings

__all__ = ["FOLDER", "kept", "prune"]

FOLDER = "made"
MOST_BYTES = 64_000_000
DAYS = 7  # a provider's telephone number that was deleted is gone from here, too
log = structlog.get_logger(__name__)


def kept(settings: Settings, name: str, make: Callable[[], bytes]) -> bytes:
    """Return the file called *name* if it was made before, else what *make* returns, which is kept."""
    path = settings.state / FOLDER / name
    try:
        if found := path.read_bytes():
            return found
    except OSError:
        pass  # not made yet, or not readable: both times it is made
    made = make()
    try:
        _write(path, made)
        _keep_small(path.parent)
    except OSError as error:
        log.warning("file is not kept, it will be made anew each time", error=describe(error))
    return made


def prune(settings: Settings) -> int:
    """Delete what was made more than a week ago, and return how many files."""
    before = time.time() - DAYS * 24 * 3600
    over = [entry for entry in _files(settings.state / FOLDER) if entry[0] < before]
    return sum(_remove(path) for _, _, path in over)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: others may read at the same time."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        _remove(Path(name))
        raise


def _keep_small(folder: Path) -> None:
    """Delete the oldest files until the folder is below its limit."""
    files = sorted(_files(folder))
    over = sum(size for _, size, _ in files) - MOST_BYTES
    for _, size, path in files:
        if over <= 0:
            return
        over -= size
        _remove(path)


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Time, size and path of each file; others may delete some meanwhile."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                found.append((entry.stat().st_mtime, entry.stat().st_size, Path(entry.path)))
    return found


def _remove(path: Path) -> int:
    try:
        path.unlink()
    except OSError:
        return 0
    return 1
