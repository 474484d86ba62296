"""Mails with a plain and an HTML part, made from templates/mail in the language that a person chose."""

import gettext
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from catalogue.paths import PACKAGE, resources
from catalogue.texts import Text

__all__ = ["render", "say"]

ORIGINAL = "de"  # the language that the sentences are written in


def render(name: str, language: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the text and the HTML of the mail *name*. In the HTML all values are escaped."""
    environment = _environment(language)
    text, html = (environment.get_template(f"{name}.{kind}").render(values) for kind in ("txt", "html"))
    return text.strip() + "\n", html


def say(language: str, text: Text | str) -> str:
    """Return *text* in *language*; what is no Text was written by somebody and stays as it is."""
    if isinstance(text, str):
        return text
    params = {name: say(language, value) if isinstance(value, Text) else value for name, value in text.params.items()}
    said = _translations(language).gettext(text.message)
    return said % params if params else said


@lru_cache(maxsize=4)
def _translations(language: str) -> gettext.NullTranslations:
    if language == ORIGINAL:
        return gettext.NullTranslations()
    return gettext.translation("messages", PACKAGE / "translations", [language], fallback=True)


@lru_cache(maxsize=4)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources("templates") / "mail"),
        autoescape=select_autoescape(("html",), default=False),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(_translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals["say"] = lambda text: say(language, text)
    environment.globals["language"] = language
    return environment
