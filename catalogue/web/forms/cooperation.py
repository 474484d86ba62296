"""What a company offers or seeks, as it is typed. Shape only; the rules are in services/cooperation.py."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import Confidentiality, CooperationDirection, CooperationKind, DemandSource
from catalogue.services.cooperation import EntryInput
from catalogue.services.demand_rules import ON_BEHALF_SOURCES, OnBehalf
from catalogue.web.filters import label, quarter
from catalogue.web.forms.fields import ChoiceField, DayField, VersionField

__all__ = ["EntryForm", "EntryOnBehalfForm"]

CHOSEN = _l("Wählen Sie eine der Möglichkeiten.")


class EntryForm(FlaskForm):
    """One offer or need."""

    direction = RadioField(_l("Bieten oder suchen Sie etwas?"), [InputRequired(CHOSEN)])
    kind = SelectField(_l("Was?"), [InputRequired(CHOSEN)])
    text = TextAreaField(_l("Worum geht es?"))
    topic = ChoiceField(_l("Thema"))
    region = ChoiceField(_l("Region"))
    place = StringField(_l("Ort"))
    capacity = StringField(_l("Umfang"))
    period = SelectField(_l("Zeitraum"), validate_choice=False)
    contact = StringField(_l("Ansprechperson"))
    confidentiality = RadioField(_l("Wer sieht das?"), [InputRequired(CHOSEN)])
    version = VersionField()

    def offer(self, topics: list[tuple[str, str]], regions: list[tuple[str, str]], periods: list[str]) -> None:
        """Set what can be chosen, in the language of the request."""
        self.direction.choices = [(one.value, label(one)) for one in CooperationDirection]
        self.kind.choices = [(one.value, label(one)) for one in CooperationKind]
        self.topic.offer(topics, str(_l("für jedes Thema")))
        self.region.offer(regions, str(_l("überall")))
        self.period.choices = [(one, quarter(one)) for one in ["", *periods]]
        self.confidentiality.choices = [(one.value, label(one)) for one in Confidentiality]

    def fill(self, said: EntryInput) -> None:
        """Show what is saved."""
        self.direction.data, self.kind.data = said.direction.value, said.kind.value
        for name in ("text", "topic", "region", "place", "capacity", "period", "contact", "version"):
            self[name].data = getattr(said, name)
        self.confidentiality.data = said.confidentiality.value

    def input(self) -> EntryInput:
        """Return what was entered."""
        texts = ("text", "topic", "region", "place", "capacity", "period", "contact")
        return EntryInput(
            CooperationDirection(self.direction.data), CooperationKind(self.kind.data),
            confidentiality=Confidentiality(self.confidentiality.data), version=self.version.data,
            **{name: self[name].data or "" for name in texts},
        )  # fmt: skip


class EntryOnBehalfForm(EntryForm):
    """The same, entered by network staff for a company."""

    direction = RadioField(_l("Bietet oder sucht das Unternehmen etwas?"), [InputRequired(CHOSEN)])
    company = ChoiceField(_l("Unternehmen"))
    source = RadioField(_l("Woher wissen Sie das?"), [InputRequired(CHOSEN)])
    source_date = DayField(_l("Vom"))

    def offer_subjects(self, companies: list[tuple[str, str]]) -> None:
        """Set the companies, each as slug and name."""
        self.company.offer(companies, str(_l("Unternehmen wählen")))
        self.source.choices = [(one.value, label(one)) for one in ON_BEHALF_SOURCES]

    def on_behalf(self) -> OnBehalf:
        """Return for whom and from where."""
        return OnBehalf(self.company.data or "", DemandSource(self.source.data), self.source_date.data)
