"""The index of one process: generations, the pointer to the current one, the lock, what is open.

The folder is a throw-away cache of the database and may be deleted at any time. It is for this installation's user only
(mode 0700): Whoosh keeps its table of contents as a pickle, so whoever can write there can run code here.
"""

import fcntl
import json
import os
import shutil
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import whoosh.index
from whoosh.filedb.filestore import FileStorage

from catalogue.search import feed as _feed  # whoever opens an index also queues what changes
from catalogue.search.changes import Position
from catalogue.search.document import INDEX_VERSION, SCHEMA, Codec
from catalogue.search.segments import IndexUnusable, SegmentView
from catalogue.search.snapshot import Snapshot

__all__ = ["IndexUnusable", "SearchIndex"]
assert _feed.FEEDS  # noqa: S101 - keeps the import

_CURRENT, _LOCK, _SUMS, _POSITION = "CURRENT", "LOCK", "SUMS", "POSITION"
_WAITING_SECONDS = 0.01  # between two tries for the lock
_WRITER_SECONDS = 10
_TRIES = 3


class _TidyStorage(FileStorage):
    """Remembers the files it opens, so that they can be closed where Whoosh fails half-way and forgets them."""

    def open_file(self, name: str, **options: Any) -> Any:
        file = super().open_file(name, **options)
        self.__dict__.setdefault("opened", []).append(file)
        return file


def _read_toc(storage: FileStorage) -> Any:
    tidy = _TidyStorage(storage.folder)
    try:
        return whoosh.index.TOC.read(tidy, "MAIN", schema=SCHEMA)
    finally:
        for file in tidy.__dict__.get("opened", []):
            if not file.is_closed:
                file.close()


