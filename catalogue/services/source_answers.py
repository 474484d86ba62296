"""Getting what a source says from its server, with a German sentence for everything that can go wrong on the way."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from catalogue.models import SourceKind
from catalogue.services.errors import Invalid
from catalogue.services.fetching import Answer, FetchError, download
from catalogue.services.source_feeds import Follow
from catalogue.settings import Settings
from catalogue.texts import N_

__all__ = ["fetched", "follower"]

MOST_PAGES = 100

_REASONS = {
    "address not allowed": N_("Die Adresse führt in ein internes Netz. Das ist nicht erlaubt."),
    "host not found": N_("Den Server dieser Adresse gibt es nicht."),
    "not a web address": N_("Die Quelle leitet auf etwas weiter, das keine Internetadresse ist."),
    "redirect to no address": N_("Die Quelle leitet auf etwas weiter, das keine Internetadresse ist."),
    "redirect without encryption": N_("Die Quelle leitet von https auf http weiter. Das ist nicht erlaubt."),
    "too many redirects": N_("Die Quelle leitet zu oft weiter."),
    "too slow": N_("Der Server hat nach %(seconds)s Sekunden noch nicht alles gesendet."),
    "too large": N_("Die Antwort ist größer als %(most)s MB."),
    "compressed answer": N_("Die Antwort ist komprimiert, obwohl das nicht verlangt war."),
    "answer cut short": N_("Die Antwort bricht mitten im Text ab."),
    "certificate not valid": N_("Das Zertifikat des Servers ist nicht gültig."),
}
_STATUSES = {
    401: N_("Die Quelle verlangt eine Anmeldung (HTTP 401)."),
    403: N_("Der Server verweigert den Abruf (HTTP 403)."),
    404: N_("Unter der Adresse steht nichts (HTTP 404)."),
    410: N_("Unter der Adresse steht nichts mehr (HTTP 410)."),
}


def fetched(url: str, kind: SourceKind, headers: Mapping[str, str], settings: Settings) -> Answer:
    """Return the answer of a source, 200, or 304 if *headers* asked for something newer; raises Invalid with what to tell staff."""
    accept = {
        SourceKind.CSV: "text/csv, text/plain;q=0.8, */*;q=0.1",
        SourceKind.JSON: "application/json, */*;q=0.1",
        SourceKind.PAGE: "text/html, application/ld+json;q=0.9, */*;q=0.1",
    }[kind]
    answer = _downloaded(url, settings, settings.source_seconds, {"Accept": accept, **headers})
    if answer.status == 304 and headers:
        return answer
    if answer.status != 200:
        message = _STATUSES.get(answer.status, N_("Der Server antwortet mit einem Fehler (HTTP %(status)s)."))
        raise Invalid("url", message, status=answer.status)
    return answer


def _downloaded(url: str, settings: Settings, seconds: float, headers: Mapping[str, str]) -> Answer:
    try:
        return download(
            url, most=settings.source_max_mb << 20, seconds=seconds, private=settings.source_private, headers=headers
        )
    except FetchError as error:
        message = _REASONS.get(str(error), N_("Der Server antwortet nicht (%(why)s)."))
        params: dict[str, Any] = {"seconds": settings.source_seconds, "most": settings.source_max_mb, "why": str(error)}
        raise Invalid("url", message, **params) from error


def follower(url: str, settings: Settings) -> Follow:
    """Return a function that gets the pages the list at *url* links to: only of the same server, not too many, not for too long."""
    deadline = time.monotonic() + 4 * settings.source_seconds

    def follow(links: Sequence[str]) -> list[Answer]:
        own = [link for link in links if urlsplit(link)[:2] == urlsplit(url)[:2]]
        if not own:
            raise Invalid("url", N_("Die Seite nennt nur Kurse auf anderen Servern. Tragen Sie deren Adresse ein."))
        if len(own) > MOST_PAGES:
            raise Invalid("url", N_("Die Seite verweist auf mehr als %(most)s Kursseiten."), most=MOST_PAGES)
        pages = []
        for link in own:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Invalid("url", N_("Alle Kursseiten zu lesen dauert zu lange."))
            page = _downloaded(link, settings, min(left, settings.source_seconds), {"Accept": "text/html"})
            if page.status != 200:
                raise Invalid("url", N_("Die Kursseite %(url)s antwortet mit HTTP %(status)s."), url=link[:200], status=page.status)  # fmt: skip
            pages.append(page)
        return pages

    return follow
