"""What a SWOT is asked and what staff write to its fields. Shape only."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField

from catalogue.models import FeedbackState
from catalogue.services.swot import SwotQuery
from catalogue.services.swot_texts import TextInput
from catalogue.web.forms.fields import DayField, VersionField

__all__ = ["SwotFilterForm", "SwotTextForm"]

STATES = {state.value: state for state in FeedbackState}


class SwotFilterForm(FlaskForm):
    """Which remarks; read from the address."""

    since = DayField(_l("Gemeldet seit"))
    as_of = DayField(_l("Stand am Ende des"))

    def query(self, states: list[str]) -> SwotQuery:
        """Return the question; what cannot be read as a day is left out."""
        chosen = tuple(STATES[value] for value in dict.fromkeys(states) if value in STATES)
        return SwotQuery(chosen, self.since.data, self.as_of.data)


class SwotTextForm(FlaskForm):
    """The text of one field."""

    text = TextAreaField(
        _l("Text"), description=_l("Ein paar Sätze oder eine Liste in Markdown, höchstens 1.200 Zeichen.")
    )
    published = BooleanField(_l("Mitglieder dürfen dieses Feld lesen"))
    version = VersionField()

    def input(self) -> TextInput:
        """Return what was entered."""
        return TextInput(self.text.data or "", bool(self.published.data), self.version.data or 0)
