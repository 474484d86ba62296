"""QR codes as plain shapes, for pages that are printed or shown on a wall and scanned by a phone."""

from dataclasses import dataclass

__all__ = ["QUIET", "QrCode", "qr_code"]

QUIET = 4  # empty modules around the symbol, ISO/IEC 18004


@dataclass(frozen=True)
class QrCode:
    """A symbol: the length of its side in modules with the quiet zone, and the dark modules as the path of an SVG."""

    side: int
    path: str


def qr_code(text: str) -> QrCode:
    """Return the symbol for *text* (an address); error correction M survives a fold or a coffee stain."""
    import segno  # here, because few pages need it

    rows = [bytes(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
    parts = [
        f"M{start + QUIET} {line + QUIET}h{length}v1h-{length}z"
        for line, row in enumerate(rows)
        for start, length in _dark(row)
    ]
    return QrCode(len(rows) + 2 * QUIET, "".join(parts))


def _dark(row: bytes) -> list[tuple[int, int]]:
    """Return start and length of each run of dark modules."""
    runs, start = [], -1
    for place, module in enumerate([*row, 0]):
        if module and start < 0:
            start = place
        elif not module and start >= 0:
            runs.append((start, place - start))
            start = -1
    return runs
