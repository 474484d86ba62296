"""Forms around the own account. Shape only; whether a password is good enough is a rule of the service."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired, Length, Optional

from catalogue.models import TokenScope
from catalogue.services.accounts import ProfileInput
from catalogue.web.forms.numbers import WholeNumberField

__all__ = [
    "AcceptForm", "ChangePasswordForm", "CodeForm", "ConfirmForm", "FirstSignInForm", "ForgottenForm", "LoginForm", "NewPasswordForm", "ProfileForm", "TokenForm",
]  # fmt: skip

EMAIL = _l("Geben Sie eine E-Mail-Adresse an, zum Beispiel name@firma.de.")
CODE = _l("Geben Sie den Code ein.")
PASSWORD = _l("Geben Sie das Passwort an.")


class LoginForm(FlaskForm):
    """Who signs in, and where they wanted to go."""

    email = EmailField(_l("E-Mail-Adresse"), [InputRequired(EMAIL), Length(max=254, message=EMAIL)])
    password = PasswordField(_l("Passwort"), [InputRequired(PASSWORD), Length(max=1000)])
    next = HiddenField()


class ForgottenForm(FlaskForm):
    """Whose password is forgotten."""

    email = EmailField(_l("E-Mail-Adresse"), [InputRequired(EMAIL), Length(max=254, message=EMAIL)])


class NewPasswordForm(FlaskForm):
    """A new password. Typed once: it can be shown, and the link can be asked for again."""

    password = PasswordField(_l("Neues Passwort"), [InputRequired(PASSWORD), Length(max=1000)])


class AcceptForm(NewPasswordForm):
    """Who accepts an invitation."""

    name = StringField(_l("Ihr Name"), [InputRequired(_l("Geben Sie Ihren Namen an.")), Length(max=200)])


class FirstSignInForm(FlaskForm):
    """Who signs in with an account elsewhere for the first time."""

    name = StringField(_l("Ihr Name"), [InputRequired(_l("Geben Sie Ihren Namen an.")), Length(max=200)])
    company = StringField(_l("Unternehmen"), [Length(max=200)])


class ChangePasswordForm(FlaskForm):
    """The current password and the new one."""

    current = PasswordField(_l("Jetziges Passwort"), [InputRequired(PASSWORD), Length(max=1000)])
    new = PasswordField(_l("Neues Passwort"), [InputRequired(PASSWORD), Length(max=1000)])


class ConfirmForm(FlaskForm):
    """Proof that the person who is signed in sits there. Its fields travel with those of any other form."""

    confirm_password = PasswordField(_l("Ihr Passwort"), [InputRequired(PASSWORD), Length(max=1000)])
    confirm_code = StringField(_l("Code aus Ihrer Authenticator-App"), [InputRequired(CODE), Length(max=40)])


class CodeForm(FlaskForm):
    """A code of the app, or one from paper."""

    code = StringField(_l("Code aus Ihrer Authenticator-App"), [InputRequired(CODE), Length(max=40)])


class ProfileForm(FlaskForm):
    """Own name and language."""

    name = StringField(_l("Name"), [InputRequired(_l("Geben Sie Ihren Namen an.")), Length(max=200)])
    language = SelectField(_l("Sprache"), choices=[SelectChoice("de", "Deutsch"), SelectChoice("en", "English")])
    version = IntegerField(_l("Fassung"), [InputRequired()])

    def input(self) -> ProfileInput:
        """Return what was entered."""
        return ProfileInput(self.name.data, self.language.data, self.version.data)


class TokenForm(FlaskForm):
    """A new API token."""

    token_name = StringField(
        _l("Wofür"), [InputRequired(_l("Geben Sie an, wofür der Schlüssel ist.")), Length(max=120)]
    )
    days = WholeNumberField(
        _l("Gültig für Tage"), [Optional()], message=_l("Geben Sie die Tage als Zahl an, zum Beispiel 365.")
    )
    scope = RadioField(
        _l("Was darf das Programm?"),
        [Optional()],
        choices=[SelectChoice(one.value, _l(one.label)) for one in TokenScope],
        default=TokenScope.CATALOGUE.value,
    )

    def chosen(self) -> TokenScope:
        """Return how far the token goes: the least where nothing was chosen."""
        return TokenScope(self.scope.data or TokenScope.CATALOGUE)
