"""What staff write about a module. Shape only; the rules are in services/module_rules.py."""

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired

from catalogue.models import OfferStatus, Term
from catalogue.services.module_input import FIELDS, VOCABULARIES, ModuleInput
from catalogue.web.filters import label
from catalogue.web.forms.fields import ChoiceField, DayField, LinesField, PriceField, VersionField, WordsField, entered
from catalogue.web.forms.numbers import WholeNumberField

__all__ = ["GROUPS", "ModuleForm"]

NUMBER = _l("Geben Sie eine ganze Zahl an, zum Beispiel 12.")
LINES = _l("Ein Eintrag je Zeile.")
# headings of the form with the fields below them, in the order in which staff fill it in; a pair stands side by side
GROUPS = (
    (_l("Worum es geht"), ("title", "title_exact", "code", "summary", "terms_topic", "objectives", "contents", "description")),
    (_l("Für wen"), ("audience_text", "terms_audience", "prerequisites", "level_text", "terms_level", "terms_hv_level", "dqr")),
    (
        _l("Wie es abläuft"),
        ("format_text", "terms_format", ("duration_text", "duration_minutes"), "terms_duration",
         ("theory_units", "practice_units"), "place_text", "terms_region", ("min_participants", "max_participants"), "languages"),
    ),
    (
        _l("Abschluss, Kosten, Rechtsrahmen"),
        (("certificate_text", "certificate_validity"), "terms_certificate", ("price_text", "price_amount"), "terms_price",
         "terms_legal_frame"),
    ),
    (_l("Anbieter und Reifegrad"), (("provider", "provider_text"), ("programme", "offer_status"))),
    (_l("Quelle und Stand"), ("source_url", "more_sources", "as_of")),
)  # fmt: skip


class ModuleForm(FlaskForm):
    """All editable fields of a module; state, slug and position are not among them."""

    title = StringField(_l("Titel"), [InputRequired(_l("Geben Sie einen Titel ein."))])
    title_exact = BooleanField(_l("Der Titel ist wörtlich der des Anbieters"))
    code = StringField(_l("Kürzel"))
    summary = TextAreaField(_l("Kurzbeschreibung"))
    description = TextAreaField(_l("Beschreibung"), description=_l("Absätze, Listen und Links in Markdown."))
    objectives = LinesField(_l("Lernziele"), description=LINES)
    contents = LinesField(_l("Inhalte"), description=LINES)
    prerequisites = TextAreaField(_l("Voraussetzungen"))
    audience_text = StringField(_l("Zielgruppe im Wortlaut"))
    level_text = StringField(_l("Niveau im Wortlaut"))
    dqr = WholeNumberField(_l("DQR-Niveau"), message=NUMBER, description=_l("1 bis 8, nur wenn die Quelle es nennt."))
    format_text = StringField(_l("Format im Wortlaut"))
    place_text = StringField(_l("Ort"))
    languages = WordsField(_l("Sprachen"), description=_l("Zwei Buchstaben je Sprache, zum Beispiel: de, en"))
    duration_text = StringField(_l("Dauer im Wortlaut"), description=_l("Zum Beispiel: 2 Tage, 16 UE"))
    duration_minutes = WholeNumberField(
        _l("Dauer in Minuten"),
        message=NUMBER,
        description=_l("1 UE sind 45 Minuten. Leer lassen, wenn nicht umrechenbar."),
    )
    theory_units = WholeNumberField(_l("Theorie in UE"), message=NUMBER)
    practice_units = WholeNumberField(_l("Praxis in UE"), message=NUMBER)
    min_participants = WholeNumberField(_l("Teilnehmende mindestens"), message=NUMBER)
    max_participants = WholeNumberField(_l("Teilnehmende höchstens"), message=NUMBER)
    certificate_text = StringField(_l("Abschluss im Wortlaut"))
    certificate_validity = StringField(_l("Gültigkeit des Abschlusses"))
    price_text = StringField(_l("Kosten im Wortlaut"))
    price_amount = PriceField(_l("Preis in Euro"))
    provider_text = StringField(_l("Anbieter im Wortlaut"), description=_l("Wie in der Quelle, wenn es mehrere sind."))
    provider = ChoiceField(_l("Anbieter"))
    programme = ChoiceField(_l("Programm"))
    offer_status = ChoiceField(_l("Reifegrad"))
    source_url = StringField(_l("Quelle"), description=_l("Adresse, die mit https:// beginnt."))
    more_sources = LinesField(_l("Weitere Quellen"), description=_l("Eine Adresse je Zeile."))
    as_of = DayField(_l("Stand der Angaben"))
    terms_topic = SelectMultipleField(_l("Themen"), validate_choice=False)
    terms_audience = SelectMultipleField(_l("Zielgruppen"), validate_choice=False)
    terms_level = SelectMultipleField(_l("Niveau"), validate_choice=False)
    terms_hv_level = SelectMultipleField(_l("HV-Stufe"), validate_choice=False)
    terms_format = SelectMultipleField(_l("Format"), validate_choice=False)
    terms_duration = SelectMultipleField(_l("Dauer"), validate_choice=False)
    terms_certificate = SelectMultipleField(_l("Abschluss"), validate_choice=False)
    terms_legal_frame = SelectMultipleField(_l("Rechtsrahmen"), validate_choice=False)
    terms_price = SelectMultipleField(_l("Kosten und Förderung"), validate_choice=False)
    terms_region = SelectMultipleField(_l("Region"), validate_choice=False)
    version = VersionField()

    def offer(
        self,
        terms: Mapping[str, Iterable[Term]],
        providers: Iterable[tuple[str, str]],
        programmes: Iterable[tuple[str, str]],
    ) -> None:
        """Set what can be chosen; providers and programmes as slug and name. Retired terms only where they are chosen already."""
        for name in VOCABULARIES:
            field = self[f"terms_{name}"]
            chosen = set(field.data or ())
            field.choices = [
                (term.code, label(term)) for term in terms.get(name, ()) if not term.retired or term.code in chosen
            ]
        self.provider.offer(providers)
        self.programme.offer(programmes)
        self.offer_status.offer([(status.value, label(status)) for status in OfferStatus])

    def fill(self, given: ModuleInput, version: int) -> None:
        """Show what is saved."""
        for name in FIELDS:
            if name != "terms":
                self[name].data = getattr(given, name)
        self.offer_status.data = given.offer_status.value if given.offer_status else ""
        for name in VOCABULARIES:
            self[f"terms_{name}"].data = list(given.terms.get(name, ()))
        self.version.data = version

    def input(self) -> ModuleInput:
        """Return what was entered."""
        values = entered(self, ModuleInput)
        values["offer_status"] = STATUSES.get(self.offer_status.data or "")
        chosen = {name: tuple(self[f"terms_{name}"].data or ()) for name in VOCABULARIES}
        return ModuleInput(**values, terms={name: codes for name, codes in chosen.items() if codes})


STATUSES = {status.value: status for status in OfferStatus}
TERM_FIELDS = {f"terms.{name}": f"terms_{name}" for name in VOCABULARIES}
