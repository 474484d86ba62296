"""German sort order and slugs, made in Python because neither SQLite nor a plain PostgreSQL can."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["arrange", "slugify", "sort_key"]

T = TypeVar("T")

# DIN 5007-1: umlauts sort like their base letter, ß like ss
_SORT = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_SLUG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@lru_cache(maxsize=50_000)  # lists of all modules are sorted again and again
def sort_key(text: str) -> str:
    """Return the key by which *text* sorts in German (DIN 5007-1), at most 300 characters."""
    folded = text.casefold().translate(_SORT)
    plain = unicodedata.normalize("NFKD", folded)
    return re.sub(r"[^a-z0-9 ]+", "", "".join(c for c in plain if not unicodedata.combining(c))).strip()[:300]


def arrange(named: list[T], sort: str, keys: Mapping[str, Callable[[T], Any]]) -> None:
    """Sort things that stand in German order of their names by the key that *sort* ("-" in front: descending) names, else by name."""
    field = sort.removeprefix("-")
    if field in keys:  # names stay in order where the values are the same
        named.sort(key=keys[field], reverse=sort.startswith("-"))
    elif sort == "-name":
        named.reverse()


def slugify(text: str, limit: int = 80) -> str:
    """Return *text* as lower-case ASCII words joined by hyphens, at most *limit* characters; "eintrag" if nothing is left."""
    folded = unicodedata.normalize("NFC", text).lower().translate(_SLUG)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-") or "eintrag"
