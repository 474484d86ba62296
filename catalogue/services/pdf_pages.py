"""Pages as tagged PDF, made by WeasyPrint (extra ``pdf``) in a process of its own: it may be killed, and takes its memory with it."""

import ctypes
import hashlib
import importlib.util
import re
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

from catalogue.services import design_tokens
from catalogue.services.errors import Conflict
from catalogue.texts import N_

__all__ = ["MEDIA_TYPE", "SECONDS", "design", "missing", "pdf", "problem"]

MEDIA_TYPE = "application/pdf"
SECONDS = 60
AT_ONCE = 2  # each takes up to 300 MB
LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0", "libfontconfig.so.1")
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig"
SHEETS = ("tokens", "document")
# the library does not apply the page's style sheets inside SVG
DRAWN = {
    "must": "must", "should": "should", "track": "sunken", "step-1": "heat-1", "step-2": "heat-2", "step-3": "heat-3",
    "step-4": "heat-4", "step-5": "heat-5", "qr-light": "quiet-zone", "qr-dark": "ink",
}  # fmt: skip
_turns = threading.BoundedSemaphore(AT_ONCE)


def pdf(page: str, seconds: int = SECONDS) -> bytes:
    """Return *page* – a whole HTML document without any address – as PDF/UA-1. Conflict if that is impossible here or takes too long."""
    if sentence := problem():
        raise Conflict(sentence)
    if not _turns.acquire(timeout=5):
        raise Conflict(N_("Gerade entstehen andere PDF-Dateien. Versuchen Sie es gleich noch einmal."))
    try:
        command = [sys.executable, "-P", str(Path(__file__).with_name("pdf_process.py"))]
        found = subprocess.run(command, input=_styled(page).encode(), capture_output=True, timeout=seconds, check=True)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise Conflict(
            N_("Die PDF-Datei wurde nicht rechtzeitig fertig. Drucken Sie die Seite aus dem Browser.")
        ) from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(error.stderr.decode(errors="replace")[-2000:]) from error
    finally:
        _turns.release()
    return found.stdout


def design() -> str:
    """Return a word that changes when the style sheets of documents do."""
    return hashlib.sha256("".join(_sheet()).encode()).hexdigest()


def problem() -> str:
    """Return in one German sentence why there are no PDF files here, "" if there are."""
    if missing():
        return N_(
            "Für PDF-Dateien fehlt auf diesem Server ein Programmteil (WeasyPrint). Drucken Sie die Seite aus dem Browser."
        )
    return ""


@lru_cache
def missing() -> str:
    """Return in English what is missing on this machine to make PDF files, "" if nothing is."""
    if importlib.util.find_spec("weasyprint") is None:
        return "WeasyPrint is not installed (pip install weasyprint, see docs/operation.md)"
    for library in LIBRARIES if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(library)
        except OSError:
            return f"{library} is not installed (Debian: apt install {PACKAGES})"
    return ""


@lru_cache
def _sheet() -> tuple[str, str]:
    """The style sheets of documents with light colours, and the rules within charts."""
    light, tokens = design_tokens.light_sheets(SHEETS), design_tokens.colours()
    drawn = [f".{name}{{fill:{tokens[token]}}}" for name, token in DRAWN.items()]
    drawn.append(f".could{{fill:none;stroke:{tokens['should']}}}text{{fill:{tokens['muted']}}}")
    return light, "".join(drawn)


def _styled(page: str) -> str:
    sheet, drawn = _sheet()
    page = re.sub(r"(<svg\b[^>]*>)", lambda found: f"{found[1]}<style>{drawn}</style>", page)
    return page.replace("</head>", f"<style>{sheet}</style></head>", 1)
