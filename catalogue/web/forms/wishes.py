"""Wishes and their answers as they are typed."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import Confidentiality, Wish, WishState
from catalogue.services.wish_answers import AnswerInput
from catalogue.services.wishes import WishInput
from catalogue.web.filters import label, quarter
from catalogue.web.forms.demand import PEOPLE
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["AnswerForm", "WishForm"]

RELOAD = _l("Laden Sie die Seite neu.")


class WishForm(FlaskForm):
    """A missing topic."""

    title = StringField(_l("Welches Thema fehlt?"))
    text = TextAreaField(_l("Was genau, und wofür?"))
    topic = SelectField(_l("Gehört zu"), validate_choice=False)
    people = WholeNumberField(_l("Personen"), message=PEOPLE)
    period = SelectField(_l("Zeitraum"), validate_choice=False)
    confidentiality = RadioField(_l("Wer sieht das?"), [InputRequired(_l("Wählen Sie, wer das sieht."))])
    version = WholeNumberField(message=RELOAD)

    def offer(self, topics: list[tuple[str, str]], periods: list[str]) -> None:
        """Set what can be chosen, in the language of the request."""
        self.topic.choices = [("", _l("weiß ich nicht")), *topics]
        self.period.choices = [(one, quarter(one)) for one in ["", *periods]]
        self.confidentiality.choices = [(one.value, label(one)) for one in Confidentiality]

    def fill(self, said: WishInput) -> None:
        """Show what is saved."""
        self.title.data, self.text.data, self.topic.data = said.title, said.text, said.topic
        self.people.data, self.period.data = said.people, said.period
        self.confidentiality.data, self.version.data = said.confidentiality.value, said.version

    def input(self) -> WishInput:
        """Return what was entered."""
        return WishInput(
            self.title.data or "", self.text.data or "", self.topic.data or "", self.people.data, self.period.data or "",
            Confidentiality(self.confidentiality.data), self.version.data,
        )  # fmt: skip


class AnswerForm(FlaskForm):
    """What becomes of a wish."""

    state = RadioField(_l("Stand des Wunsches"), [InputRequired(_l("Wählen Sie den Stand."))])
    answer = TextAreaField(_l("Antwort an die Unternehmen"))
    module = SelectField(_l("Modul, das den Wunsch erfüllt"), validate_choice=False)
    version = WholeNumberField(message=RELOAD)

    def offer(self, modules: list[tuple[str, str]]) -> None:
        """Set what can be chosen; *modules* are slugs and titles."""
        self.state.choices = [(one.value, label(one)) for one in WishState if one != WishState.OPEN]
        self.module.choices = [("", _l("keines")), *modules]

    def fill(self, wish: Wish) -> None:
        """Show what was answered so far."""
        self.state.data = WishState.REVIEW.value if wish.state == WishState.OPEN else wish.state.value
        self.answer.data = wish.answer
        self.module.data = wish.module.slug if wish.module else ""
        self.version.data = wish.version

    def input(self) -> AnswerInput:
        """Return what was entered."""
        return AnswerInput(
            WishState(self.state.data), self.answer.data or "", self.module.data or "", self.version.data
        )
