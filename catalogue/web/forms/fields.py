"""Fields that read what people type in German: lines, words, prices, days."""

import re
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.form import BaseForm

__all__ = ["ChoiceField", "DayField", "LinesField", "PriceField", "VersionField", "WordsField", "entered"]

PRICE = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d{1,8})(?:,(\d{1,2}))?")
POINT = re.compile(r"\d{1,8}\.\d{1,2}")
WHOLE = re.compile(r"\d{1,9}")


def entered(form: BaseForm, kind: type[Any]) -> dict[str, Any]:
    """Return what was typed for the fields of the dataclass *kind*; a text that was not sent at all counts as empty."""
    values = {name: form[name].data for name in kind.__dataclass_fields__ if name in form}
    texts = {declared.name for declared in fields(kind) if declared.type is str}
    return {name: "" if value is None and name in texts else value for name, value in values.items()}


class LinesField(TextAreaField):
    """One entry per line; empty lines do not count."""

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "\n".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split what was typed into lines."""
        lines = (valuelist[0] if valuelist else "").splitlines()
        self.data = tuple(line.strip() for line in lines if line.strip())


class WordsField(StringField):
    """Words separated by commas or spaces, in lower case."""

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ", ".join(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split what was typed into words."""
        self.data = tuple(word.lower() for word in re.split(r"[\s,;]+", valuelist[0] if valuelist else "") if word)


class PriceField(StringField):
    """Euros: "490", "490,50", "1.200", "1.200,00 €"; empty means nothing said."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:.2f}".replace(".", ",").removesuffix(",00")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Turn what was typed into an amount."""
        text = (valuelist[0] if valuelist else "").replace("€", "").replace("\u00a0", " ").strip()
        self.data: Decimal | None = None
        if not text:
            return
        if POINT.fullmatch(text) and text.isascii():
            self.data = Decimal(text)
        elif (found := PRICE.fullmatch(text)) and text.isascii():
            self.data = Decimal(f"{found[1].replace('.', '')}.{found[2] or '0'}")
        else:
            raise ValueError(self.gettext("Geben Sie den Preis in Euro als Zahl an, zum Beispiel 490."))

    def gettext(self, string: str) -> str:
        """Return *string* in the language of the page (WTForms would look it up among its own texts)."""
        return str(_l(string))


class DayField(DateField):
    """A date as browsers send it, or as people type it: 16.02.2027. Empty means nothing said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%Y-%m-%d", "%d.%m.%Y"], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Turn what was typed into a date."""
        self.data = None
        if not valuelist or not valuelist[0].strip():
            return
        try:
            super().process_formdata([valuelist[0].strip()])
        except ValueError as error:
            raise ValueError(str(_l("Geben Sie ein Datum an, zum Beispiel 16.02.2027."))) from error


class ChoiceField(SelectField):
    """One of the offered values or "" for none; the service says whether a value exists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, validate_choice=False, **kwargs)
        self.choices: list[tuple[str, str]] = []

    def offer(self, choices: Iterable[tuple[str, str]], nothing: str = "") -> None:
        """Set what can be chosen; *nothing* is what the empty choice says."""
        self.choices = [("", nothing or str(_l("ohne Angabe"))), *choices]

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was chosen."""
        self.data = valuelist[0] if valuelist else ""


class VersionField(HiddenField):
    """The version that was read. Without a usable one nothing can be saved, as if it were stale."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Turn it into a number; 0 is older than everything."""
        text = valuelist[0] if valuelist else ""
        self.data = int(text) if WHOLE.fullmatch(text) and text.isascii() else 0

    def renew(self, version: int) -> None:
        """Show another version than the one that was sent."""
        self.raw_data, self.data = None, version

    def _value(self) -> str:
        return str(self.data or 0)
