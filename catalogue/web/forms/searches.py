"""A saved search as it is typed."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import InputRequired

from catalogue.models import Frequency, SavedSearch
from catalogue.services.saved_searches import SearchInput
from catalogue.web.filters import label
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["SearchForm"]


class SearchForm(FlaskForm):
    """What the search is called and how often mails may come."""

    name = StringField(_l("Name der Suche"))
    frequency = RadioField(_l("Wie oft möchten Sie Mails?"), [InputRequired(_l("Wählen Sie, wie oft Mails kommen."))])
    question = HiddenField()
    version = WholeNumberField(message=_l("Laden Sie die Seite neu."))

    def offer(self) -> None:
        """Set what can be chosen, in the language of the request."""
        self.frequency.choices = [(one.value, label(one)) for one in Frequency]

    def fill(self, saved: SavedSearch) -> None:
        """Show what is saved."""
        self.name.data, self.frequency.data, self.version.data = saved.name, saved.frequency.value, saved.version

    def input(self) -> SearchInput:
        """Return what was entered."""
        return SearchInput(
            self.name.data or "", Frequency(self.frequency.data), self.question.data or "", self.version.data
        )
