"""Which passwords are good enough: long and not to be guessed. No rules about kinds of characters, they only make worse passwords."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from catalogue.paths import resources
from catalogue.services.errors import Invalid
from catalogue.texts import N_

__all__ = ["LONGEST", "SHORTEST", "check_new", "common"]

SHORTEST = 12
LONGEST = 128
DISTINCT = 5  # "121212121212" has two different characters
REST = 5  # so many letters must be left when known words are taken out
CONTEXT = (
    "modulkatalog", "katalog", "batteriemd", "batterien", "batterie", "battery", "elmug", "bildungsverbund", "mitteldeutschland",
    "thueringen", "thüringen", "passwort", "password", "kennwort", "willkommen", "welcome", "anmeldung", "geheim", "sommer",
    "winter", "fruehling", "frühling", "herbst", "januar", "februar", "qwertz", "qwerty", "admin",
)  # fmt: skip
_LOOKALIKES = str.maketrans("013457@$!|", "oieastasil")


def check_new(password: str, field: str = "password", known: Iterable[str] = ()) -> str:
    """Return *password* if it may be used, else raise :class:`Invalid` at *field*.

    *known* are words that others know of the person: name, e-mail address, company.
    """
    if len(password) < SHORTEST:
        raise Invalid(field, N_("Nehmen Sie mindestens %(n)s Zeichen, zum Beispiel vier Wörter."), n=SHORTEST)
    if len(password) > LONGEST:
        raise Invalid(field, N_("Nehmen Sie höchstens %(n)s Zeichen."), n=LONGEST)
    if len(set(password)) < DISTINCT:
        raise Invalid(field, N_("Dieses Passwort wiederholt wenige Zeichen. Nehmen Sie verschiedene."))
    folded = _fold(password)
    if folded in common() or folded.translate(_LOOKALIKES) in common():
        raise Invalid(field, N_("Dieses Passwort steht auf Listen häufiger Passwörter. Nehmen Sie ein anderes."))
    if word := _guessable(folded, known):
        raise Invalid(
            field,
            N_("„%(word)s“ ist leicht zu erraten. Nehmen Sie Wörter, die niemand mit Ihnen verbindet."),
            word=word,
        )
    return password


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """Return the folded passwords that are tried first by everybody who guesses."""
    lines = (resources("data/passwords") / "frequent.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _guessable(folded: str, known: Iterable[str]) -> str:
    """Return the known word that makes up nearly all of the password, "" if there is none."""
    words = sorted({*CONTEXT, *_words(known)}, key=len, reverse=True)
    for text in (folded, folded.translate(_LOOKALIKES)):
        found, rest = "", text
        for word in words:
            if word in rest:
                found, rest = found or word, rest.replace(word, " ")
        if found and len(re.sub(r"[^\w]|[\d_]", "", rest)) < REST:
            return found
    return ""


def _words(known: Iterable[str]) -> set[str]:
    """Return the words of names and addresses that are long enough to matter."""
    return {word for text in known for word in re.split(r"[^\w]+|[\d_]+", _fold(text)) if len(word) >= 4}


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
