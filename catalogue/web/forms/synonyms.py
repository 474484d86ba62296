"""A synonym rule as staff writes it. Shape only; the traps are in services/synonym_rules.py."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, StringField

from catalogue.models import SynonymKind
from catalogue.services.synonyms import SynonymInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import LinesField, VersionField, entered

__all__ = ["SynonymForm"]

KINDS = {kind.value: kind for kind in SynonymKind}


class SynonymForm(FlaskForm):
    """One rule."""

    kind = RadioField(_l("Art der Regel"), validate_choice=False, default=SynonymKind.TWO_WAY.value)
    terms = LinesField(
        _l("Ausdrücke"), description=_l("Einer je Zeile. Kürzel bis drei Zeichen gelten nur als ganzes Wort.")
    )
    targets = LinesField(_l("findet auch"), description=_l("Nur bei „findet auch“: einer je Zeile."))
    note = StringField(_l("Anmerkung"))
    gap = HiddenField()
    version = VersionField()

    def offer(self) -> None:
        """Set what can be chosen."""
        self.kind.choices = [(kind.value, label(kind)) for kind in SynonymKind]

    def fill(self, given: SynonymInput, version: int) -> None:
        """Show what is saved."""
        for name in SynonymInput.__dataclass_fields__:
            self[name].data = getattr(given, name)
        self.kind.data = given.kind.value
        self.version.data = version

    def input(self) -> SynonymInput:
        """Return what was entered."""
        lists = {"terms": tuple(self.terms.data or ()), "targets": tuple(self.targets.data or ())}
        kind = KINDS.get(self.kind.data or "", SynonymKind.TWO_WAY)
        return SynonymInput(**entered(self, SynonymInput) | lists | {"kind": kind})
