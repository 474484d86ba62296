"""What shall change in many modules. It stands in the address, so that a preview can be read again. Shape only."""

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectChoice

from catalogue.models import OfferStatus, Term, User, Vocabulary
from catalogue.services import workflow
from catalogue.services.bulk_plan import NOTHING, BulkInput, TermAction
from catalogue.services.module_input import VOCABULARIES
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, entered
from catalogue.web.languages import show

__all__ = ["BulkForm"]


class BulkForm(FlaskForm):
    """One field for each thing that can be changed; empty leaves it as it is."""

    term_action = ChoiceField(_l("Begriff"))
    term = ChoiceField(_l("Welcher Begriff?"))
    by = ChoiceField(_l("Ersetzen durch"), description=_l("Nur beim Ersetzen."))
    status = ChoiceField(_l("Reifegrad"))
    provider = ChoiceField(_l("Anbieter"))
    step = ChoiceField(_l("Zustand"))
    reviewer = ChoiceField(_l("Wer soll prüfen?"), description=_l("Nur für Module in Prüfung."))

    def offer(
        self, terms: Mapping[str, Iterable[Term]], providers: Iterable[tuple[str, str]], people: Iterable[User]
    ) -> None:
        """Set what can be chosen."""
        as_is = str(_l("unverändert"))
        self.term_action.offer([(one.value, label(one)) for one in TermAction], as_is)
        grouped = [
            SelectChoice(f"{name}:{term.code}", label(term), optgroup=label(Vocabulary(name)))
            for name in VOCABULARIES
            for term in terms.get(name, ())
        ]
        for chosen in (self.term, self.by):
            chosen.choices = [SelectChoice("", str(_l("kein Begriff"))), *grouped]
        statuses = [(one.value, label(one)) for one in OfferStatus]
        self.status.offer([*statuses, (NOTHING, str(_l("Angabe löschen")))], as_is)
        self.provider.offer([*providers, (NOTHING, str(_l("Angabe löschen")))], as_is)
        self.step.offer([(step.name, show(step.label)) for step in workflow.STEPS.values()], as_is)
        self.reviewer.offer([*((str(one.id), one.name) for one in people), (NOTHING, str(_l("niemand")))], as_is)

    def input(self) -> BulkInput:
        """Return what was chosen."""
        return BulkInput(**entered(self, BulkInput))
