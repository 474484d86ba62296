"""German first, English second; and the theme. Both are kept in cookies that are strictly necessary."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from urllib.parse import urlsplit

from babel.support import NullTranslations
from flask import Blueprint, Flask, redirect, request
from flask_babel import Babel, force_locale, get_locale, get_translations
from werkzeug.wrappers import Response

from catalogue.texts import Text
from catalogue.web.cookies import read_cookie, set_cookie
from catalogue.web.framing import is_framed

LANGUAGES = ("de", "en")
THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600
LOOKED_UP = "catalogue.translations"
babel = Babel()
bp = Blueprint("preferences", __name__, url_prefix="/preferences")


def init(app: Flask) -> None:
    """Set up Flask-Babel; the language comes from the cookie, German otherwise."""
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", "Europe/Berlin")
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "de")
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    babel.init_app(app, locale_selector=language)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, several, number: _translations().ungettext(one, several, number),
        pgettext=lambda context, text: _translations().upgettext(context, text),
        npgettext=lambda context, one, several, number: _translations().unpgettext(context, one, several, number),
        newstyle=True,
    )
    app.register_blueprint(bp)


def language() -> str:
    """Return "de" or "en" for this request. The API and everything without the cookie speak German; in frames the address says it."""
    if not request:
        return LANGUAGES[0]
    chosen = request.args.get("lang", "") if is_framed() else read_cookie("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def _translations() -> NullTranslations:
    """Return the texts of this request's language, looked up once: a page shows some hundred of them."""
    if not request:
        return cast(NullTranslations, get_translations())
    if LOOKED_UP not in request.environ:
        request.environ[LOOKED_UP] = get_translations()
    found: NullTranslations = request.environ[LOOKED_UP]
    return found


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Let texts in the block be in *language*, whatever the reader's is: they go somewhere else."""
    kept = request.environ.pop(LOOKED_UP, None)
    try:
        with force_locale(language):
            yield
    finally:
        request.environ[LOOKED_UP] = kept or get_translations()


def theme() -> str:
    """Return "auto", "light" or "dark" for this request."""
    chosen = read_cookie("theme")
    return chosen if chosen in THEMES else "auto"


def show(text: Text | str) -> str:
    """Return a marked text in the language of the request."""
    if isinstance(text, Text):
        translated = _translations().ugettext(text.message) if text.message else ""
        return translated % text.params if text.params else translated
    return _translations().ugettext(text) if text else ""


def current_language() -> str:
    """Return the code of the language that is spoken now."""
    return language() if request else str(get_locale() or "de")


def local_path(target: str | None, fallback: str = "/") -> str:
    """Return *target* if it is a path of this site, else *fallback*: no redirect ever leaves the site."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or any(ord(c) < 33 for c in target):
        return fallback
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target else fallback


@bp.post("")
def choose() -> Response:
    """Keep the chosen language or theme and go back to the page."""
    answer = redirect(local_path(request.form.get("next")), 303)
    for name, allowed in (("language", LANGUAGES), ("theme", THEMES)):
        if request.form.get(name) in allowed:
            set_cookie(answer, name, request.form[name], YEAR)
    return answer
