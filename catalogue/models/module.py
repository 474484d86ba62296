"""Training modules, their dated versions and the vocabulary terms that describe them."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.provider import Programme, Provider
from catalogue.models.vocabulary import Term, Vocabulary
from catalogue.texts import N_, Labelled

if TYPE_CHECKING:
    from catalogue.models.run import Run

__all__ = ["Module", "ModuleVersion", "OfferStatus", "WorkflowState", "module_term"]

MINUTES_PER_UNIT = 45  # 1 UE (Unterrichtseinheit) = 45 minutes


class OfferStatus(Labelled):
    """Reifegrad: how far the offer itself has come."""

    IDEA = "idea", N_("Idee")
    DRAFTING = "drafting", N_("in Ausarbeitung")
    DESIGNED = "designed", N_("konzipiert")
    PILOTED = "piloted", N_("pilotiert")
    CERTIFIED = "certified", N_("zertifiziert")
    PERMANENT = "permanent", N_("verstetigt")
    DISCONTINUED = "discontinued", N_("eingestellt")


class WorkflowState(Labelled):
    """Zustand: how far our record of the offer has come. Only published modules are in the catalogue."""

    DRAFT = "draft", N_("Entwurf")
    REVIEW = "review", N_("in Prüfung")
    PUBLISHED = "published", N_("veröffentlicht")
    ARCHIVED = "archived", N_("archiviert")


module_term = sa.Table(
    "module_term",
    Base.metadata,
    sa.Column("module_id", sa.ForeignKey("module.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("term_id", sa.ForeignKey("term.id"), primary_key=True, index=True),
)


class Module(Identified, Stamped, Versioned, Base):
    """One training module.

    Published wording (``…_text``) is kept beside normalised values; empty text and ``None`` mean that the source does not say.
    """

    __tablename__ = "module"
    __table_args__ = (
        sa.CheckConstraint("length(title) > 0", name="titled"),
        sa.CheckConstraint("dqr IS NULL OR dqr BETWEEN 1 AND 8", name="dqr_range"),
        sa.CheckConstraint("duration_minutes IS NULL OR duration_minutes > 0", name="duration_positive"),
        sa.CheckConstraint("min_participants IS NULL OR min_participants > 0", name="min_participants_positive"),
        sa.CheckConstraint(
            "min_participants IS NULL OR max_participants IS NULL OR min_participants <= max_participants",
            name="participants_order",
        ),
    )

    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    code: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    title: Mapped[str] = mapped_column(sa.String(300))
    sort_title: Mapped[str] = mapped_column(sa.String(300), index=True)
    title_exact: Mapped[bool] = mapped_column(default=True)
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    description: Mapped[str] = mapped_column(sa.Text, default="")
    objectives: Mapped[list[str]] = mapped_column(default=list)
    contents: Mapped[list[str]] = mapped_column(default=list)
    prerequisites: Mapped[str] = mapped_column(sa.Text, default="")
    audience_text: Mapped[str] = mapped_column(sa.Text, default="")
    level_text: Mapped[str] = mapped_column(sa.Text, default="")
    dqr: Mapped[int | None]
    format_text: Mapped[str] = mapped_column(sa.Text, default="")
    place_text: Mapped[str] = mapped_column(sa.Text, default="")
    languages: Mapped[list[str]] = mapped_column(default=list)
    duration_text: Mapped[str] = mapped_column(sa.Text, default="")
    duration_minutes: Mapped[int | None]
    theory_units: Mapped[int | None]
    practice_units: Mapped[int | None]
    min_participants: Mapped[int | None]
    max_participants: Mapped[int | None]
    certificate_text: Mapped[str] = mapped_column(sa.Text, default="")
    certificate_validity: Mapped[str] = mapped_column(sa.Text, default="")
    price_text: Mapped[str] = mapped_column(sa.Text, default="")
    price_amount: Mapped[Decimal | None] = mapped_column(sa.Numeric(10, 2))
    provider_text: Mapped[str] = mapped_column(sa.Text, default="")
    provider_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("provider.id"), index=True)
    programme_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    offer_status: Mapped[OfferStatus | None] = mapped_column(one_of(OfferStatus))
    state: Mapped[WorkflowState] = mapped_column(one_of(WorkflowState), default=WorkflowState.DRAFT, index=True)
    source_url: Mapped[str] = mapped_column(sa.String(1000), default="")
    more_sources: Mapped[list[str]] = mapped_column(default=list)
    as_of: Mapped[date | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str] = mapped_column(sa.String(200), default="")
    published_at: Mapped[datetime | None]
    publish_on: Mapped[date | None] = mapped_column(index=True)  # from this day (Berlin) on the worker publishes it
    archive_on: Mapped[date | None] = mapped_column(index=True)
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    position: Mapped[int] = mapped_column(default=0)  # order in the source list; BatterieMD first

    provider: Mapped[Provider | None] = relationship(lazy="raise")
    programme: Mapped[Programme | None] = relationship(lazy="raise")
    terms: Mapped[list[Term]] = relationship(secondary=module_term, order_by=Term.position, lazy="raise")
    runs: Mapped[list["Run"]] = relationship(back_populates="module", order_by="Run.starts_on", lazy="raise")

    def terms_of(self, vocabulary: Vocabulary | str) -> list[Term]:
        """Return the module's terms of one vocabulary in their given order."""
        return [term for term in self.terms if term.vocabulary == vocabulary]

    @property
    def units(self) -> float | None:
        """Duration in UE of 45 minutes, if a duration in minutes is stated."""
        return self.duration_minutes / MINUTES_PER_UNIT if self.duration_minutes else None

    @property
    def is_public(self) -> bool:
        """Whether visitors may see it in the catalogue."""
        return self.state == WorkflowState.PUBLISHED


class ModuleVersion(Identified, Base):
    """What a module said after one change: complete, so that any two can be compared and any one restored."""

    __tablename__ = "module_version"
    __table_args__ = (sa.UniqueConstraint("module_id", "number"),)

    module_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=utcnow)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    user_label: Mapped[str] = mapped_column(sa.String(200), default="")
    action: Mapped[str] = mapped_column(sa.String(32))
    changed: Mapped[list[str]] = mapped_column(default=list)
    snapshot: Mapped[dict[str, Any]]
