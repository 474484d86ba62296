"""Forms around the rights of a person: deleting an account."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField
from wtforms.validators import InputRequired, Length

__all__ = ["DeleteForm", "DeleteOwnForm"]


class DeleteForm(FlaskForm):
    """Who takes over, and that the page was read."""

    successor = SelectField(_l("Wer übernimmt?"), choices=[], validate_choice=False)
    sure = BooleanField(
        _l("Ich habe gelesen, was gelöscht wird. Es lässt sich nicht rückgängig machen."),
        [InputRequired(_l("Bestätigen Sie, dass Sie das gelesen haben."))],
    )


class DeleteOwnForm(DeleteForm):
    """Also the password, for accounts that have one."""

    password = PasswordField(_l("Ihr Passwort"), [Length(max=1000)])
