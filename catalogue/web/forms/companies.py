"""Forms about companies and the people who belong to them."""

import re
from dataclasses import asdict

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    EmailField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length

from catalogue.models import CompanyRole, NetworkRole, SizeClass
from catalogue.services.access_requests import AccessInput
from catalogue.services.companies import NOTE_LENGTH, PROFILE, CompanyInput, ProfileInput
from catalogue.services.invitations import InvitationInput
from catalogue.web.forms.fields import VersionField
from catalogue.web.languages import show

__all__ = [
    "AskForm",
    "CalendarForm",
    "CompanyForm",
    "CompanyListForm",
    "InviteForm",
    "InviteStaffForm",
    "LeaveForm",
    "ProfileForm",
]

EMAIL = _l("Geben Sie eine E-Mail-Adresse an, zum Beispiel name@firma.de.")


class CalendarForm(FlaskForm):
    """A calendar address for programs."""

    name = StringField(_l("Wofür ist die Adresse?"))


class ProfileForm(FlaskForm):
    """What a company says about itself. The choices of sector and region are set by the view."""

    sector = SelectField(_l("Branche"))
    region = SelectField(_l("Region"))
    size_class = SelectField(_l("Größe"))
    place = StringField(_l("Ort"), [Length(max=200)])
    website = StringField(_l("Website"), [Length(max=500)])
    version = VersionField()

    def offer(self, sectors: list[SelectChoice], regions: list[SelectChoice]) -> None:
        """Set what can be chosen."""
        nothing = SelectChoice("", gettext("ohne Angabe"))
        self.sector.choices = [nothing, *sectors]
        self.region.choices = [nothing, *regions]
        self.size_class.choices = [nothing, *(SelectChoice(size.value, show(size.label)) for size in SizeClass)]

    def fill(self, values: CompanyInput, version: int) -> None:
        """Show what is stored."""
        for name in PROFILE:
            self[name].data = getattr(values, name)
        self.size_class.data = values.size_class.value if values.size_class else ""
        self.version.renew(version)

    def profile(self) -> ProfileInput:
        """Return what was entered about the company itself."""
        return ProfileInput(
            sector=self.sector.data or "",
            region=self.region.data or "",
            size_class=SizeClass(self.size_class.data) if self.size_class.data else None,
            place=self.place.data or "",
            website=self.website.data or "",
        )


class CompanyForm(ProfileForm):
    """Everything about a company, for the network office."""

    name = StringField(_l("Name"), [InputRequired(_l("Geben Sie den Namen des Unternehmens an.")), Length(max=200)])
    network = StringField(_l("Netzwerk"), [Length(max=60)])
    email_domains = StringField(_l("Domänen der E-Mail-Adressen"), [Length(max=1000)])
    note = TextAreaField(_l("Notiz des Netzwerkbüros"), [Length(max=NOTE_LENGTH)])
    active = BooleanField(_l("Aktiv"))

    def fill(self, values: CompanyInput, version: int) -> None:
        """Show what is stored."""
        super().fill(values, version)
        for name in ("name", "network", "note", "active"):
            self[name].data = getattr(values, name)
        self.email_domains.data = ", ".join(values.email_domains)

    def input(self) -> CompanyInput:
        """Return what was entered."""
        return CompanyInput(
            name=self.name.data,
            network=self.network.data or "",
            email_domains=tuple(part for part in re.split(r"[\s,;]+", self.email_domains.data or "") if part),
            note=self.note.data or "",
            active=self.active.data,
            **asdict(self.profile()),
        )


class CompanyListForm(FlaskForm):
    """A list of companies to upload."""

    file = FileField(
        _l("Datei"),
        description=_l("XLSX oder CSV mit einer Zeile je Unternehmen und Überschriften in der ersten Zeile."),
    )


class AskForm(FlaskForm):
    """Who asks for membership."""

    name = StringField(_l("Ihr Name"), [InputRequired(_l("Geben Sie Ihren Namen an.")), Length(max=200)])
    email = EmailField(_l("E-Mail-Adresse"), [InputRequired(EMAIL), Length(max=254, message=EMAIL)])
    company = StringField(
        _l("Unternehmen"), [InputRequired(_l("Geben Sie an, für welches Unternehmen Sie arbeiten.")), Length(max=200)]
    )

    def input(self) -> AccessInput:
        """Return what was entered."""
        return AccessInput(self.name.data, self.email.data, self.company.data)


class LeaveForm(FlaskForm):
    """Who takes over from somebody who leaves."""

    successor = SelectField(_l("Wer übernimmt?"), validate_choice=False)


class InviteForm(FlaskForm):
    """Whom to invite into a company."""

    email = EmailField(_l("E-Mail-Adresse"), [InputRequired(EMAIL), Length(max=254, message=EMAIL)])
    name = StringField(_l("Name (freiwillig)"), [Length(max=200)])
    role = RadioField(_l("Rolle"), default=CompanyRole.MEMBER.value)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [SelectChoice(role.value, show(role.label)) for role in self.roles()]

    def roles(self) -> list[CompanyRole] | list[NetworkRole]:
        """Return the roles that can be given."""
        return list(CompanyRole)

    def input(self) -> InvitationInput:
        """Return what was entered."""
        return InvitationInput(self.email.data, self.name.data or "", self.role.data)


class InviteStaffForm(InviteForm):
    """Whom to invite into the network office."""

    role = RadioField(_l("Rolle"), default=NetworkRole.CURATOR.value)

    def roles(self) -> list[NetworkRole]:
        """Return the roles that can be given."""
        return list(NetworkRole)
