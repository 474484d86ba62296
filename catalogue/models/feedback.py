"""Rückmeldungen: what a company thinks of a module or of the offer as a whole."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.module import Module
from catalogue.models.user import User
from catalogue.texts import N_, Labelled

__all__ = ["Feedback", "FeedbackAction", "FeedbackKind", "FeedbackState", "FeedbackStep", "FeedbackVisibility"]


class FeedbackKind(Labelled):
    """What kind of remark it is, after the SWOT work of the Klausur."""

    STRENGTH = "strength", N_("Stärke")
    WEAKNESS = "weakness", N_("Schwäche")
    OPPORTUNITY = "opportunity", N_("Chance")
    THREAT = "threat", N_("Risiko")
    QUESTION = "question", N_("Frage")


class FeedbackVisibility(Labelled):
    """Who may read it; chosen before writing, never widened later by anybody but its giver."""

    NETWORK = "network", N_("nur das Netzwerkbüro")
    PROVIDER = "provider", N_("auch der Anbieter, ohne Ihren Namen")
    MEMBERS = "members", N_("alle Mitglieder")


class FeedbackState(Labelled):
    """Where the network office stands with it. A question that is done is called answered."""

    NEW = "new", N_("neu")
    SEEN = "seen", N_("gesichtet")
    PLANNED = "planned", N_("geplant")
    DONE = "done", N_("umgesetzt")
    DECLINED = "declined", N_("abgelehnt")


class FeedbackAction(Labelled):
    """What the network office did with a remark; the first four are also the states it leads to."""

    SEEN = "seen", N_("gesichtet")
    PLANNED = "planned", N_("geplant")
    DONE = "done", N_("umgesetzt")
    DECLINED = "declined", N_("abgelehnt")
    HIDDEN = "hidden", N_("für Mitglieder ausgeblendet")
    SHOWN = "shown", N_("für Mitglieder wieder gezeigt")
    MOVED = "moved", N_("anders eingeordnet")


class Feedback(Identified, Stamped, Versioned, Base):
    """One remark of a company; without a module it is about the offer as a whole.

    While it is hidden its visibility is the narrowest, so that nothing that asks for it can forget; that it was for all
    members is what ``hidden_at`` says.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        sa.CheckConstraint("length(text) > 0", name="written"),
        sa.CheckConstraint("hidden_at IS NULL OR visibility = 'network'", name="hidden"),
    )

    module_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("module.id", ondelete="CASCADE"), index=True)
    company_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    kind: Mapped[FeedbackKind] = mapped_column(one_of(FeedbackKind))
    visibility: Mapped[FeedbackVisibility] = mapped_column(
        one_of(FeedbackVisibility), default=FeedbackVisibility.NETWORK
    )
    text: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[FeedbackState] = mapped_column(one_of(FeedbackState), default=FeedbackState.NEW, index=True)
    answer: Mapped[str] = mapped_column(sa.Text, default="")  # the newest one; all stand in the steps
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")

    module: Mapped[Module | None] = relationship(lazy="raise")
    company: Mapped[Company] = relationship(lazy="raise")
    user: Mapped[User | None] = relationship(foreign_keys=[user_id], lazy="raise")
    steps: Mapped[list["FeedbackStep"]] = relationship(
        order_by="FeedbackStep.at", lazy="raise", passive_deletes=True, cascade="all, delete-orphan"
    )

    @property
    def state_label(self) -> str:
        """The German name of the state; what was asked is not carried out but answered."""
        return ANSWERED if (self.kind, self.state) == (FeedbackKind.QUESTION, FeedbackState.DONE) else self.state.label


ANSWERED = N_("beantwortet")


class FeedbackStep(Identified, Base):
    """One thing the network office did with a remark, with what it said about it to the giver."""

    __tablename__ = "feedback_step"

    feedback_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    action: Mapped[FeedbackAction] = mapped_column(one_of(FeedbackAction))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
