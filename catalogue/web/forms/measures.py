"""What staff write about a measure: its modules as lines that numbers bring into order, without script."""

from collections.abc import Iterable
from dataclasses import replace

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, SelectMultipleField, StringField, TextAreaField

from catalogue.services.measures import CHOICES, MeasureInput, Part
from catalogue.texts import N_, Text
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, VersionField
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["MeasureForm"]

NUMBER = _l("Geben Sie eine ganze Zahl an, zum Beispiel 12.")
REQUIRED, OPTIONAL, CHOICE = "required", "optional", "choice-"
MOST_LINES = 110


class PartForm(Form):
    """One line of a measure: its place, the module, how needed it is, what comes before. An empty module removes the line."""

    position = WholeNumberField(_l("Platz"), message=NUMBER)
    module = ChoiceField(_l("Modul"))
    kind = ChoiceField(_l("Pflicht oder Wahl"))
    after = SelectMultipleField(_l("Setzt voraus"), validate_choice=False)

    def part(self) -> Part:
        """Return what was entered."""
        kind = self.kind.data or REQUIRED
        letter = kind.removeprefix(CHOICE) if kind.startswith(CHOICE) else ""
        return Part(self.module.data, kind != OPTIONAL, letter, tuple(self.after.data or ()))


class MeasureForm(FlaskForm):
    """A measure with its modules as lines; the number in front of a line decides the order."""

    title = StringField(_l("Titel"))
    code = StringField(_l("Kürzel"))
    summary = TextAreaField(_l("Kurzbeschreibung"))
    programme = ChoiceField(_l("Programm"))
    source_url = StringField(_l("Quelle"), description=_l("Adresse, die mit https:// beginnt."))
    parts = FieldList(FormField(PartForm), max_entries=MOST_LINES)
    version = VersionField()

    def offer(self, programmes: Iterable[tuple[str, str]], modules: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen, as slug and name; always leave some empty lines for more modules."""
        self.programme.offer(programmes)
        empty = sum(1 for line in self.parts if not line.form.module.data)
        while empty < 3 and len(self.parts) < MOST_LINES:
            self.parts.append_entry({"position": len(self.parts) + 1, "module": "", "kind": REQUIRED})
            empty += 1
        offered = list(modules)
        names = dict(offered)
        chosen = [line.form.module.data for line in self.parts if line.form.module.data in names]
        kinds = [(REQUIRED, label(Text(N_("Pflicht")))), (OPTIONAL, label(Text(N_("Wahl"))))]
        kinds += [
            (CHOICE + letter, label(Text(N_("Alternative %(letter)s"), {"letter": letter}))) for letter in CHOICES
        ]
        for line in self.parts:
            line.form.module.offer(offered, str(_l("kein Modul")))
            line.form.kind.choices = kinds
            line.form.after.choices = [(slug, names[slug]) for slug in chosen if slug != line.form.module.data]

    def fill(self, given: MeasureInput, version: int) -> None:
        """Show what is saved."""
        self.title.data, self.code.data, self.summary.data = given.title, given.code, given.summary
        self.programme.data, self.source_url.data, self.version.data = given.programme, given.source_url, version
        for position, part in enumerate(given.parts, start=1):
            kind = CHOICE + part.choice if part.choice else REQUIRED if part.required else OPTIONAL
            self.parts.append_entry(
                {"position": position, "module": part.module, "kind": kind, "after": list(part.after)}
            )

    def input(self) -> MeasureInput:
        """Return what was entered, the modules in the order of their numbers."""
        lines = [(number, line.form) for number, line in enumerate(self.parts, start=1) if line.form.module.data]
        lines.sort(key=_wanted_place)
        kept = {line.module.data for _, line in lines}
        parts = [line.part() for _, line in lines]
        return MeasureInput(
            title=self.title.data or "",
            code=self.code.data or "",
            summary=self.summary.data or "",
            programme=self.programme.data or "",
            source_url=self.source_url.data or "",
            # a line that was removed is no prerequisite any more
            parts=tuple(replace(part, after=tuple(slug for slug in part.after if slug in kept)) for part in parts),
        )


def _wanted_place(line: tuple[int, PartForm]) -> tuple[int, int]:
    """Where a line wants to stand: the place that was typed; who moves there goes before who already stood there, or after if
    coming from above.
    """
    number, form = line
    wanted = form.position.data if form.position.data is not None else number
    return wanted, (wanted < number and -1) or (wanted > number and 1) or 0
