"""Modules as PDF files for handing round: made one at a time, given up when it takes too long, kept by what they say."""

import hashlib
import threading

from catalogue.services import kept_files, pdf_pages
from catalogue.services.errors import TooMany
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["MOST", "key", "pdf"]

MOST = 50  # modules in one file
SECONDS = 60
WAIT, RETRY = 5, 20
_turn = threading.BoundedSemaphore(1)  # so that reports of the network office find the other place free


def key(page: str) -> str:
    """Return a name that changes with the page or with how pages are made into files."""
    return hashlib.sha256(f"{pdf_pages.design()}{page}".encode()).hexdigest()[:32]


def pdf(settings: Settings, page: str) -> bytes:
    """Return *page* as PDF, the one made before if there is one.

    Raises TooMany if another one is being made, and Conflict as :func:`pdf_pages.pdf` does.
    """
    return kept_files.kept(settings, f"{key(page)}.pdf", lambda: _made(page))


def _made(page: str) -> bytes:
    if not _turn.acquire(timeout=WAIT):
        raise TooMany(N_("Gerade entstehen andere PDF-Dateien. Versuchen Sie es gleich noch einmal."), RETRY)
    try:
        return pdf_pages.pdf(page, SECONDS)
    finally:
        _turn.release()
