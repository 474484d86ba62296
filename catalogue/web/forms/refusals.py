"""A rule that was broken is shown at its field, like an error of shape."""

from wtforms import Form

from catalogue.services.errors import Invalid
from catalogue.web.languages import show

__all__ = ["attach"]


def attach(form: Form, refused: Invalid, **names: str) -> None:
    """Add the sentences of *refused* to the fields of *form*; *names* maps fields of the service to fields of the form."""
    for name, text in refused.fields.items():
        field = form._fields.get(names.get(name, name))
        if field is None:
            form.form_errors = [*form.form_errors, show(text)]
        else:
            field.errors = [*field.errors, show(text)]
