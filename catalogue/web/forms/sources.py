"""A source as staff writes it, and what the columns of its list hold. Shape only; rules are in services/sources.py."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, FieldList, RadioField, StringField

from catalogue.models import Source, SourceInterval, SourceKind
from catalogue.services import import_mapping
from catalogue.services.module_columns import COLUMNS
from catalogue.services.sources import SourceInput
from catalogue.services.spreadsheets import column_letter
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, VersionField, entered
from catalogue.web.languages import show

__all__ = ["ColumnsForm", "SourceForm"]

KINDS = {kind.value: kind for kind in SourceKind}
INTERVALS = {interval.value: interval for interval in SourceInterval}


class SourceForm(FlaskForm):
    """One source."""

    name = StringField(_l("Name"), description=_l("Zum Beispiel „Akademie Nord, Kursliste“."))
    url = StringField(_l("Adresse"), description=_l("Die Adresse, unter der die Liste oder die Seite im Netz steht."))
    kind = RadioField(_l("Was steht dort?"), validate_choice=False)
    interval = ChoiceField(_l("Wie oft nachsehen?"), default=SourceInterval.WEEKLY.value)
    automatic = BooleanField(
        _l("Neues und Geändertes ohne Rückfrage übernehmen"),
        description=_l(
            "Neue Module werden Entwürfe; geänderte Angaben veröffentlichter Module sind sofort zu sehen. Jeder Lauf lässt sich rückgängig machen."
        ),
    )
    provider = ChoiceField(_l("Anbieter"), description=_l("Gilt, wo die Quelle keinen Anbieter nennt, den der Katalog kennt."))  # fmt: skip
    programme = ChoiceField(_l("Programm"), description=_l("Gilt, wo die Quelle kein Programm nennt."))
    create_providers = BooleanField(_l("Anbieter anlegen, die der Katalog noch nicht kennt"))
    version = VersionField()

    def offer(self, providers: Iterable[tuple[str, str]], programmes: Iterable[tuple[str, str]]) -> None:
        """Set what can be chosen."""
        self.kind.choices = [(kind.value, label(kind)) for kind in SourceKind]
        self.interval.choices = [(interval.value, label(interval)) for interval in SourceInterval]
        self.provider.offer(providers, str(_l("keiner")))
        self.programme.offer(programmes, str(_l("keines")))

    def fill(self, given: SourceInput, version: int) -> None:
        """Show what is saved."""
        for name in SourceInput.__dataclass_fields__:
            self[name].data = getattr(given, name)
        self.kind.data = given.kind.value if given.kind else ""
        self.interval.data = given.interval.value if given.interval else ""
        self.version.data = version

    def input(self) -> SourceInput:
        """Return what was entered."""
        chosen = {"kind": KINDS.get(self.kind.data or ""), "interval": INTERVALS.get(self.interval.data or "")}
        return SourceInput(**entered(self, SourceInput) | chosen)


class ColumnsForm(FlaskForm):
    """One choice per column of the list."""

    columns = FieldList(ChoiceField(), max_entries=100)
    version = VersionField()

    def fill(self, source: Source) -> None:
        """Show what was chosen, or what the headings most likely mean."""
        guessed = import_mapping.guess(source.headings)
        for heading, guess in zip(source.headings, guessed, strict=True):
            self.columns.append_entry(source.mapping.get(heading, "") if source.mapping else guess)
        self.version.data = source.version

    def offer(self, source: Source) -> None:
        """Set what can be chosen, and name each choice after its column."""
        offered = [(column.key, show(column.label)) for column in COLUMNS]
        for place, (entry, heading) in enumerate(zip(self.columns, source.headings, strict=False)):
            entry.offer(offered, str(_l("nicht übernehmen")))
            entry.label.text = f"{column_letter(place)}: {heading or _l('ohne Überschrift')}"
