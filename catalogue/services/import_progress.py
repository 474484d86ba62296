"""How far work in the background has come. Kept beside the database, because the work holds its one transaction."""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catalogue.settings import Settings

__all__ = ["Progress", "Report", "claim", "is_claimed", "read", "reporter"]

Report = Callable[[int, int], None]
BETWEEN = 0.3  # seconds between two notes


@dataclass(frozen=True)
class Progress:
    """So many of so many rows are done; *running* is False if nobody is at work (any more)."""

    done: int
    total: int
    running: bool


def _path(settings: Settings, run_id: uuid.UUID, kind: str) -> Path:
    folder = settings.state / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{run_id.hex}.{kind}"


@contextmanager
def claim(settings: Settings, run_id: uuid.UUID) -> Iterator[bool]:
    """Give True to the one process that may work on the import now. A process that is killed lets go by itself."""
    path = _path(settings, run_id, "lock")
    with open(path, "w") as lock:
        for attempt in range(5):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if attempt == 4:
                    yield False
                    return
                time.sleep(0.05)  # somebody may only be looking
            else:
                break
        try:
            yield True
        finally:
            _path(settings, run_id, "progress").unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def is_claimed(settings: Settings, run_id: uuid.UUID) -> bool:
    """Whether somebody is at work."""
    try:
        with open(_path(settings, run_id, "lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def reporter(settings: Settings, run_id: uuid.UUID) -> Report:
    """Return a function that notes progress, at most a few times per second."""
    path, last = _path(settings, run_id, "progress"), 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last < BETWEEN and done < total:
            return
        last = time.monotonic()
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps([done, total]), encoding="ascii")
        os.replace(draft, path)

    return report


def read(settings: Settings, run_id: uuid.UUID) -> Progress:
    """Return what was noted last."""
    try:
        done, total = json.loads(_path(settings, run_id, "progress").read_text(encoding="ascii"))
    except (OSError, ValueError):
        done, total = 0, 0
    return Progress(done, total, is_claimed(settings, run_id))
