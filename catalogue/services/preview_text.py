"""Text in pictures: only what the font can draw, in lines that fit, long German words broken where a dictionary allows it."""

import unicodedata
from functools import lru_cache

import pyphen
from PIL.ImageFont import FreeTypeFont

__all__ = ["drawable", "fitted", "wrapped"]

LONG_WORD = 12  # letters; shorter words are never broken
MOST_LETTERS = 100  # that a line may hold, of the narrowest letters
NEVER = "\uffff"  # no font has it: what it is drawn as stands for every letter that is missing
PLAIN = str.maketrans({"\u00ad": None, "\u200b": None, "\ufeff": None, "\u2010": "-", "\u2011": "-"})


def drawable(text: str, font: FreeTypeFont) -> str:
    """Return *text* in one line without letters that *font* lacks: accents fall away, the rest is left out."""
    shown = "".join(_letter(letter, font) for letter in unicodedata.normalize("NFC", text).translate(PLAIN))
    return " ".join(shown.split())


def _letter(letter: str, font: FreeTypeFont) -> str:
    if letter.isspace():
        return " "
    if _has(font, letter):
        return letter
    return "".join(part for part in unicodedata.normalize("NFKD", letter) if letter != part and _has(font, part))


@lru_cache(maxsize=4_000)
def _has(font: FreeTypeFont, letter: str) -> bool:
    return letter.isprintable() and bytes(font.getmask(letter)) != bytes(font.getmask(NEVER))


def fitted(text: str, font: FreeTypeFont, width: int) -> str:
    """Return *text* if it is at most *width* pixels long, else its beginning with an ellipsis."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip(" ,;:–-") + "…"


def wrapped(text: str, font: FreeTypeFont, width: int, most: int) -> list[str] | None:
    """Return *text* in at most *most* lines of *width* pixels, None if it is longer."""
    lines: list[str] = []
    line = ""
    words = text.split()
    while words:
        word = words.pop(0)
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        start, rest = _broken(word, font, width - font.getlength(f"{line} " if line else ""))
        if start:
            line, words = f"{line} {start}".strip(), [rest, *words]
        elif not line:  # one word, wider than a line, that no dictionary breaks
            line, words = _cut(word, font, width, words)
        else:
            words = [word, *words]
        lines, line = [*lines, line], ""
        if len(lines) > most:
            return None
    lines += [line] if line else []
    return lines if len(lines) <= most else None


def _broken(word: str, font: FreeTypeFont, room: float) -> tuple[str, str]:
    """The longest beginning of *word* that fits with its hyphen, and the rest; "" if there is none."""
    if len(word) < LONG_WORD:
        return "", word
    places = [at for at, letter in enumerate(word, 1) if letter in "-/" and at < len(word)]
    for at in sorted({*places, *_dictionary().positions(word)}, reverse=True):
        start = word[:at] + ("" if word[at - 1] in "-/" else "-")
        if font.getlength(start) <= room:
            return start, word[at:]
    return "", word


def _cut(word: str, font: FreeTypeFont, width: int, words: list[str]) -> tuple[str, list[str]]:
    fits = next((at for at in range(min(len(word), MOST_LETTERS), 1, -1) if font.getlength(word[:at]) <= width), 1)
    return word[:fits], [word[fits:], *words] if word[fits:] else words


@lru_cache(maxsize=1)
def _dictionary() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="de_DE")
