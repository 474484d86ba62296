"""What people type about frozen reports. Shape only."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField

from catalogue.services.report_links import DAYS
from catalogue.web.forms.fields import VersionField

__all__ = ["FreezeForm", "LinkForm", "TitleForm"]


class FreezeForm(FlaskForm):
    """Title and purpose of a new report."""

    title = StringField(_l("Titel"))
    purpose = TextAreaField(_l("Wofür ist der Bericht?"))


class TitleForm(FlaskForm):
    """A corrected title."""

    title = StringField(_l("Titel"))
    version = VersionField()


class LinkForm(FlaskForm):
    """A link for somebody without an account."""

    name = StringField(_l("Für wen?"))
    days = SelectField(_l("Gilt"), coerce=int, default=DAYS)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.days.choices = [(7, _l("7 Tage")), (30, _l("30 Tage")), (90, _l("90 Tage")), (365, _l("ein Jahr"))]
