"""The Whoosh index of one process: generations, pointer file, lock."""

from pathlib import Path

__all__ = ["SearchIndex"]


class SearchIndex:
    """The index in *folder*; opened at first use, never a reason for an error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
