"""Forms that move switches."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, Field, HiddenField, StringField
from wtforms.validators import Length, Optional

from catalogue.services.switches import LONGEST_REASON

__all__ = ["ModeForm", "RequestsForm"]

BERLIN = ZoneInfo("Europe/Berlin")
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
REASON = [Length(max=LONGEST_REASON, message=_l("Höchstens 300 Zeichen."))]


class _Moment(DateTimeLocalField):
    """A day and time in Berlin."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(
                self.gettext(str(_l("Geben Sie Tag und Uhrzeit an, zum Beispiel 24.11.2026, 20:00.")))
            ) from error


class ModeForm(FlaskForm):
    """``on`` "1": only reading, from and until when and why; "" ends it."""

    on = HiddenField()
    reason = StringField(_l("Warum?"), REASON)
    starts_at = _Moment(_l("Ab wann?"), [Optional()], format=FORMATS)
    until = _Moment(_l("Voraussichtlich bis"), [Optional()], format=FORMATS)

    def starts(self) -> datetime | None:
        """Return the moment from which it holds, None: now."""
        return _utc(self.starts_at)

    def ends(self) -> datetime | None:
        """Return the moment at which it should be over."""
        return _utc(self.until)


class RequestsForm(FlaskForm):
    """``open`` "1" takes requests again, "" takes no more."""

    open = HiddenField()
    reason = StringField(_l("Was soll dort stehen?"), REASON)


def _utc(field: Field) -> datetime | None:
    local: datetime | None = field.data
    return local.replace(tzinfo=BERLIN).astimezone(UTC) if local else None
