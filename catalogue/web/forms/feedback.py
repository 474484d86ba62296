"""A remark as it is typed: who may read it is asked first."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import Feedback, FeedbackKind, FeedbackVisibility
from catalogue.services.feedback import FeedbackInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import VersionField

__all__ = ["FeedbackForm"]


class FeedbackForm(FlaskForm):
    """One remark of a company."""

    visibility = RadioField(_l("Wer darf das lesen?"), [InputRequired(_l("Wählen Sie, wer das lesen darf."))])
    kind = RadioField(_l("Worum geht es?"), [InputRequired(_l("Wählen Sie, worum es geht."))])
    text = TextAreaField(_l("Ihre Rückmeldung"))
    next = HiddenField()
    version = VersionField()

    def fill(self, feedback: Feedback) -> None:
        """Show what is saved."""
        self.visibility.data, self.kind.data = feedback.visibility.value, feedback.kind.value
        self.text.data, self.version.data = feedback.text, feedback.version

    def offer(self) -> None:
        """Set what can be chosen, in the language of the request; the narrowest visibility is chosen at first."""
        self.visibility.choices = [(one.value, label(one)) for one in FeedbackVisibility]
        self.kind.choices = [(one.value, label(one)) for one in FeedbackKind]
        if self.visibility.data is None and self.visibility.raw_data is None:
            self.visibility.data = FeedbackVisibility.NETWORK.value

    def input(self) -> FeedbackInput:
        """Return what was entered."""
        kind, visibility = FeedbackKind(self.kind.data), FeedbackVisibility(self.visibility.data)
        return FeedbackInput(kind, self.text.data or "", visibility)
