"""Jinja filters and globals: German dates and numbers, safe Markdown, soft hyphens, icons' data, links that keep the state."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

import nh3
import pyphen
from flask import Flask, current_app, request, url_for
from flask_babel import format_date, format_datetime, format_decimal, gettext, ngettext
from markdown_it import MarkdownIt
from markupsafe import Markup

from catalogue.models import Term
from catalogue.texts import Labelled, Text
from catalogue.web.languages import current_language, show, theme

SOFT_HYPHEN = "\u00ad"
LONG_WORD = 18
LONG_PART = 9
_markdown = MarkdownIt("commonmark", {"html": False})
_tags = {"p", "br", "strong", "em", "ul", "ol", "li", "h3", "h4", "blockquote", "code", "pre", "a", "hr"}


def init(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        clock=clock,
        number=number,
        quarter=quarter,
        markdown=markdown,
        hyphenate=hyphenate,
        in_german=in_german,
        label=label,
        shown=show,
        host=host,
    )
    app.jinja_env.globals.update(
        own_arguments=own_arguments,
        url_with=url_with,
        current_language=current_language,
        current_theme=theme,
        count_of=count_of,
        german=german,
        settings=lambda: current_app.extensions["settings"],
    )


def day(value: date | datetime | None) -> str:
    """16.02.2027, or 2027-02-16 styled by the language."""
    return str(format_date(value, "dd.MM.yyyy" if current_language() == "de" else "d MMM yyyy")) if value else ""


def moment(value: datetime | None) -> str:
    """18.11.2026, 8:00 in Berlin time."""
    return (
        str(format_datetime(value, "dd.MM.yyyy, H:mm" if current_language() == "de" else "d MMM yyyy, H:mm"))
        if value
        else ""
    )


def clock(value: datetime | None) -> str:
    """10:42 in Berlin time."""
    return str(format_datetime(value, "H:mm")) if value else ""


def number(value: float | None) -> str:
    """1.234,5 – or nothing for None."""
    return str(format_decimal(value)) if value is not None else ""


def quarter(period: str) -> str:
    """ "2027-Q1" → "1. Quartal 2027", "2027-H2" → "2. Halbjahr 2027", "" → "offen"."""
    if not period:
        return str(gettext("offen"))
    year, _, part = period.partition("-")
    if not part:
        return year
    pattern = gettext("%(n)s. Quartal %(year)s") if part[0] == "Q" else gettext("%(n)s. Halbjahr %(year)s")
    return str(pattern) % {"n": part[1], "year": year}


def markdown(text: str | None) -> Markup:
    """Render Markdown; the only way from stored text to HTML. No raw HTML, links only to http, https and mailto."""
    html = nh3.clean(
        _markdown.render(text or ""), tags=_tags, attributes={"a": {"href", "title"}}, url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
    )  # fmt: skip
    return Markup(html)  # noqa: S704 - cleaned by nh3 above


@lru_cache(maxsize=20_000)
def _hyphenated(word: str) -> str:
    """Soft hyphens inside the long parts of *word*; never beside its own hyphens, and short parts (IHK) stay whole."""
    parts = word.split("-")
    return "-".join(_dictionary().inserted(part, SOFT_HYPHEN) if len(part) > LONG_PART else part for part in parts)


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    return pyphen.Pyphen(lang="de_DE")


def hyphenate(text: str | Markup | None, is_german: bool = True) -> str | Markup:
    """Put soft hyphens into the German words above 18 letters, so that titles break well in every browser. Markup keeps its words.

    *is_german* is False for words of the page itself: they are in its language.
    """
    if not text or (not is_german and german()):
        return text or ""
    if isinstance(text, Markup):
        return in_german(text)
    return in_german(
        " ".join(
            _hyphenated(word) if len(word) > LONG_WORD and "/" not in word and "@" not in word else word
            for word in text.split(" ")
        )
    )


def in_german(text: str | Markup, is_german: bool = True) -> str | Markup:
    """Return *text*, on pages in another language marked as German: what modules and people say is not translated (WCAG 3.1.2)."""
    return Markup('<span lang="de">{}</span>').format(text) if text and is_german and german() else text


def german() -> Markup:
    """Return the ``lang`` attribute for an element with German text, empty on German pages."""
    return Markup("") if current_language() == "de" else Markup(' lang="de"')


def label(value: Labelled | Term | Text | None) -> str:
    """Return what a person reads for an enum member, a vocabulary term or a marked text."""
    if value is None:
        return ""
    if isinstance(value, Term):
        return value.label(current_language())
    return show(value.label) if isinstance(value, Labelled) else show(value)


def host(url: str) -> str:
    """ "https://www.slv-halle.de/aktuelles" → "slv-halle.de"."""
    return url.split("//", 1)[-1].split("/", 1)[0].removeprefix("www.")


def count_of(number: int, one: str, many: str) -> str:
    """ "1 Modul", "14 Module": *one* and *many* hold ``%(num)s``."""
    return str(ngettext(one, many, number))


def own_arguments(**changes: Any) -> dict[str, Any]:
    """Return what this address asks, for ``url_for``, with some changed. Names that would steer ``url_for`` itself ("_scheme", "endpoint") are left out."""
    kept = {name: values for name, values in request.args.lists() if not name.startswith("_") and name != "endpoint"}
    return kept | changes


def url_with(**changes: Any) -> str:
    """Return this page's address with some parameters changed; None removes one; changing a filter goes back to page 1."""
    arguments = own_arguments(**({"page": None} | changes))
    return url_for(request.endpoint or "search.index", **{**arguments, **(request.view_args or {})})
