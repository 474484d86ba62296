"""What staff write about runs, measures, providers, programmes and terms. Shape only; rules are in the services."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, FieldList, Form, FormField, StringField, TextAreaField

from catalogue.models import ProgrammeKind, RunState
from catalogue.services.measures import MeasureInput, Part
from catalogue.services.programmes import ProgrammeInput
from catalogue.services.providers import ProviderInput
from catalogue.services.runs import RunInput
from catalogue.services.terms import TermInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, DayField, LinesField, VersionField, entered
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["AnswerForm", "MeasureForm", "ProgrammeForm", "ProviderForm", "RunForm", "TermForm"]

NUMBER = _l("Geben Sie eine ganze Zahl an, zum Beispiel 12.")
RUN_STATES = {state.value: state for state in RunState}
KINDS = {kind.value: kind for kind in ProgrammeKind}


class RunForm(FlaskForm):
    """A run."""

    starts_on = DayField(_l("Beginn"))
    ends_on = DayField(_l("Ende"), description=_l("Leer, wenn es ein Tag ist."))
    times_text = StringField(_l("Uhrzeiten"), description=_l("Zum Beispiel: 9 bis 16 Uhr"))
    place = StringField(_l("Ort"))
    online = BooleanField(_l("Findet online statt"))
    region = ChoiceField(_l("Region"))
    min_participants = WholeNumberField(_l("Teilnehmende mindestens"), message=NUMBER)
    max_participants = WholeNumberField(_l("Teilnehmende höchstens"), message=NUMBER)
    decide_by = DayField(_l("Entscheidung bis"))
    price_text = StringField(_l("Kosten"))
    booking_url = StringField(_l("Anmeldung beim Anbieter"), description=_l("Adresse, die mit https:// beginnt."))
    state = ChoiceField(_l("Zustand"))
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


class PartForm(Form):
    """One line of a measure: its place, the module, whether it is required. An empty module removes the line."""

    position = WholeNumberField(_l("Platz"), message=NUMBER)
    module = ChoiceField(_l("Modul"))
    required = BooleanField(_l("Pflicht"))


class MeasureForm(FlaskForm):
    """A measure with its modules as lines; the number in front of a line decides the order."""

    title = StringField(_l("Titel"))
    code = StringField(_l("Kürzel"))
    summary = TextAreaField(_l("Kurzbeschreibung"))
    programme = ChoiceField(_l("Programm"))
    source_url = StringField(_l("Quelle"), description=_l("Adresse, die mit https:// beginnt."))
    parts = FieldList(FormField(PartForm), max_entries=110)
    version = VersionField()

    def offer(self, programmes: Iterable[tuple[str, str]], modules: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen, as slug and name; always leave some empty lines for more modules."""
        self.programme.offer(programmes)
        empty = sum(1 for line in self.parts if not line.form.module.data)
        while empty < 3 and len(self.parts) < 110:
            self.parts.append_entry({"position": len(self.parts) + 1, "module": "", "required": True})
            empty += 1
        offered = list(modules)
        for line in self.parts:
            line.form.module.offer(offered, str(_l("kein Modul")))

    def fill(self, given: MeasureInput, version: int) -> None:
        """Show what is saved."""
        self.title.data, self.code.data, self.summary.data = given.title, given.code, given.summary
        self.programme.data, self.source_url.data, self.version.data = given.programme, given.source_url, version
        for position, part in enumerate(given.parts, start=1):
            self.parts.append_entry({"position": position, "module": part.module, "required": part.required})

    def input(self) -> MeasureInput:
        """Return what was entered, the modules in the order of their numbers."""
        lines = [line.form for line in self.parts if line.form.module.data]
        lines.sort(key=lambda line: line.position.data if line.position.data is not None else len(lines) + 1)
        return MeasureInput(
            title=self.title.data or "",
            code=self.code.data or "",
            summary=self.summary.data or "",
            programme=self.programme.data or "",
            source_url=self.source_url.data or "",
            parts=tuple(Part(line.module.data, line.required.data) for line in lines),
        )


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


class AnswerForm(FlaskForm):
    """The answer to a remark."""

    answer = TextAreaField(_l("Antwort"))
    version = VersionField()
