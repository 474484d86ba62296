"""A survey to upload. Shape only; what its cells mean is read in services/demand_lists.py."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import DateField
from wtforms.validators import InputRequired

__all__ = ["SurveyForm"]


class SurveyForm(FlaskForm):
    """The file and the day for rows that name none."""

    file = FileField(_l("Datei"), description=_l("XLSX oder CSV, Überschriften in der ersten Zeile."))
    source_date = DateField(
        _l("Von welchem Tag ist die Umfrage?"),
        [InputRequired(_l("Geben Sie ein Datum an, zum Beispiel 18.11.2026."))],
        format=["%Y-%m-%d", "%d.%m.%Y"],
    )
