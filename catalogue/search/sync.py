"""Brings the index up to date with the database."""

from catalogue.db import Database
from catalogue.search.index import SearchIndex

__all__ = ["drain_quietly"]


def drain_quietly(database: Database, index: SearchIndex) -> None:
    """Let the index learn what is queued; log any failure, never raise."""
