"""What a company answers about a run. Shape only."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from catalogue.models import CommitmentState, DemandSource, RunCommitment
from catalogue.services.commitments import Answer
from catalogue.services.demand_rules import ON_BEHALF_SOURCES
from catalogue.web.filters import label, quarter
from catalogue.web.forms.fields import VersionField
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["AnswerForm", "OnBehalfAnswerForm"]

CHOSEN = _l("Wählen Sie eine der Antworten.")
ANSWERS = (
    (CommitmentState.COMING, _l("Ja, wir kommen")),
    (CommitmentState.OTHER_TIME, _l("Lieber zu einer anderen Zeit")),
    (CommitmentState.DECLINED, _l("Nein, wir kommen nicht")),
)
COMING = CommitmentState.COMING.value


class AnswerForm(FlaskForm):
    """Yes with a number, another time, or no."""

    state = RadioField(_l("Ihre Antwort"), [InputRequired(CHOSEN)])
    people = WholeNumberField(
        _l("Wie viele Personen kommen?"), message=_l("Geben Sie die Personen als Zahl an, zum Beispiel 4.")
    )
    period = SelectField(_l("Welche Zeit passt Ihnen?"), validate_choice=False)
    version = VersionField()

    def offer(self, periods: list[str]) -> None:
        """Set what can be chosen."""
        self.state.choices = [(state.value, text) for state, text in ANSWERS]
        self.period.choices = [(one, quarter(one)) for one in ["", *periods]]

    def fill(self, found: RunCommitment, people: int | None) -> None:
        """Show what was answered; at first "yes" with the number of people that the company wants it for."""
        answered = found.state != CommitmentState.ASKED
        self.state.data = found.state.value if answered else COMING
        self.people.data = found.people if answered else people
        self.period.data = found.period
        self.version.data = found.version

    def input(self) -> Answer:
        """Return what was entered."""
        state = CommitmentState(self.state.data) if self.state.data else None
        return Answer(state, self.people.data, self.period.data or "", self.version.data)


class OnBehalfAnswerForm(AnswerForm):
    """The same, written down by network staff."""

    source = SelectField(_l("Woher wissen Sie das?"), validate_choice=False)

    def offer(self, periods: list[str]) -> None:
        """Set what can be chosen."""
        super().offer(periods)
        self.source.choices = [(one.value, label(one)) for one in ON_BEHALF_SOURCES]

    def chosen_source(self) -> DemandSource | None:
        """Return where it is known from."""
        return DemandSource(self.source.data) if self.source.data in set(DemandSource) else None
