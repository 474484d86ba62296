"""What a company says about a module, as it is typed. Shape only; the rules are in services/demand_rules.py."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from catalogue.models import Confidentiality, DemandSource, Purpose, Relevance
from catalogue.services.demand_rules import ON_BEHALF_SOURCES, DemandInput, OnBehalf
from catalogue.web.filters import label, quarter
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["DemandForm", "OnBehalfForm", "PeopleForm", "RefuseForm"]

PEOPLE = _l("Geben Sie die Personen als Zahl an, zum Beispiel 6.")
CHOSEN = _l("Wählen Sie eine der Möglichkeiten.")
SAID = (Relevance.MUST, Relevance.SHOULD, Relevance.COULD, Relevance.NONE)  # "open" is what the one click says


class PeopleForm(FlaskForm):
    """The one question that is asked after the one click."""

    people = WholeNumberField(_l("Für wie viele Personen?"), message=PEOPLE)


class RefuseForm(FlaskForm):
    """Why a company does not stand behind what staff entered for it."""

    reason = TextAreaField(_l("Was stimmt nicht?"))
    version = WholeNumberField(message=_l("Laden Sie die Seite neu."))
    next = HiddenField()


class DemandForm(FlaskForm):
    """The panel "Für uns relevant?". Periods and formats are offered by :meth:`offer`, checked by the service."""

    relevance = RadioField(_l("Wie wichtig?"), [Optional()], validate_choice=True)
    purpose = SelectMultipleField(_l("Wofür?"))
    people = WholeNumberField(_l("Personen"), message=PEOPLE)
    period = SelectField(_l("Zeitraum"), validate_choice=False)
    format = SelectField(_l("Gewünschtes Format"), validate_choice=False)
    place = StringField(_l("Gewünschter Ort"))
    note = TextAreaField(_l("Anmerkung"))
    confidentiality = RadioField(_l("Wer sieht das?"), [InputRequired(CHOSEN)])
    version = WholeNumberField(message=_l("Laden Sie die Seite neu."))
    next = HiddenField()

    def offer(self, periods: list[str], formats: list[tuple[str, str]]) -> None:
        """Set what can be chosen, in the language of the request; *formats* are codes and labels."""
        self.relevance.choices = [(one.value, label(one)) for one in SAID]
        self.purpose.choices = [(one.value, label(one)) for one in Purpose]
        self.period.choices = [(one, quarter(one)) for one in ["", *periods]]
        self.format.choices = [("", _l("offen")), *formats]
        self.confidentiality.choices = [(one.value, label(one)) for one in Confidentiality]

    def fill(self, said: DemandInput) -> None:
        """Show what is saved."""
        self.relevance.data = said.relevance.value
        self.purpose.data = [one.value for one in said.purposes]
        self.people.data = said.people
        self.period.data = said.period
        self.format.data = said.format_code
        self.place.data = said.place
        self.note.data = said.note
        self.confidentiality.data = said.confidentiality.value
        self.version.data = said.version

    def input(self) -> DemandInput:
        """Return what was entered."""
        return DemandInput(
            relevance=Relevance(self.relevance.data) if self.relevance.data else Relevance.OPEN,
            purposes=tuple(Purpose(value) for value in self.purpose.data or []),
            people=self.people.data,
            period=self.period.data or "",
            format_code=self.format.data or "",
            place=self.place.data or "",
            note=self.note.data or "",
            confidentiality=Confidentiality(self.confidentiality.data),
            version=self.version.data or 0,
        )


class OnBehalfForm(DemandForm):
    """The same, entered by network staff for a company."""

    company = SelectField(_l("Unternehmen"), [InputRequired(_l("Wählen Sie das Unternehmen."))], validate_choice=False)
    module = SelectField(_l("Modul"), [InputRequired(_l("Wählen Sie das Modul."))], validate_choice=False)
    source = RadioField(_l("Woher wissen Sie das?"), [InputRequired(CHOSEN)])
    source_date = DateField(
        _l("Vom"),
        [InputRequired(_l("Geben Sie ein Datum an, zum Beispiel 18.11.2026."))],
        format=["%Y-%m-%d", "%d.%m.%Y"],
    )

    def offer_subjects(self, companies: list[tuple[str, str]], modules: list[tuple[str, str]]) -> None:
        """Set companies and modules, each as slug and name."""
        self.company.choices = [("", _l("Unternehmen wählen")), *companies]
        self.module.choices = [("", _l("Modul wählen")), *modules]
        self.source.choices = [(one.value, label(one)) for one in ON_BEHALF_SOURCES]

    def on_behalf(self) -> OnBehalf:
        """Return for whom and from where."""
        return OnBehalf(self.company.data or "", DemandSource(self.source.data), self.source_date.data)
