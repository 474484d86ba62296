"""Rückmeldungen: what a company thinks of a module or of the offer as a whole."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.module import Module
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Feedback", "FeedbackKind", "FeedbackState", "FeedbackVisibility"]


class FeedbackKind(Labelled):
    """What kind of remark it is, after the SWOT work of the Klausur."""

    STRENGTH = "strength", N_("Stärke")
    WEAKNESS = "weakness", N_("Schwäche")
    OPPORTUNITY = "opportunity", N_("Chance")
    THREAT = "threat", N_("Risiko")
    QUESTION = "question", N_("Frage")


class FeedbackVisibility(Labelled):
    """Who may read it; chosen before writing, never widened later."""

    NETWORK = "network", N_("nur das Netzwerkbüro")
    PROVIDER = "provider", N_("auch der Anbieter, ohne Ihren Namen")
    MEMBERS = "members", N_("alle Mitglieder")


class FeedbackState(Labelled):
    """Where the network office stands with it."""

    NEW = "new", N_("neu")
    READ = "read", N_("gelesen")
    ANSWERED = "answered", N_("beantwortet")
    CLOSED = "closed", N_("erledigt")


class Feedback(Identified, Stamped, Versioned, Base):
    """One remark of a company; without a module it is about the offer as a whole."""

    __tablename__ = "feedback"
    __table_args__ = (sa.CheckConstraint("length(text) > 0", name="written"),)

    module_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[FeedbackKind] = mapped_column(one_of(FeedbackKind))
    visibility: Mapped[FeedbackVisibility] = mapped_column(
        one_of(FeedbackVisibility), default=FeedbackVisibility.NETWORK
    )
    text: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[FeedbackState] = mapped_column(one_of(FeedbackState), default=FeedbackState.NEW, index=True)
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)

    module: Mapped[Module | None] = relationship(lazy="raise")
    company: Mapped[Company] = relationship(lazy="raise")
    user: Mapped[User | None] = relationship(foreign_keys=[user_id], lazy="raise")
