"""What staff decide about a Klausur, as it is typed."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, StringField
from wtforms.validators import InputRequired

from catalogue.models import VotingWay
from catalogue.services.retreats import RetreatInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import DayField
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["RetreatForm"]


class RetreatForm(FlaskForm):
    """A Klausur."""

    title = StringField(_l("Name"))
    day = DayField(_l("Tag der Klausur"))
    as_of = DayField(_l("Stand des Bedarfs"))
    way = RadioField(_l("Wie wird abgestimmt?"), [InputRequired(_l("Wählen Sie, wie abgestimmt wird."))])
    budget = WholeNumberField(_l("Punkte je Person"), message=_l("Geben Sie eine Zahl an, zum Beispiel 10."))
    asks_recommendation = BooleanField(_l("Auch fragen: Was empfehlen Sie?"))
    version = WholeNumberField(message=_l("Laden Sie die Seite neu."))

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        self.offer()

    def offer(self) -> None:
        """Set what can be chosen, in the language of the request."""
        self.way.choices = [(one.value, label(one)) for one in VotingWay]

    def fill(self, given: RetreatInput) -> None:
        """Show what is saved."""
        for name in ("title", "day", "as_of"):
            self[name].data = getattr(given, name)
        self.way.data, self.budget.data = given.way.value, given.budget
        self.asks_recommendation.data, self.version.data = given.asks_recommendation, given.version

    def input(self) -> RetreatInput:
        """Return what was entered. Who votes with muss, soll, kann need not say a number of points."""
        way = VotingWay(self.way.data)
        budget = self.budget.data if way == VotingWay.POINTS else self.budget.data or 10
        return RetreatInput(
            self.title.data or "", self.day.data, self.as_of.data, way, budget, bool(self.asks_recommendation.data),
            self.version.data,
        )  # fmt: skip
