"""German sort order and slugs, made in Python because neither SQLite nor a plain PostgreSQL can."""

import re
import unicodedata

__all__ = ["slugify", "sort_key"]

# DIN 5007-1: umlauts sort like their base letter, ß like ss
_SORT = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "ss"})
_SLUG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def sort_key(text: str) -> str:
    """Return the key by which *text* sorts in German (DIN 5007-1), at most 300 characters."""
    folded = text.casefold().translate(_SORT)
    plain = unicodedata.normalize("NFKD", folded)
    return re.sub(r"[^a-z0-9 ]+", "", "".join(c for c in plain if not unicodedata.combining(c))).strip()[:300]


def slugify(text: str, limit: int = 80) -> str:
    """Return *text* as lower-case ASCII words joined by hyphens, at most *limit* characters; "eintrag" if nothing is left."""
    folded = unicodedata.normalize("NFC", text).lower().translate(_SLUG)
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-") or "eintrag"
