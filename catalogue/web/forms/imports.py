"""A list to upload, and what its columns hold. Shape only; rules are in services/imports.py."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, FieldList, SelectMultipleField, StringField

from catalogue.models import ImportRun
from catalogue.services.module_columns import COLUMNS
from catalogue.services.module_locks import LOCKABLE
from catalogue.services.spreadsheets import column_letter
from catalogue.web.forms.fields import ChoiceField
from catalogue.web.languages import show

__all__ = ["LockForm", "MappingForm", "UploadForm"]


class UploadForm(FlaskForm):
    """A file and where it comes from."""

    file = FileField(
        _l("Datei"), description=_l("XLSX oder CSV mit einer Zeile je Modul und Überschriften in der ersten Zeile.")
    )
    source = StringField(
        _l("Quelle der Liste"),
        description=_l(
            "Zum Beispiel „Akademie Nord“. Leer: aus dem Dateinamen. Bei der nächsten Liste derselben Quelle sehen Sie, was fehlt."
        ),
    )


class MappingForm(FlaskForm):
    """One choice per column of the list."""

    columns = FieldList(ChoiceField(), max_entries=100)
    create_providers = BooleanField(
        _l("Anbieter anlegen, die der Katalog noch nicht kennt"),
        description=_l("Sonst gelten Zeilen mit einem unbekannten Anbieter als fehlerhaft."),
    )
    source = StringField(_l("Quelle der Liste"))

    def fill(self, run: ImportRun) -> None:
        """Show what is guessed or remembered."""
        for key in run.mapping:
            self.columns.append_entry(key)
        self.create_providers.data, self.source.data = run.create_providers, run.source

    def offer(self, headings: Sequence[str]) -> None:
        """Set what can be chosen, and name each choice after its column."""
        offered = [(column.key, show(column.label)) for column in COLUMNS]
        for place, (entry, heading) in enumerate(zip(self.columns, headings, strict=False)):
            entry.offer(offered, str(_l("nicht übernehmen")))
            entry.label.text = f"{column_letter(place)}: {heading or _l('ohne Überschrift')}"


class LockForm(FlaskForm):
    """Fields that imports leave alone."""

    fields = SelectMultipleField(_l("Geschützte Felder"), validate_choice=False)

    def offer(self) -> None:
        """Set what can be chosen."""
        labels = {column.key: show(column.label) for column in COLUMNS}
        self.fields.choices = [(key, labels[key]) for key in LOCKABLE]
