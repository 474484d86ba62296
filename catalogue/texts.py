"""Texts that are shown to people but written in layers that know nothing of languages or HTTP.

The German sentence is the message id. ``N_`` only marks it for extraction; the web layer translates it when it is shown.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


def N_(text: str) -> str:  # noqa: N802 - the name that message extraction looks for
    """Return *text* unchanged; marks it as translatable."""
    return text


@dataclass(frozen=True)
class Text:
    """A German sentence with ``%(name)s`` places and the values for them."""

    message: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Labelled(StrEnum):
    """A string enum whose members carry a German label: ``MUST = "must", N_("muss")``."""

    label: str

    def __new__(cls, value: str, label: str = "") -> "Labelled":  # the default lets a lookup by value type-check
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member