class SearchIndex:
    """The index in *folder*; opened at first use, shared by all threads of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._snapshot: Snapshot | None = None
        self._views: dict[str, SegmentView] = {}
        self._storage: Any = None
        self._open_name = ""
        self._broken = ""  # the generation that failed in this process
        self._opening = threading.Lock()
        self.healing = threading.Lock()  # held while a thread of this process rebuilds
        self.healed_at = 0.0
        self.checked_at = 0.0

    # --- reading

    def current(self) -> str:
        """Return the name of the current generation, "" if there is none of this version."""
        try:
            name = (self.folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        fits = name.startswith(f"gen-{INDEX_VERSION}-") and "/" not in name
        return name if fits and (self.folder / name).is_dir() else ""

    def snapshot(self) -> Snapshot:
        """Return the index as of the newest commit of any process; raise :class:`IndexUnusable`."""
        for _ in range(_TRIES):
            name = self.current()
            if not name or name == self._broken:
                raise IndexUnusable(name or "no index")
            try:
                return self._newest(name)
            except Exception as error:
                if self.current() != name:
                    continue  # another process published a new generation and removed this one
                self.mark_broken(name)
                raise IndexUnusable(f"{type(error).__name__}: {error}") from error
        raise IndexUnusable("the generations change too fast")

    def _newest(self, name: str) -> Snapshot:
        commit = self._newest_commit(name)
        known = self._snapshot
        if known and known.generation == name and known.commit == commit:
            return known
        with self._opening:
            return self._open(name)

    def _newest_commit(self, name: str) -> int:
        newest = -1
        for file in os.listdir(self.folder / name):
            if file.endswith(".toc") and file.startswith("_MAIN_"):
                newest = max(newest, int(file[6:-4]))
        if newest < 0:
            raise IndexUnusable(f"{name} has no table of contents")
        return newest

    def _open(self, name: str) -> Snapshot:
        """Open what is new of generation *name*; a commit that happens meanwhile makes files vanish: try again."""
        for attempt in range(_TRIES):
            try:
                commit = self._newest_commit(name)
                known = self._snapshot
                if known and known.generation == name and known.commit == commit:
                    return known
                self._snapshot = self._read(name)
                return self._snapshot
            except (FileNotFoundError, whoosh.index.EmptyIndexError):
                if attempt == _TRIES - 1 or not (self.folder / name).is_dir():
                    raise
                time.sleep(0.02)
        raise IndexUnusable(name)

    def _read(self, name: str) -> Snapshot:
        if name != self._open_name:
            self._views, self._storage, self._open_name = {}, FileStorage(str(self.folder / name)), name
        toc = _read_toc(self._storage)
        views = {segment.segment_id(): self._views.get(segment.segment_id()) for segment in toc.segments}
        for segment in toc.segments:
            if views[segment.segment_id()] is None:
                self._verify(name, f"MAIN_{segment.segid}.seg")
                views[segment.segment_id()] = SegmentView(self._storage, SCHEMA, segment)
        self._views = {key: view for key, view in views.items() if view}
        order = [self._views[segment.segment_id()] for segment in toc.segments]
        deleted = [view.deleted_bits(segment) for view, segment in zip(order, toc.segments, strict=True)]
        return Snapshot(name, toc.generation, order, deleted)

    def mark_broken(self, name: str = "") -> None:
        """Use the current generation no more in this process."""
        self._broken = name or self.current()
        self._snapshot, self._views, self._open_name = None, {}, ""

    def is_broken(self) -> bool:
        """Return whether the current generation failed in this process."""
        return bool(self._broken) and self._broken == self.current()

    # --- checksums: Whoosh does not notice changed bytes inside a segment

    def _sums(self, name: str) -> dict[str, int]:
        try:
            found = json.loads((self.folder / name / _SUMS).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _verify(self, name: str, file: str) -> None:
        expected = self._sums(name).get(file)
        if expected is not None and zlib.crc32((self.folder / name / file).read_bytes()) != expected:
            raise IndexUnusable(f"{file} was changed")

    def verify(self) -> bool:
        """Read the segments of the current generation again; if bytes were changed behind our back, use it no more and return False."""
        name = self.current()
        try:
            for file in self._sums(name):
                self._verify(name, file)
        except FileNotFoundError:
            return True  # merged meanwhile; one that is missed is noticed when it is opened
        except IndexUnusable:
            self.mark_broken(name)
            return False
        return True

    def _write_sums(self, name: str) -> None:
        known = self._sums(name)
        folder = self.folder / name
        sums = {path.name: known.get(path.name) or zlib.crc32(path.read_bytes()) for path in folder.glob("MAIN_*.seg")}
        temporary = folder / f"{_SUMS}.{os.getpid()}"
        temporary.write_text(json.dumps(sums), encoding="ascii")
        os.replace(temporary, folder / _SUMS)

    # --- writing; callers hold the lock

    @contextmanager
    def lock(self, *, wait: bool, seconds: float = 0.0) -> Iterator[bool]:
        """Give True while this thread alone may write to the index; False if *wait* is off and another does after *seconds*."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        end = time.monotonic() + seconds
        with open(self.folder / _LOCK, "a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                    break
                except BlockingIOError:
                    if time.monotonic() >= end:
                        yield False
                        return
                time.sleep(_WAITING_SECONDS)
            yield True

    # --- how far it has come in the log of changes; kept in the generation that it speaks of

    def position(self, name: str) -> Position | None:
        """Return how far generation *name* has come, None if that is unknown or speaks of a commit that was lost."""
        try:
            found = Position.read(json.loads((self.folder / name / _POSITION).read_text(encoding="ascii")))
            return found if found and found.commit <= self._newest_commit(name) else None
        except (OSError, ValueError, IndexUnusable):
            return None

    def set_position(self, name: str, position: Position) -> None:
        """Note how far generation *name* has come with its newest commit."""
        kept = replace(position, commit=self._newest_commit(name)).kept()
        temporary = self.folder / name / f"{_POSITION}.{os.getpid()}"
        temporary.write_text(json.dumps(kept), encoding="ascii")
        os.replace(temporary, self.folder / name / _POSITION)

    def create(self) -> str:
        """Make a new, empty generation that nobody uses yet and return its name."""
        name = f"gen-{INDEX_VERSION}-{time.time_ns()}"
        folder = self.folder / name
        folder.mkdir(parents=True, mode=0o700)
        whoosh.index.create_in(str(folder), SCHEMA, indexname="MAIN")
        return name

    @contextmanager
    def writer(self, name: str, **options: Any) -> Iterator[Any]:
        """Give a writer for generation *name*; commits at the end, changes nothing on an exception."""
        writer = whoosh.index.open_dir(str(self.folder / name), schema=SCHEMA).writer(
            timeout=_WRITER_SECONDS, codec=Codec(), **options
        )
        try:
            yield writer
        except BaseException:
            writer.cancel()
            raise
        writer.commit()
        self._write_sums(name)

    def publish(self, name: str) -> None:
        """Make *name* the current generation and remove all but it and the one before."""
        before = self.current()
        temporary = self.folder / f"{_CURRENT}.{os.getpid()}"
        temporary.write_text(name, encoding="ascii")
        os.replace(temporary, self.folder / _CURRENT)
        self._broken = ""
        for path in self.folder.glob("gen-*"):
            if path.name not in (name, before):
                shutil.rmtree(path, ignore_errors=True)
