"""Wünsche: topics that are missing in the catalogue."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from catalogue.db import Base, utcnow
from catalogue.models.columns import Identified, Stamped, Versioned, one_of
from catalogue.models.company import Company
from catalogue.models.demand import Confidentiality
from catalogue.models.module import Module
from catalogue.models.vocabulary import Term
from catalogue.texts import N_, Labelled

__all__ = ["Wish", "WishState", "WishSupport"]


class WishState(Labelled):
    """What became of a wish."""

    OPEN = "open", N_("gemeldet")
    REVIEW = "review", N_("in Prüfung")
    QUESTION = "question", N_("Rückfrage")
    PLANNED = "planned", N_("geplant")
    FULFILLED = "fulfilled", N_("erfüllt")
    DECLINED = "declined", N_("abgelehnt")


class Wish(Identified, Stamped, Versioned, Base):
    """A missing topic; ends in a module, a run or an answer."""

    __tablename__ = "wish"
    __table_args__ = (
        sa.CheckConstraint("length(title) > 0", name="titled"),
        sa.CheckConstraint("people IS NULL OR people BETWEEN 1 AND 100000", name="people_range"),
    )

    company_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("company.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    topic_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("term.id"), index=True)
    people: Mapped[int | None]
    period: Mapped[str] = mapped_column(sa.String(10), default="")
    confidentiality: Mapped[Confidentiality] = mapped_column(one_of(Confidentiality), default=Confidentiality.ANONYMOUS)
    state: Mapped[WishState] = mapped_column(one_of(WishState), default=WishState.OPEN, index=True)
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    module_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("module.id", ondelete="SET NULL"), index=True)
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("wish.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime | None]  # when it was planned, fulfilled or declined
    fulfilled_at: Mapped[datetime | None]

    company: Mapped[Company | None] = relationship(lazy="raise")
    topic: Mapped[Term | None] = relationship(lazy="raise")
    module: Mapped[Module | None] = relationship(lazy="raise")
    supports: Mapped[list["WishSupport"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", back_populates="wish"
    )


class WishSupport(Base):
    """Another company wants the same."""

    __tablename__ = "wish_support"

    wish_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)

    wish: Mapped[Wish] = relationship(back_populates="supports", lazy="raise")
    company: Mapped[Company] = relationship(lazy="joined", innerjoin=True)  # who left the network does not count
