"""A field for whole numbers as people type them in German."""

import re
from typing import Any

from wtforms import StringField

__all__ = ["WholeNumberField"]

_WHOLE = re.compile(r"\d{1,9}|\d{1,3}(\.\d{3}){1,2}")


class WholeNumberField(StringField):
    """Reads "6", " 12 " and "1.200"; empty means nothing said. Keeps what was typed for showing it again."""

    def __init__(self, *args: Any, message: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.message = message

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Turn what was typed into a number; the service decides whether it is in range."""
        text = valuelist[0].strip() if valuelist else ""
        self.data: int | None = None
        if not text:
            return
        if not _WHOLE.fullmatch(text) or not text.isascii():
            raise ValueError(self.message)
        self.data = int(text.replace(".", ""))
