"""What a provider tells about their module. Shape only."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from catalogue.services.confirmations import Change
from catalogue.services.pending import LONGEST_NOTE
from catalogue.web.forms.fields import LinesField, VersionField, entered

__all__ = ["ChangeForm", "GoneForm"]

TOO_LONG = _l("Kürzen Sie den Text auf höchstens 2000 Zeichen.")


class ChangeForm(FlaskForm):
    """The main words of a module."""

    title = StringField(_l("Titel"), [InputRequired(_l("Geben Sie einen Titel ein."))])
    summary = TextAreaField(_l("Kurzbeschreibung"))
    contents = LinesField(_l("Inhalte"), description=_l("Ein Eintrag je Zeile."))
    prerequisites = TextAreaField(_l("Voraussetzungen"))
    duration_text = StringField(_l("Dauer"), description=_l("Zum Beispiel: 2 Tage, 16 UE"))
    format_text = StringField(_l("Format"), description=_l("Zum Beispiel: Präsenz, online, gemischt"))
    place_text = StringField(_l("Ort"))
    certificate_text = StringField(_l("Abschluss"))
    price_text = StringField(_l("Kosten"))
    source_url = StringField(_l("Adresse Ihrer Kursseite"), description=_l("Sie beginnt mit https://."))
    note = TextAreaField(
        _l("Anmerkung an das Netzwerkbüro"),
        [Length(max=LONGEST_NOTE, message=TOO_LONG)],
        description=_l("Zum Beispiel neue Termine. Steht nicht im Katalog."),
    )
    version = VersionField()

    def fill(self, shown: Change, version: int) -> None:
        """Show what the catalogue says."""
        for name in Change.__dataclass_fields__:
            self[name].data = getattr(shown, name)
        self.version.data = version

    def input(self) -> Change:
        """Return what was entered."""
        return Change(**entered(self, Change))


class GoneForm(FlaskForm):
    """A remark about an offer that ended."""

    note = TextAreaField(_l("Möchten Sie etwas dazu sagen?"), [Length(max=LONGEST_NOTE, message=TOO_LONG)])
