"""The picture that messengers and social networks show beside a link: title, provider, length, form and level of a module.

In German like the modules themselves, the same for everybody. 1200 × 630 pixels are what Open Graph's readers expect.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from catalogue.models import Module, Vocabulary
from catalogue.services.design_tokens import colours
from catalogue.services.preview_text import drawable, fitted, wrapped

__all__ = ["HEIGHT", "MEDIA_TYPE", "SITE", "WIDTH", "Picture", "picture_of", "png"]

MEDIA_TYPE = "image/png"
WIDTH, HEIGHT = 1200, 630
DESIGN = 1  # counted up when the drawing changes, so that everybody fetches the new one
MARGIN, BAND = 72, 104
ROOM = WIDTH - 2 * MARGIN
TITLES = ((72, 3), (60, 4))  # size in pixels and lines that it may take; what is longer ends in an ellipsis
LONG_FACT = 44  # letters
LONG_TITLE = 240  # more never fits


@dataclass(frozen=True)
class Picture:
    """What one picture says."""

    title: str
    provider: str = ""
    facts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A name that changes with what is drawn."""
        return hashlib.sha256(repr((DESIGN, self)).encode()).hexdigest()[:32]


SITE = Picture(
    "Weiterbildung rund um die Batterie",
    "Module, Termine und Qualifizierungsmaßnahmen",
    ("Bildungsverbund BatterieMD", "ELMUG-Netzwerk"),
)


def picture_of(module: Module) -> Picture:
    """Return what the picture of *module* (terms and provider loaded) says; what is not known is left out."""
    provider = module.provider_text or (module.provider.name if module.provider else "")
    facts = (
        _length(module),
        _terms(module, Vocabulary.FORMAT) or module.format_text,
        _terms(module, Vocabulary.LEVEL) or module.level_text,
    )
    return Picture(module.title, provider, tuple(fact for fact in facts if fact and len(fact) <= LONG_FACT))


def _length(module: Module) -> str:
    if (module.duration_text and len(module.duration_text) <= LONG_FACT) or not module.duration_minutes:
        return module.duration_text
    hours = f"{module.duration_minutes / 60:.1f}".removesuffix(".0").replace(".", ",")
    return "1 Stunde" if hours == "1" else f"{hours} Stunden"


def _terms(module: Module, vocabulary: Vocabulary) -> str:
    return ", ".join(term.label() for term in module.terms_of(vocabulary)[:2])


def png(picture: Picture) -> bytes:
    """Return the picture as a small PNG file."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _colour("surface"))
    draw = ImageDraw.Draw(image)
    _band(draw)
    _title(draw, picture.title[:LONG_TITLE])
    regular = _font("Regular", 34)
    draw.text((MARGIN, 486), _line(picture.provider, regular), _colour("accent"), regular, "ls")
    draw.line((MARGIN, 526, WIDTH - MARGIN, 526), _colour("hairline"), 2)
    small = _font("Semibold", 32)
    draw.text((MARGIN, 578), _line("   ·   ".join(picture.facts), small), _colour("muted"), small, "ls")
    file = io.BytesIO()
    image.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _band(draw: ImageDraw.ImageDraw) -> None:
    """The frame of the pages: dark, with the sign, the name and the measuring scale."""
    draw.rectangle((0, 0, WIDTH, BAND), _colour("band"))
    for at in range(0, WIDTH, 16):
        draw.line((at, BAND - (14 if at % 80 == 0 else 7), at, BAND), _colour("band-line"), 2)
    left, top, ink = MARGIN, 16, _colour("on-band")
    draw.rounded_rectangle((left, top + 8, left + 40, top + 58), 5, outline=ink, width=3)
    draw.rectangle((left + 12, top, left + 28, top + 5), ink)
    for line, colour in ((18, ink), (30, ink), (42, _colour("band-signal"))):
        draw.rectangle((left + 9, top + line, left + 31, top + line + (8 if line == 42 else 5)), colour)
    name = _font("Semibold", 36)
    draw.text((left + 60, 58), "Modulkatalog", ink, name, "ls")
    after = left + 60 + name.getlength("Modulkatalog ")
    draw.text((after, 58), "BatterieMD", _colour("band-muted"), _font("Regular", 36), "ls")


def _title(draw: ImageDraw.ImageDraw, title: str) -> None:
    lines: list[str] | None = None
    for size, most in TITLES:
        font = _font("Semibold", size)
        shown = drawable(title, font)
        if (lines := wrapped(shown, font, ROOM, most)) is not None:
            break
    lines = _shortened(shown, font, most) if lines is None else lines
    for number, line in enumerate(lines):
        draw.text((MARGIN, BAND + 44 + round(size * (0.8 + 1.15 * number))), line, _colour("ink"), font, "ls")


def _shortened(text: str, font: FreeTypeFont, most: int) -> list[str]:
    """As much of *text* as fits in *most* lines, with an ellipsis; the lines are the same as if all of it were shown."""
    low, high = 0, len(text)
    while low + 1 < high:
        middle = (low + high) // 2
        fits = wrapped(text[:middle].rstrip(" ,;:–-") + "…", font, ROOM, most) is not None
        low, high = (middle, high) if fits else (low, middle)
    return wrapped(text[:low].rstrip(" ,;:–-") + "…", font, ROOM, most) or []


def _line(text: str, font: FreeTypeFont) -> str:
    return fitted(drawable(text, font), font, ROOM)


def _colour(name: str) -> str:
    return colours()[name]


@lru_cache(maxsize=8)
def _font(weight: str, size: int) -> FreeTypeFont:
    with as_file(files("font_source_sans_pro") / "files" / f"SourceSansPro-{weight}.ttf") as path:
        # the basic layout is the same on every machine; raqm is only there on some
        return ImageFont.truetype(io.BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)
