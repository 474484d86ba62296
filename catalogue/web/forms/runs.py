"""What staff write about a run. Shape only; rules are in the service."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, TextAreaField

from catalogue.models import RunState
from catalogue.services.runs import RunInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, DayField, VersionField, entered
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["CancelForm", "RunForm"]

NUMBER = _l("Geben Sie eine ganze Zahl an, zum Beispiel 12.")
RUN_STATES = {state.value: state for state in RunState}


class RunForm(FlaskForm):
    """A run."""

    starts_on = DayField(_l("Beginn"))
    ends_on = DayField(_l("Ende"), description=_l("Leer, wenn es ein Tag ist."))
    times_text = StringField(
        _l("Uhrzeiten"), description=_l("Zum Beispiel: 9 bis 16 Uhr. So steht es auch im Kalender.")
    )
    place = StringField(_l("Ort"))
    online = BooleanField(_l("Findet online statt"))
    region = ChoiceField(_l("Region"))
    min_participants = WholeNumberField(_l("Teilnehmende mindestens"), message=NUMBER)
    max_participants = WholeNumberField(_l("Teilnehmende höchstens"), message=NUMBER)
    booked = WholeNumberField(
        _l("Belegte Plätze"),
        message=NUMBER,
        description=_l("Wie viele schon angemeldet sind. Nur das Netzwerkbüro sieht die Zahl."),
    )
    decide_by = DayField(_l("Entscheidung bis"))
    price_text = StringField(_l("Kosten"))
    booking_url = StringField(_l("Anmeldung beim Anbieter"), description=_l("Adresse, die mit https:// beginnt."))
    state = ChoiceField(_l("Zustand"))
    cancel_reason = StringField(_l("Grund der Absage"), description=_l("Nur bei „abgesagt“. Alle lesen ihn."))
    note = TextAreaField(_l("Anmerkung"))
    version = VersionField()

    def offer(self, regions: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen."""
        self.region.offer(regions)
        self.state.choices = [(state.value, label(state)) for state in RunState]

    def fill(self, given: RunInput, version: int) -> None:
        """Show what is saved."""
        for name in RunInput.__dataclass_fields__:
            self[name].data = getattr(given, name)
        self.state.data = given.state.value
        self.version.data = version

    def input(self) -> RunInput:
        """Return what was entered."""
        return RunInput(**entered(self, RunInput) | {"state": RUN_STATES.get(self.state.data or "", RunState.PLANNED)})


class CancelForm(FlaskForm):
    """Why a run does not take place."""

    cancel_reason = StringField(
        _l("Warum fällt der Termin aus?"),
        description=_l("Alle lesen den Satz beim Termin und in ihrem Kalender, zum Beispiel: Zu wenige Anmeldungen."),
    )
    version = VersionField()
