"""The way back to *my* list: pages about one thing are told in ``back`` where the reader came from."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from flask import request
from flask_babel import gettext

from catalogue.web.languages import local_path

__all__ = ["WayBack", "referring_path", "way_back"]

LONGEST = 1500  # characters; what is longer was not made by our pages


@dataclass(frozen=True)
class WayBack:
    """Where the reader came from."""

    text: str
    url: str


def way_back(asked: str | None) -> WayBack:
    """Return the way to *asked* if it is one of our lists, else to the search. Never leads to another site."""
    url = local_path(asked, "/") if asked and len(asked) <= LONGEST else "/"
    path = urlsplit(url).path
    if path == "/":
        text = " ".join(parse_qs(urlsplit(url).query).get("q", [""])[0].split())[:80]
        if text:
            return WayBack(gettext("Zurück zu den Modulen für „%(text)s“", text=text), url)
        return WayBack(gettext("Zurück zu den Modulen") if url == "/" else gettext("Zurück zu Ihrer Auswahl"), url)
    for start, label in _areas().items():
        if path == start or path.startswith(start + "/"):
            return WayBack(label, url)
    return WayBack(gettext("Zurück zu den Modulen"), "/")


def referring_path() -> str:
    """Return the path of the page that the browser says it comes from, "" if it says nothing or nonsense."""
    try:
        return urlsplit(request.referrer or "").path
    except ValueError:
        return ""


def _areas() -> dict[str, str]:
    return {
        "/account/bookmarks": gettext("Zurück zur Merkliste"),
        "/compare": gettext("Zurück zum Vergleich"),
        "/company": gettext("Zurück zu Unser Unternehmen"),
        "/wishes": gettext("Zurück zu den Wünschen"),
        "/curation": gettext("Zurück zur Pflege"),
        "/planning": gettext("Zurück zur Planung"),
        "/providers": gettext("Zurück zum Anbieter"),
        "/programmes": gettext("Zurück zum Programm"),
        "/runs": gettext("Zurück zu den Terminen"),
        "/measures": gettext("Zurück zur Maßnahme"),
        "/modules": gettext("Zurück zum vorigen Modul"),
    }
