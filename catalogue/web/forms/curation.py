"""What staff write about providers, programmes and terms. Shape only; rules are in the services."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, StringField, TextAreaField

from catalogue.models import ProgrammeKind
from catalogue.services.programmes import ProgrammeInput
from catalogue.services.providers import ProviderInput
from catalogue.services.terms import TermInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, LinesField, VersionField, entered
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["ProgrammeForm", "ProviderForm", "TermForm", "TermMergeForm"]

NUMBER = _l("Geben Sie eine ganze Zahl an, zum Beispiel 12.")
KINDS = {kind.value: kind for kind in ProgrammeKind}


class ProviderForm(FlaskForm):
    """A provider."""

    name = StringField(_l("Name"))
    website = StringField(_l("Internetseite"), description=_l("Adresse, die mit https:// beginnt."))
    place = StringField(_l("Ort"))
    region = ChoiceField(_l("Region"))
    about = TextAreaField(_l("Beschreibung"), description=_l("Absätze, Listen und Links in Markdown."))
    contact_name = StringField(_l("Ansprechperson"))
    contact_email = EmailField(_l("E-Mail-Adresse"))
    contact_phone = StringField(_l("Telefon"))
    version = VersionField()

    def offer(self, regions: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen."""
        self.region.offer(regions)

    def fill(self, given: ProviderInput, version: int) -> None:
        """Show what is saved."""
        for name in ProviderInput.__dataclass_fields__:
            self[name].data = getattr(given, name)
        self.version.data = version

    def input(self) -> ProviderInput:
        """Return what was entered."""
        return ProviderInput(**entered(self, ProviderInput))


class ProgrammeForm(FlaskForm):
    """A programme."""

    name = StringField(_l("Name"))
    kind = ChoiceField(_l("Art"))
    position = WholeNumberField(_l("Platz in Listen"), message=NUMBER)
    website = StringField(_l("Internetseite"), description=_l("Adresse, die mit https:// beginnt."))
    about = TextAreaField(_l("Beschreibung"), description=_l("Absätze, Listen und Links in Markdown."))
    version = VersionField()

    def offer(self) -> None:
        """Set what can be chosen."""
        self.kind.choices = [(kind.value, label(kind)) for kind in ProgrammeKind]

    def fill(self, given: ProgrammeInput, version: int) -> None:
        """Show what is saved."""
        self.name.data, self.kind.data, self.position.data = given.name, given.kind.value, given.position
        self.website.data, self.about.data, self.version.data = given.website, given.about, version

    def input(self) -> ProgrammeInput:
        """Return what was entered."""
        return ProgrammeInput(
            name=self.name.data or "",
            kind=KINDS.get(self.kind.data or "", ProgrammeKind.OTHER),
            position=self.position.data or 0,
            website=self.website.data or "",
            about=self.about.data or "",
        )


class TermForm(FlaskForm):
    """A term of a vocabulary; its code cannot be edited."""

    label_de = StringField(_l("Bezeichnung"))
    label_en = StringField(_l("Bezeichnung auf Englisch"))
    description = TextAreaField(_l("Erklärung"))
    parent = ChoiceField(_l("Oberbegriff"))
    position = WholeNumberField(_l("Platz in der Reihenfolge"), message=NUMBER)
    synonyms = LinesField(_l("Andere Wörter dafür"), description=_l("Ein Wort je Zeile. Die Suche findet sie auch."))
    old_names = LinesField(
        _l("Frühere Namen"), description=_l("Ein Name je Zeile. Wird als „früher:“ gezeigt und gefunden.")
    )
    retired = BooleanField(_l("Nicht mehr zur Auswahl anbieten"))
    version = VersionField()

    def offer(self, parents: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen."""
        self.parent.offer(parents, str(_l("kein Oberbegriff")))

    def fill(self, given: TermInput, version: int) -> None:
        """Show what is saved."""
        for name in TermInput.__dataclass_fields__:
            self[name].data = getattr(given, name)
        self.version.data = version

    def input(self) -> TermInput:
        """Return what was entered."""
        return TermInput(**entered(self, TermInput) | {"position": self.position.data or 0})


class TermMergeForm(FlaskForm):
    """Which term shall stand for another one, too. Read from the address, so that the preview can be looked at again."""

    into = ChoiceField(_l("Zusammenführen mit"), description=_l("Dieser Begriff bleibt."))
    version = VersionField()
    into_version = VersionField()
