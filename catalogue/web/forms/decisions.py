"""What staff decide and what is to be done. Shape only; rules are in the services."""

import uuid
from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import ActionState, DecisionKind
from catalogue.services.actions import ActionInput
from catalogue.services.decisions import DecisionInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, DayField, VersionField

__all__ = ["ActionForm", "DecisionForm", "EndForm", "ResultForm"]

People = Sequence[tuple[str, str]]


def _identity(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return uuid.UUID(int=0)  # nobody: the service says so


class _Given(FlaskForm):
    """Who has it, until when."""

    responsible_id = ChoiceField(_l("Verantwortlich"))
    responsible = StringField(
        _l("oder jemand anderes"),
        description=_l("Name oder Gremium außerhalb des Netzwerkbüros, zum Beispiel: Arbeitskreis Bildung."),
    )
    version = VersionField()

    def offer_people(self, people: People) -> None:
        """Set who can be chosen; who was named and left stays to be seen."""
        known = {identity for identity, _ in people}
        chosen, name = self.responsible_id.data or "", self.responsible.data or ""
        former = (
            [(chosen, name)] if chosen and chosen not in known and name and not self.responsible_id.raw_data else []
        )
        self.responsible_id.offer([*people, *former], str(_l("noch niemand")))

    def fill_person(self, given: DecisionInput | ActionInput) -> None:
        """Show who has it."""
        self.responsible_id.data = str(given.responsible_id or "")
        self.responsible.data = given.responsible

    def typed_name(self) -> str:
        """Return the name that was typed, "" where somebody was chosen."""
        return "" if self.responsible_id.data else self.responsible.data or ""


class DecisionForm(_Given):
    """A decision. ``read``: which decision held when the form was opened."""

    kind = RadioField(_l("Was wird aus dem Modul?"), [InputRequired(_l("Wählen Sie, was aus dem Modul wird."))])
    answer = TextAreaField(_l("Satz für die Unternehmen"))
    public = BooleanField(_l("Auch im Katalog zeigen, für alle"))
    reason = TextAreaField(_l("Begründung"))
    due_on = DayField(_l("Umsetzen bis"))
    source = StringField(_l("Anlass"), description=_l("Zum Beispiel: Klausur 2026."))
    decided_on = DayField(_l("Entschieden am"))
    read = StringField()  # hidden

    def offer(self, people: People) -> None:
        """Set what can be chosen."""
        self.kind.choices = [(kind.value, label(kind)) for kind in DecisionKind]
        self.offer_people(people)

    def fill(self, given: DecisionInput, version: int) -> None:
        """Show what is saved."""
        for name in ("answer", "public", "reason", "due_on", "source", "decided_on"):
            self[name].data = getattr(given, name)
        self.kind.data, self.version.data = given.kind.value, version
        self.fill_person(given)

    def input(self) -> DecisionInput:
        """Return what was entered."""
        return DecisionInput(
            DecisionKind(self.kind.data), self.answer.data or "", self.reason.data or "", _identity(self.responsible_id.data),
            self.typed_name(), self.due_on.data, self.source.data or "", self.decided_on.data, bool(self.public.data),
        )  # fmt: skip


class ResultForm(FlaskForm):
    """What came of a decision."""

    done_note = TextAreaField(_l("Was ist daraus geworden?"))
    version = VersionField()


class EndForm(FlaskForm):
    """Why a decision is taken back."""

    end_reason = TextAreaField(_l("Warum wird die Entscheidung zurückgenommen?"))
    version = VersionField()


class ActionForm(_Given):
    """Something to do."""

    title = StringField(_l("Was ist zu tun?"))
    due_on = DayField(_l("Bis"))
    state = ChoiceField(_l("Stand"))
    note = TextAreaField(_l("Ergebnis"))

    def offer(self, people: People) -> None:
        """Set what can be chosen."""
        self.state.choices = [(state.value, label(state)) for state in ActionState]
        self.offer_people(people)

    def fill(self, given: ActionInput, version: int) -> None:
        """Show what is saved."""
        for name in ("title", "due_on", "note"):
            self[name].data = getattr(given, name)
        self.state.data, self.version.data = given.state.value, version
        self.fill_person(given)

    def input(self, decision_id: uuid.UUID | None, wish_id: uuid.UUID | None) -> ActionInput:
        """Return what was entered, for what it is done for."""
        states = {state.value: state for state in ActionState}
        return ActionInput(
            self.title.data or "", _identity(self.responsible_id.data), self.typed_name(), self.due_on.data,
            states.get(self.state.data or "", ActionState.OPEN), self.note.data or "", decision_id, wish_id,
        )  # fmt: skip
