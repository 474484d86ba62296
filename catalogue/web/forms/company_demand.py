"""Many marks for one company, one row each. Shape only; the rules are in services/demand_rules.py."""

from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import Email, InputRequired, Optional

from catalogue.models import Confidentiality, DemandSource, Purpose, Relevance
from catalogue.services.demand_rules import ON_BEHALF_SOURCES, DemandInput, OnBehalf
from catalogue.web.filters import label, quarter
from catalogue.web.forms.demand import CHOSEN, PEOPLE
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["AnswerRow", "AskForm", "MarkRow", "SourceForm", "WhoSeesForm"]


class SourceForm(FlaskForm):
    """Where what is entered next is known from."""

    source = RadioField(_l("Woher wissen Sie das?"), [InputRequired(CHOSEN)])
    source_date = DateField(
        _l("Vom"),
        [InputRequired(_l("Geben Sie ein Datum an, zum Beispiel 18.11.2026."))],
        format=["%Y-%m-%d", "%d.%m.%Y"],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source.choices = [(one.value, label(one)) for one in ON_BEHALF_SOURCES]

    def on_behalf(self) -> OnBehalf:
        """Return what was chosen, for no company yet."""
        return OnBehalf("", DemandSource(self.source.data), self.source_date.data)


class AnswerRow(FlaskForm):
    """One module of the short form; the prefix of the names is its slug. An empty relevance means: nothing to enter here."""

    class Meta:
        """The token stands once in the form around all rows."""

        csrf = False

    relevance = SelectField(_l("Wie wichtig?"))
    people = WholeNumberField(_l("Personen"), message=PEOPLE)
    period = SelectField(_l("Zeitraum"), validate_choice=False)
    version = WholeNumberField(message=_l("Laden Sie die Seite neu."))

    def offer(self, periods: list[str]) -> None:
        """Set what can be chosen, in the language of the request."""
        self.relevance.choices = [("", _l("nichts eintragen")), *((one.value, label(one)) for one in Relevance)]
        self.period.choices = [(one, quarter(one)) for one in ["", *periods]]

    def fill(self, said: DemandInput | None) -> None:
        """Show what is saved, None: nothing."""
        self.relevance.data = said.relevance.value if said else ""
        self.people.data = said.people if said else None
        self.period.data = said.period if said else ""
        self.version.data = said.version if said else 0

    def input(self) -> DemandInput | None:
        """Return what was entered, None for a row without."""
        if not self.relevance.data:
            return None
        return DemandInput(
            relevance=Relevance(self.relevance.data),
            people=self.people.data,
            period=self.period.data or "",
            version=self.version.data or 0,
        )


class MarkRow(AnswerRow):
    """The same with purpose and visibility, for staff."""

    purpose = SelectMultipleField(_l("Wofür?"))
    confidentiality = SelectField(_l("Wer sieht das?"))

    def offer(self, periods: list[str]) -> None:
        """Set what can be chosen, in the language of the request."""
        super().offer(periods)
        self.purpose.choices = [(one.value, label(one)) for one in Purpose]
        self.confidentiality.choices = [(one.value, label(one)) for one in Confidentiality]

    def fill(self, said: DemandInput | None) -> None:
        """Show what is saved, None: nothing."""
        super().fill(said)
        self.purpose.data = [one.value for one in said.purposes] if said else []
        self.confidentiality.data = (said or DemandInput()).confidentiality.value

    def input(self) -> DemandInput | None:
        """Return what was entered, None for a row without."""
        said = super().input()
        if said is None:
            return None
        purposes = tuple(Purpose(value) for value in self.purpose.data or [])
        return replace(said, purposes=purposes, confidentiality=Confidentiality(self.confidentiality.data))


class WhoSeesForm(FlaskForm):
    """Who sees what stands on a sheet: one choice for all of it."""

    confidentiality = RadioField(_l("Wer sieht das?"), [InputRequired(CHOSEN)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.confidentiality.choices = [(one.value, label(one)) for one in Confidentiality]


class AskForm(FlaskForm):
    """To whom the question goes, if the company has no admins yet."""

    email = StringField(
        _l("E-Mail-Adresse"), [Optional(), Email(_l("Geben Sie eine E-Mail-Adresse an, zum Beispiel name@firma.de."))]
    )
