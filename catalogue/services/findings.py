"""Collects what is wrong with an input, one sentence per field, so that people see everything at once."""

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from catalogue.services.errors import Invalid
from catalogue.texts import N_, Text

__all__ = ["Findings", "is_web_address", "one_line", "plain_text"]

EARLIEST = date(1990, 1, 1)
URL_LENGTH = 1000
EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")


def is_web_address(url: str) -> bool:
    """Whether *url* can be shown as a link: http or https, a host, nothing that ends an attribute."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f<>\"\\]", url)
    except ValueError:
        return False


def plain_text(value: str) -> str:
    """Return *value* trimmed and with one kind of line end, as it is stored and compared."""
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(value: str) -> str:
    """Return *value* as one line with single spaces."""
    return re.sub(r"\s+", " ", value).strip()


class Findings:
    """The first broken rule of each field."""

    def __init__(self) -> None:
        self.fields: dict[str, Text] = {}

    def add(self, field: str, message: str, **params: Any) -> None:
        """Note that *field* breaks a rule, unless it already does."""
        self.fields.setdefault(field, Text(message, params))

    def raise_any(self) -> None:
        """Raise :class:`Invalid` if anything was found."""
        if self.fields:
            raise Invalid(fields=self.fields)

    def required(self, field: str, value: object, message: str) -> None:
        """*value* must not be empty."""
        if not value:
            self.add(field, message)

    def length(self, field: str, value: str, most: int) -> None:
        """*value* has at most so many characters."""
        if len(value) > most:
            self.add(field, N_("Kürzen Sie den Text auf höchstens %(most)s Zeichen."), most=most)

    def within(self, field: str, value: int | None, least: int, most: int) -> None:
        """*value* is empty or between both bounds."""
        if value is not None and not least <= value <= most:
            self.add(field, N_("Geben Sie eine Zahl von %(least)s bis %(most)s ein."), least=least, most=most)

    def participants(self, least: int | None, most: int | None) -> None:
        """Both numbers are possible and in order."""
        self.within("min_participants", least, 1, 10_000)
        self.within("max_participants", most, 1, 10_000)
        if least is not None and most is not None and least > most:
            self.add("max_participants", N_("Die Höchstzahl muss mindestens so groß sein wie die Mindestzahl."))

    def url(self, field: str, *urls: str) -> None:
        """All *urls* are empty or web addresses."""
        for url in urls:
            self.length(field, url, URL_LENGTH)
            if url and not is_web_address(url):
                self.add(field, N_("Geben Sie eine Adresse an, die mit https:// oder http:// beginnt."))

    def email(self, field: str, value: str) -> None:
        """*value* is empty or looks like an e-mail address."""
        if value and not EMAIL.fullmatch(value):
            self.add(field, N_("Geben Sie eine E-Mail-Adresse an, zum Beispiel name@firma.de."))

    def day(self, field: str, value: date | None) -> None:
        """*value* is empty or a date that can be meant."""
        if value is not None and value < EARLIEST:
            self.add(field, N_("Geben Sie ein Datum ab 1990 ein."))
