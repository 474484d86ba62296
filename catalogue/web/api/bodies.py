"""What programs may send. Shape only: the rules are the services'. Unknown fields change nothing."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from catalogue.models import (
    Confidentiality,
    DemandSource,
    FeedbackKind,
    FeedbackVisibility,
    OfferStatus,
    Purpose,
    Relevance,
)
from catalogue.services.demand import DemandInput, OnBehalf
from catalogue.services.feedback import FeedbackInput
from catalogue.services.module_input import VOCABULARIES, ModuleInput
from catalogue.services.wishes import WishInput

__all__ = ["DemandBody", "FeedbackBody", "ModuleBody", "OnBehalfBody", "WishBody"]

Texts = tuple[str, ...]


class Sent(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class OnBehalfBody(Sent):
    """For whom network staff act, and where they know it from."""

    company: str = ""
    source: DemandSource = DemandSource.CALL
    source_date: date | None = None

    def on_behalf(self) -> OnBehalf | None:
        """Return for whom; None for the own company."""
        return OnBehalf(self.company, self.source, self.source_date) if self.company else None


class DemandBody(OnBehalfBody):
    """Everything a company says about a module; what is left out is empty afterwards."""

    relevance: Relevance = Relevance.OPEN
    purpose: tuple[Purpose, ...] = ()
    people: int | None = None
    period: str | None = ""
    format: str | None = ""
    place: str | None = ""
    note: str | None = ""
    confidentiality: Confidentiality = Confidentiality.NETWORK

    def input(self, version: int | None) -> DemandInput:
        """Return what the service takes."""
        return DemandInput(
            self.relevance, self.purpose, self.people, self.period or "", self.format or "", self.place or "",
            self.note or "", self.confidentiality, version,
        )  # fmt: skip


class FeedbackBody(Sent):
    """One remark."""

    kind: FeedbackKind
    text: str
    visibility: FeedbackVisibility = FeedbackVisibility.NETWORK

    def input(self) -> FeedbackInput:
        """Return what the service takes."""
        return FeedbackInput(self.kind, self.text, self.visibility)


class WishBody(Sent):
    """A topic that is missing."""

    title: str
    text: str = ""
    topic: str | None = ""
    people: int | None = None
    period: str | None = ""
    confidentiality: Confidentiality = Confidentiality.ANONYMOUS

    def input(self) -> WishInput:
        """Return what the service takes."""
        return WishInput(self.title, self.text, self.topic or "", self.people, self.period or "", self.confidentiality)


class ModuleBody(Sent):
    """Fields of a module; only those that are sent are changed. Vocabularies may stand in ``terms`` or by their own names."""

    slug: str = ""  # only for a new module
    title: str = ""
    code: str = ""
    title_exact: bool = True
    summary: str = ""
    description: str = ""
    objectives: Texts = ()
    contents: Texts = ()
    prerequisites: str = ""
    audience_text: str = ""
    level_text: str = ""
    dqr: int | None = None
    format_text: str = ""
    place_text: str = ""
    languages: Texts = ()
    duration_text: str = ""
    duration_minutes: int | None = None
    theory_units: int | None = None
    practice_units: int | None = None
    min_participants: int | None = None
    max_participants: int | None = None
    certificate_text: str = ""
    certificate_validity: str = ""
    price_text: str = ""
    price_amount: Decimal | None = None
    provider_text: str = ""
    provider: str | None = ""
    programme: str | None = ""
    offer_status: OfferStatus | None = None
    source_url: str = ""
    more_sources: Texts = ()
    as_of: date | None = None
    terms: dict[str, Texts] = {}
    topic: Texts = ()
    audience: Texts = ()
    level: Texts = ()
    hv_level: Texts = ()
    format: Texts = ()
    duration: Texts = ()
    certificate: Texts = ()
    legal_frame: Texts = ()
    price: Texts = ()
    region: Texts = ()

    def changes(self, before: ModuleInput) -> dict[str, Any]:
        """Return the fields of ModuleInput that were sent; *before* gives the vocabularies that were not."""
        sent = self.model_fields_set
        values = {name: getattr(self, name) for name in sent if name not in (*VOCABULARIES, "terms", "slug")}
        for name in ("provider", "programme"):
            if name in values:
                values[name] = values[name] or ""
        if chosen := {name: getattr(self, name) for name in VOCABULARIES if name in sent}:
            values["terms"] = {**before.terms, **self.terms, **chosen}
        elif "terms" in sent:
            values["terms"] = {**before.terms, **self.terms}
        return values
