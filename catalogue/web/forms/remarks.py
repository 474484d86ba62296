"""What staff say about a remark: what becomes of it, why members may not read it, where it belongs. Shape only."""

from collections.abc import Iterable

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import Feedback, FeedbackKind, FeedbackState
from catalogue.services.feedback_desk import Move, Reply
from catalogue.web.filters import label
from catalogue.web.forms.fields import VersionField

__all__ = ["DecisionForm", "MoveForm", "ReasonForm"]


class DecisionForm(FlaskForm):
    """What becomes of a remark, with a sentence to its giver."""

    state = RadioField(_l("Was wird daraus?"), [InputRequired(_l("Wählen Sie, was daraus wird."))])
    answer = TextAreaField(_l("Antwort"))
    version = VersionField()

    def offer(self, kind: FeedbackKind) -> None:
        """Set what can be chosen; a question is answered, not carried out."""
        words = {FeedbackState.DONE: gettext("beantwortet")} if kind == FeedbackKind.QUESTION else {}
        self.state.choices = [
            (state.value, words.get(state) or label(state)) for state in FeedbackState if state != FeedbackState.NEW
        ]

    def input(self) -> Reply:
        """Return what was entered."""
        return Reply(FeedbackState(self.state.data), self.answer.data or "", self.version.data)


class ReasonForm(FlaskForm):
    """Why members may not read a remark."""

    reason = TextAreaField(_l("Grund"))
    version = VersionField()


class MoveForm(FlaskForm):
    """Where a remark belongs, and why it is moved there."""

    kind = SelectField(_l("Art"))
    module = SelectField(_l("Modul"))
    reason = TextAreaField(_l("Grund"))
    version = VersionField()

    def offer(self, modules: Iterable[tuple[str, str]], feedback: Feedback) -> None:
        """Set what can be chosen; the module it is about now is among it even if it is not published."""
        self.kind.choices = [(kind.value, label(kind)) for kind in FeedbackKind]
        now = [(feedback.module.slug, feedback.module.title)] if feedback.module else []
        listed = list(modules)
        self.module.choices = [
            ("", gettext("das Angebot als Ganzes")),
            *[one for one in now if one not in listed],
            *listed,
        ]

    def fill(self, feedback: Feedback) -> None:
        """Show where it is now."""
        self.kind.data, self.module.data = feedback.kind.value, feedback.module.slug if feedback.module else ""
        self.version.data = feedback.version

    def input(self) -> Move:
        """Return what was entered."""
        return Move(FeedbackKind(self.kind.data), self.module.data or "", self.reason.data or "", self.version.data)
