"""The form of a module with what is asked about saving: now or later, why, and who shall look."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, TextAreaField
from wtforms.validators import Length

from catalogue.models import User
from catalogue.services.pending import LONGEST_NOTE, Read
from catalogue.web.forms.fields import ChoiceField, DayField, VersionField
from catalogue.web.forms.module import ModuleForm

__all__ = ["EditForm", "ScheduleForm"]

NOW = "now"


class EditForm(ModuleForm):
    """All fields of a module, and when they shall count."""

    when = RadioField(
        _l("Wann soll die Änderung gelten?"),
        choices=[SelectChoice("waiting", _l("Erst nach Prüfung")), SelectChoice(NOW, _l("Sofort veröffentlichen"))],
        default="waiting",
        validate_choice=False,
    )
    note = TextAreaField(
        _l("Notiz für die Prüfung"),
        [Length(max=LONGEST_NOTE, message=_l("Kürzen Sie den Text auf höchstens 2000 Zeichen."))],
    )
    reviewer = ChoiceField(_l("Wer soll prüfen?"))
    waiting = VersionField()

    @property
    def read(self) -> Read:
        """What the editor had before their eyes."""
        return Read(self.version.data or 0, self.waiting.data or 0)

    @property
    def now(self) -> bool:
        """Whether all of it shall be live at once."""
        return bool(self.when.data == NOW)

    def offer_reviewers(self, people: Iterable[User]) -> None:
        """Set who can be asked to look."""
        self.reviewer.offer([(str(user.id), user.name) for user in people], str(_l("niemand Bestimmtes")))


class ScheduleForm(FlaskForm):
    """On which days something shall happen by itself."""

    publish_on = DayField(_l("Veröffentlichen am"))
    archive_on = DayField(_l("Archivieren am"))
    version = VersionField()
